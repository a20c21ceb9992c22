"""The page of a budget's flex rules: proposing, signing, scaling."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from budgets.flex_forms import FlexForm
from budgets.forms import place_refusal
from budgets.lifecycle import BudgetState
from budgets.models import Budget, FlexRule, FlexStep
from budgets.operations.flex import decide_flex, propose_flex, withdraw_flex
from budgets.operations.flex_steps import decide_step, scale_by_hand
from budgets.queries.flex import flex_standing, rules_of
from budgets.queries.flex_offers import flex_page
from budgets.rights import why_not_request
from budgets.views.budgets import CRUMBS, UNPROCESSABLE
from org.http import PageRequest
from org.queries.calendar import company, periods_of_year, reporting_today
from org.refusals import Invalid, Refusal

DECIDES = {"approve": True, "reject": False}


@require_http_methods(["GET", "HEAD", "POST"])
def flex(request: PageRequest, budget_id: int) -> HttpResponse:
    """Show the flex rules of a budget; a POST proposes, decides or scales."""
    budgets = Budget.objects.visible_to(request.user).select_related("unit")
    found, at = get_object_or_404(budgets, pk=budget_id), timezone.now()
    does = request.POST.get("do", "")
    form = _form(request, found, does, at=at)
    if request.method != "POST" or (form and form.is_bound and not form.is_valid()):
        return _show(request, found, form, at=at)
    try:
        told = _take(request, found, form, does, at=at)
    except Invalid as refusal:
        if form is None or not form.is_bound:
            return _show(request, found, form, at=at, refusal=refusal)
        place_refusal(form, refusal)
        return _show(request, found, form, at=at)
    messages.success(request, told)
    return redirect("budget-flex", budget_id=found.pk)


def _form(request: PageRequest, found: Budget, does: str, *, at: datetime) -> FlexForm | None:
    """Return the form for whoever may propose a rule now."""
    may = why_not_request(request.user, subject=found) is None
    waits = FlexRule.objects.filter(budget=found, state=FlexRule.State.REQUESTED).exists()
    if does != "ask" and (waits or not may or found.state != BudgetState.ACTIVE):
        return None
    on = reporting_today(at)
    periods = [each for each in periods_of_year(found.fiscal_year) if each.end > on]
    given = request.POST if does == "ask" else None
    return FlexForm(given, budget=found, user=request.user, periods=periods)


def _take(
    request: PageRequest, found: Budget, form: FlexForm | None, does: str, *, at: datetime
) -> str:
    by = request.user
    if form and form.is_bound:
        propose_flex(budget_id=found.pk, terms=form.terms(), by=by, at=at)
        return "The flex rule waits for a signature."
    if does == "scale":
        steps = scale_by_hand(budget_id=found.pk, by=by, at=at)
        return f"The budget was scaled for {', '.join(step.period for step in steps)}."
    if does == "withdraw":
        withdraw_flex(rule_id=_named(request, found, "rule"), by=by, at=at)
        return "The flex rule is not proposed any more."
    if does not in DECIDES:
        raise Invalid.of("do", "Choose to approve or to reject.")
    return _decide(request, found, approve=DECIDES[does], at=at)


def _decide(request: PageRequest, found: Budget, *, approve: bool, at: datetime) -> str:
    by, reason = request.user, request.POST.get("reason", "")
    if "step" in request.POST:
        step_id = _named(request, found, "step")
        decide_step(step_id=step_id, approve=approve, by=by, reason=reason, at=at)
        return "Your decision on the extra volume is recorded."
    rule_id = _named(request, found, "rule")
    decide_flex(rule_id=rule_id, approve=approve, by=by, reason=reason, at=at)
    return "Your decision on the flex rule is recorded."


def _named(request: PageRequest, found: Budget, name: str) -> int:
    """Return the id of the budget's rule or step that the form names."""
    text = request.POST.get(name, "")
    known = FlexRule.objects if name == "rule" else FlexStep.objects
    if text.isascii() and text.isdigit() and len(text) < 19:  # noqa: PLR2004 -- what a bigint holds
        row = known.filter(budget=found, pk=int(text)).first()
        if row is not None:
            return row.pk
    raise Invalid.of(name, f"The form does not say which {name} of this budget it is about.")


def _show(
    request: PageRequest,
    found: Budget,
    form: FlexForm | None,
    *,
    at: datetime,
    refusal: Refusal | None = None,
) -> HttpResponse:
    standing = flex_standing(found, on=reporting_today(at))
    context = {
        "budget": found,
        "flex": standing,
        **flex_page(standing, user=request.user, at=at),
        "rules": rules_of(found),
        "form": form,
        "refusal": refusal,
        "zone": company().time_zone,
        "crumbs": [*CRUMBS, (str(found), f"/budgets/{found.pk}/")],
    }
    status = UNPROCESSABLE if refusal or (form and form.errors) else 200
    return render(request, "budgets/flex.html", context, status=status)
