"""Pages of thresholds: of one budget, of one experiment, of all; and the answer to a level."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from budgets.forms import place_refusal
from budgets.lifecycle import SPENDING, BudgetState
from budgets.models import Budget, Initiative, ThresholdCrossing
from budgets.operations.threshold_tables import set_thresholds
from budgets.operations.thresholds import answer_crossing
from budgets.queries.thresholds import (
    Of,
    Thresholds,
    common_thresholds,
    crossings_of,
    lines_of,
    tables_of,
    thresholds_in_force,
    units_with_calls,
)
from budgets.rights import why_not_answer, why_not_set_thresholds
from budgets.threshold_forms import ReasonForm, level_forms, levels_typed
from budgets.threshold_wording import at_everything, source_in_words, sum_of, url_of
from budgets.views.deciding import version_of
from org.http import PageRequest
from org.permissions import can_see_profile
from org.queries.calendar import company
from org.refusals import Invalid, NotAllowed

UNPROCESSABLE = 422
SETTINGS_CRUMBS = [("Settings", "/settings/"), ("Thresholds", "/settings/thresholds/")]
RUNNING = (BudgetState.ACTIVE.value, *(state.value for state in SPENDING))


@require_http_methods(["GET", "HEAD", "POST"])
def of_budget(request: PageRequest, budget_id: int) -> HttpResponse:
    """Set the thresholds of one budget."""
    found = Budget.objects.visible_to(request.user).select_related("unit")
    return _edit(request, get_object_or_404(found, pk=budget_id), of=Of.BUDGET)


@require_http_methods(["GET", "HEAD", "POST"])
def of_initiative(request: PageRequest, slug: str) -> HttpResponse:
    """Set the thresholds of one experiment."""
    found = Initiative.objects.visible_to(request.user).select_related("unit")
    return _edit(request, get_object_or_404(found, slug=slug), of=Of.EXPERIMENT)


@require_safe
def common(request: PageRequest) -> HttpResponse:
    """Show the thresholds of all budgets and experiments that have none of their own."""
    if not can_see_profile(request.user):
        raise Http404
    tables = [(of, common_thresholds(of)) for of in Of]
    context = {
        "tables": [
            (of, lines_of(found), source_in_words(found, is_common=True)) for of, found in tables
        ],
        "may_set": why_not_set_thresholds(request.user, subject=None) is None,
        "crumbs": SETTINGS_CRUMBS[:1],
    }
    return render(request, "budgets/thresholds_common.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def common_of(request: PageRequest, of: str) -> HttpResponse:
    """Set the thresholds of all budgets, or experiments, that have none of their own."""
    if of not in Of.values or not can_see_profile(request.user):
        raise Http404(of)
    return _edit(request, None, of=of)


@require_POST
def answer(request: PageRequest, crossing_id: int) -> HttpResponse:
    """Let it go on though a level was reached."""
    rows = ThresholdCrossing.objects.select_related("budget__unit", "initiative__unit")
    crossing = get_object_or_404(rows, pk=crossing_id)
    subject = _seen(request, crossing)
    reason = request.POST.get("reason", "")
    try:
        answer_crossing(crossing_id=crossing_id, by=request.user, reason=reason, at=timezone.now())
    except Invalid as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "It may go on; your answer is kept with the level.")
    return redirect(f"{url_of(subject)}#thresholds")


def thresholds_context(
    request: PageRequest, subject: Budget | Initiative, *, at: datetime
) -> dict[str, Any]:
    """Return what the page of a budget or an experiment shows of its thresholds."""
    found, crossings = thresholds_in_force(subject), crossings_of(subject)
    is_reachable = bool(units_with_calls([subject.unit]))
    is_running = subject.state in RUNNING
    return {
        "threshold_lines": lines_of(found, crossings),
        "threshold_source": source_in_words(found),
        "at_everything": at_everything(found, subject, is_reachable=is_reachable),
        "held_by": [each for each in crossings if each.holds] if is_running else [],
        "why_not_answer": why_not_answer(request.user, subject=subject, at=at),
        "may_set_thresholds": why_not_set_thresholds(request.user, subject=subject) is None,
        "sum_name": sum_of(subject),
    }


def _seen(request: PageRequest, crossing: ThresholdCrossing) -> Budget | Initiative:
    """Return what the level is of, where the user may see it."""
    if crossing.budget_id is not None:
        return get_object_or_404(Budget.objects.visible_to(request.user), pk=crossing.budget_id)
    rows = Initiative.objects.visible_to(request.user)
    return get_object_or_404(rows, pk=crossing.initiative_id)


def _edit(request: PageRequest, subject: Budget | Initiative | None, *, of: str) -> HttpResponse:
    if (why_not := why_not_set_thresholds(request.user, subject=subject)) is not None:
        raise NotAllowed(why_not)
    in_force = thresholds_in_force(subject) if subject else common_thresholds(of)
    data = request.POST or None
    levels, form = level_forms(data, levels=in_force.levels, of=of), ReasonForm(data)
    if request.method == "POST" and levels.is_valid() and form.is_valid():
        try:
            set_thresholds(
                of=of,
                subject=subject,
                levels=levels_typed(levels),
                reason=form.cleaned_data["reason"],
                version=version_of(request),
                by=request.user,
                at=timezone.now(),
            )
        except Invalid as refusal:
            place_refusal(form, refusal)
        else:
            messages.success(request, "The thresholds hold from now on.")
            return redirect(url_of(subject) if subject else "thresholds")
    context = _editing(request, subject, in_force, of=of) | {"levels": levels, "form": form}
    is_wrong = form.errors or any(levels.errors)
    status = UNPROCESSABLE if is_wrong else 200
    return render(request, "budgets/thresholds.html", context, status=status)


def _editing(
    request: PageRequest, subject: Budget | Initiative | None, in_force: Thresholds, *, of: str
) -> dict[str, Any]:
    last = tables_of(subject, of=of).last()
    return {
        "title": f"Thresholds of {subject}" if subject else f"Thresholds: {Of(of).label.lower()}",
        "source": source_in_words(in_force, is_common=subject is None),
        "history": tables_of(subject, of=of).reverse(),
        "version": request.POST.get("version", last.number if last else 0),
        "back": url_of(subject) if subject else "/settings/thresholds/",
        "crumbs": [(str(subject), url_of(subject))] if subject else SETTINGS_CRUMBS,
        "zone": company().time_zone,
        "is_budget": of == Of.BUDGET,
    }
