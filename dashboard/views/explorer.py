"""The spend explorer: one form, one address, one answer."""

from dataclasses import replace

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.explorer import (
    address_of,
    asked,
    focus_address_of,
    lines_of,
    stack_of,
    without,
)
from dashboard.labels import attribute_choices
from ingestion.queries.explorer import Explored, answer
from ingestion.queries.questions import GRANULARITIES, MEASURES, MONEY_MEASURES, Question
from ingestion.wording import attribute_in_words
from org.http import PageRequest
from org.queries.calendar import reporting_today
from org.refusals import Refusal

MEASURE_NAMES = {
    "effective": "Effective cost",
    "billed": "Billed cost",
    "list": "List cost",
    "tokens": "Tokens",
    "calls": "Calls",
}
GRANULARITY_NAMES = {
    "day": "Day",
    "week": "Week",
    "month": "Month",
    "period": "Fiscal period",
    "total": "All at once",
}


@require_safe
def spend(request: PageRequest) -> HttpResponse:
    """Answer the question of the address; htmx gets the result alone."""
    try:
        question = asked(request.GET, today=reporting_today(timezone.now()))
        found = answer(question, user=request.user)
    except Refusal as refusal:
        return _show(request, _form_context(None) | {"refusal": refusal}, status=refusal.status)
    url = f"{reverse('spend')}?{address_of(question).urlencode()}"
    if request.GET.get("filter_by") and not request.htmx:
        return redirect(url)
    response = _show(request, _form_context(question) | _result_context(found))
    response["HX-Push-Url"] = url
    return response


def _show(request: PageRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    template = "dashboard/_spend_result.html" if request.htmx else "dashboard/spend.html"
    return render(request, template, context, status=status)


def _form_context(question: Question | None) -> dict[str, object]:
    groups = [*(question.group_by if question else ()), "", ""]
    return {
        "question": question,
        "groups": groups[:2],
        "measures": [(name, MEASURE_NAMES[name]) for name in MEASURES],
        "granularities": [(name, GRANULARITY_NAMES[name]) for name in GRANULARITIES],
        "attributes": attribute_choices(settings.TOKENOPS_TAGS),
    }


def _result_context(found: Explored) -> dict[str, object]:
    question = found.question
    lines, rest = lines_of(found)
    address = address_of(question).urlencode()
    return {
        "found": found,
        "stack": stack_of(found),
        "lines": lines,
        "rest": rest,
        "filters": [
            (attribute, attribute_in_words(attribute), value, without(question, attribute, value))
            for attribute, values in question.filters.items()
            for value in values
        ],
        "address": address,
        "focus": focus_address_of(question).urlencode(),
        "unfiltered": address_of(replace(question, filters={})).urlencode(),
        "is_money": question.measure in MONEY_MEASURES,
        "measure_name": MEASURE_NAMES[question.measure],
        "group_name": " and ".join(map(attribute_in_words, question.group_by)) or "everything",
        "statuses": [(s.status.label, s.value, s.calls) for s in found.statuses],
    }
