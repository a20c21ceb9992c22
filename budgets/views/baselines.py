"""The page of an experiment's stability baseline: its strip, its days, and notes on them."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from budgets.baseline_forms import HolidayForm, OutageForm, whom_it_may_be_about
from budgets.baseline_sentences import EFFECTS, baseline_sentence, line_of
from budgets.baseline_statistics import statistic_rows
from budgets.forms import place_refusal
from budgets.models import BaselineNote, Initiative
from budgets.operations.baseline_notes import (
    lift_freeze,
    note_holiday,
    note_outage,
    withdraw_note,
)
from budgets.queries.baseline_notes import notes_about
from budgets.queries.baseline_page import BaselinePage, baseline_page, day_of_baseline
from budgets.rights_baseline import why_not_lift, why_not_note
from budgets.views.budgets import UNPROCESSABLE
from finops.stability.notes import LEAST_REASON
from finops.stability.strip import Shape
from ingestion.exports import csv_file
from ingestion.serializers import exact
from org.http import PageRequest
from org.queries.calendar import company, reporting_today
from org.refusals import Invalid, NotAllowed, Refusal

COLUMNS = (
    "day",
    "spent_usd",
    "repriced_usd",
    "daily_cap_usd",
    "coverage",
    "calls",
    "effect",
    "rule",
    "final",
    "says",
)
SHAPES = (
    (Shape.FULL, "Counts"),
    (Shape.DOTTED, "Counts, with a note"),
    (Shape.HALF, "Counts so far, not final"),
    (Shape.CROSSED, "The run begins anew"),
    (Shape.DASHED, "Paused"),
    (Shape.HOLLOW, "To come"),
)
Forms = Mapping[str, forms.Form]


@require_http_methods(["GET", "HEAD", "POST"])
def baseline(request: PageRequest, slug: str) -> HttpResponseBase:
    """Show the thirty days of gate 4, one of them opened; a POST notes something on them."""
    found = _initiative(request, slug)
    if request.method == "POST":
        return _take(request, found)
    page = baseline_page(found, on=reporting_today(timezone.now()))
    if request.GET.get("format") == "csv":
        return csv_file(f"{slug}-baseline.csv", COLUMNS, _cells(page))
    opened = _opened(request, page)
    if request.htmx:
        return render(request, "budgets/_baseline_days.html", _day(page, opened))
    return _show(request, page, _forms(request, found, None), opened=opened)


def _take(request: PageRequest, found: Initiative) -> HttpResponse:
    filled = _forms(request, found, request.POST)
    try:
        told = _note(request, found, filled)
    except Invalid as refusal:
        return _refused(request, found, filled, refusal)
    if told is None:
        return _refused(request, found, filled, None)
    messages.success(request, told)
    return redirect("initiative-baseline", slug=found.slug)


def _note(request: PageRequest, found: Initiative, filled: Forms) -> str | None:
    """Do what the form asks; None where it is not filled in as it should be."""
    by, at, does = request.user, timezone.now(), request.POST.get("do", "")
    reason = request.POST.get("reason", "")
    if does == "lift":
        lift_freeze(initiative=found, reason=reason, by=by, at=at)
        return "The freeze is lifted: days count again from today on."
    if does == "withdraw":
        note = _noted(request, found)
        withdraw_note(note=note, reason=reason, by=by, at=at)
        return f"“{note}” does not hold any more."
    form = filled.get(does)
    if form is None:
        refused = why_not_note(by, initiative=found, unit=None)
        raise NotAllowed(refused) if refused else Invalid.of("do", "Choose what is to be noted.")
    if not form.is_valid():
        return None
    try:
        return _keep(form, by=by, at=at)
    except Invalid as refusal:
        place_refusal(form, refusal)
        return None


def _keep(form: forms.Form, **who: Any) -> str:
    given = form.cleaned_data
    if isinstance(form, HolidayForm):
        note = note_holiday(
            about=form.about_whom(),
            starts_on=given["starts_on"],
            last_on=given["last_on"] or given["starts_on"],
            reason=given["reason"],
            **who,
        )
        return f"“{note}” is noted."
    if not isinstance(form, OutageForm):
        raise TypeError("There are two forms.")
    note = note_outage(
        about=form.about_whom(),
        on=given["starts_on"],
        provider=given["provider"],
        hours=given["hours"],
        reason=given["reason"],
        link=given["link"],
        **who,
    )
    return f"“{note}” is noted."


def _forms(request: PageRequest, found: Initiative, data: Any) -> Forms:
    """Return the forms that the reader may fill in, the one that was sent filled in."""
    offered = whom_it_may_be_about(found, user=request.user)
    if not offered:
        return {}
    does = data.get("do") if data else None
    kinds: dict[str, type[HolidayForm | OutageForm]] = {
        "holiday": HolidayForm,
        "outage": OutageForm,
    }
    return {
        name: kind(data if does == name else None, offered=offered, prefix=name)
        for name, kind in kinds.items()
    }


def _refused(
    request: PageRequest, found: Initiative, filled: Forms, refusal: Refusal | None
) -> HttpResponse:
    page = baseline_page(found, on=reporting_today(timezone.now()))
    return _show(request, page, filled, opened=_opened(request, page), refusal=refusal)


def _show(
    request: PageRequest,
    page: BaselinePage,
    filled: Forms,
    *,
    opened: date | None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    found, standing = page.standing.initiative, page.standing
    is_wrong = refusal is not None or any(form.errors for form in filled.values())
    context = {
        **_day(page, opened),
        "sentence": baseline_sentence(standing),
        "statistics": statistic_rows(standing),
        "forms": filled,
        "why_not_note": "" if filled else why_not_note(request.user, initiative=found, unit=None),
        "why_not_lift": why_not_lift(request.user, initiative=found),
        "least_reason": LEAST_REASON,
        "refusal": refusal,
        "crumbs": [("Initiatives", "/initiatives/"), (found.name, f"/initiatives/{found.slug}/")],
    }
    status = UNPROCESSABLE if is_wrong else 200
    return render(request, "budgets/baseline.html", context, status=status)


def _day(page: BaselinePage, opened: date | None) -> dict[str, Any]:
    """Return the day that is opened, with the line of the event table that caused it."""
    day = day_of_baseline(page, opened) if opened else None
    return {
        "initiative": page.standing.initiative,
        "baseline": page,
        "day": day,
        "shapes": SHAPES,
        "line": line_of(day.judged.rule) if day and day.judged else "",
        "zone": company().time_zone,
    }


def _opened(request: PageRequest, page: BaselinePage) -> date | None:
    """Return the day that the address asks for, or the last one that is over."""
    asked = request.GET.get("day")
    if asked is None:
        last = page.standing.streak.judged[-1:]
        return last[0].day.on if last else None
    try:
        day = date.fromisoformat(asked)
    except ValueError as error:
        raise Http404(asked) from error
    if page.cell_of(day) is None:
        raise Http404(asked)
    return day


def _cells(page: BaselinePage) -> Iterator[list[object]]:
    for cell in page.all_cells:
        judged = cell.judged
        if judged is None:
            continue
        day = judged.day
        spent = None if day.spent_usd is None else exact(day.spent_usd)
        coverage = None if day.coverage is None else f"{day.coverage:.4f}"
        moved = page.standing.repriced.get(day.on)
        anew = exact(moved.to_usd) if moved and moved.to_usd is not None else None
        measured = (spent, anew, exact(day.cap_usd), coverage, day.calls)
        is_final = "yes" if page.standing.is_final(judged) else "no"
        yield [
            day.on, *measured, EFFECTS[judged.effect], judged.rule.value, is_final, judged.says
        ]  # fmt: skip


def _noted(request: PageRequest, found: Initiative) -> BaselineNote:
    text = request.POST.get("note", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):  # noqa: PLR2004 -- what a bigint holds
        raise Http404(text)
    rows = notes_about([found]).select_related("initiative__unit", "unit")
    return get_object_or_404(rows, pk=int(text))


def _initiative(request: PageRequest, slug: str) -> Initiative:
    rows = Initiative.objects.visible_to(request.user).select_related(
        "unit", "owner__person", "requested_by__person", "cost_object__scope"
    )
    return get_object_or_404(rows, slug=slug)
