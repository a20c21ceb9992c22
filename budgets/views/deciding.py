"""What pages that take steps share: the version read, and decisions that are held a while."""

from datetime import datetime
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from budgets.lifecycle import BudgetAction, InitiativeAction
from budgets.models import Budget, HeldDecision, Initiative
from budgets.operations.budgets import take_budget_step
from budgets.operations.held import hold_decision
from budgets.operations.initiatives import take_step
from budgets.queries.held import HELD_ACTIONS, seconds_left
from budgets.terms import UNCHANGED, Change
from org.http import PageRequest
from org.queries.calendar import reporting_today
from org.queries.signing import limits_on
from org.refusals import Invalid
from org.signing_wording import chain_ahead, limits_in_words

_IN_WORDS = {
    "approve": "approve this",
    "reject": "reject this",
    "grant_extension": "grant more time",
    "reject_extension": "refuse more time",
    "grant_revision": "approve this revision",
    "reject_revision": "reject this revision",
    "sign": "sign this gate",
    "defer": "defer this gate",
    "fail": "fail this gate",
}


def version_of(request: PageRequest) -> int:
    """Return the version the form was made from; a form without one is not ours."""
    text = request.POST.get("version", "")
    if not (text.isascii() and text.isdigit()):
        raise Invalid.of("version", "The form does not say which version it was made from.")
    return int(text)


def decide_from_page(
    request: PageRequest,
    subject: Budget | Initiative,
    action: str,
    *,
    reason: str,
    version: int,
    change: Change = UNCHANGED,
) -> HeldDecision | None:
    """Take a step; one that decides is held, so that it can be taken back."""
    by, at = request.user, timezone.now()
    if isinstance(subject, Budget) and action not in BudgetAction.values:
        raise Invalid.of("action", "A budget is approved or rejected.")
    if isinstance(subject, Initiative) and action not in InitiativeAction.values:
        raise Invalid.of("action", "An experiment is approved, rejected or asked about.")
    if action in HELD_ACTIONS:
        return hold_decision(
            subject=subject,
            action=action,
            by=by,
            reason=reason,
            version=version,
            at=at,
            change=change,
        )
    if isinstance(subject, Budget):
        take_budget_step(
            budget_id=subject.pk,
            action=BudgetAction(action),
            by=by,
            reason=reason,
            version=version,
            at=at,
        )
    else:
        take_step(
            initiative_id=subject.pk,
            action=InitiativeAction(action),
            by=by,
            reason=reason,
            version=version,
            at=at,
            change=change,
        )
    return None


def held_url(held: HeldDecision) -> str:
    """Return the address that shows a decision until it takes effect."""
    if held.gate is None:
        return reverse("approval", args=[held.approval_id])
    gates = reverse("initiative-gates", args=[held.gate.initiative.slug])
    return f"{gates}?held={held.gate.number}"


def show_held(request: PageRequest, held: HeldDecision | None, *, at: datetime) -> HttpResponse:
    """Answer htmx, which counts down; once there is nothing to count the page is read anew."""
    if held is None or held.state != HeldDecision.State.HELD:
        answer = HttpResponse()
        answer["HX-Refresh"] = "true"
        return answer
    return render(request, "budgets/_held.html", held_context(request, held, at=at))


def chain_for(amount_usd: Decimal | None, *, at: datetime) -> str:
    """Say who will sign what is to be asked for: the amount, where one is typed already."""
    limits = limits_on(reporting_today(at))
    return limits_in_words(limits) if amount_usd is None else chain_ahead(limits, amount_usd)


def held_context(
    request: PageRequest, last: HeldDecision | None, *, at: datetime
) -> dict[str, object]:
    """Return what a page shows of the decision that was pressed last."""
    if last is None:
        return {}
    if last.state == HeldDecision.State.FAILED:
        return {"failed": last}
    if last.state != HeldDecision.State.HELD:
        return {}
    return {
        "held": last,
        "held_url": held_url(last),
        "held_word": _IN_WORDS[last.action],
        "seconds_left": seconds_left(last, at=at),
        "may_undo": last.by.person_id == request.user.person_id,
    }
