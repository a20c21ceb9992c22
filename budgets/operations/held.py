"""Deciding with ten seconds to take it back: held, then carried out, undone or failed.

The books never un-do anything. A decision is tried when it is pressed, so that what cannot
be is refused at once, and the trial is rolled back; it is carried out when its time has come.
"""

from datetime import datetime, timedelta

from django.db import transaction

from budgets.lifecycle import BudgetAction, InitiativeAction
from budgets.models import Budget, HeldDecision, Initiative
from budgets.operations.budgets import take_budget_step
from budgets.operations.initiatives import take_step
from budgets.operations.ledger import lock_year
from budgets.queries.held import kind_decided
from budgets.rights import BUDGET, REVISION
from budgets.terms import UNCHANGED, Change, change_as_written, change_written
from org.audit import record
from org.models import Approval, NoticeKind, User
from org.operations.notices import tell
from org.refusals import NotAllowed, Refusal

WINDOW = timedelta(seconds=10)
State = HeldDecision.State


@transaction.atomic
def hold_decision(
    *,
    subject: Budget | Initiative,
    action: str,
    by: User,
    reason: str,
    version: int,
    at: datetime,
    change: Change = UNCHANGED,
) -> HeldDecision:
    """Decide from `WINDOW` on; raises at once whatever the decision itself would raise."""
    _lock(subject)
    held = HeldDecision(
        action=action,
        version=version,
        reason=reason,
        change=change_as_written(change),
        by=by,
        decided_at=at,
        effective_at=at + WINDOW,
    )
    with transaction.atomic():
        _decide(subject, held, at=at)
        transaction.set_rollback(True)
    approval = Approval.objects.waiting().get(
        kind=kind_decided(subject, action), subject_id=subject.pk
    )
    held.approval = approval
    held.save()
    _record(held, "held", at=at)
    return held


@transaction.atomic
def undo_decision(*, held_id: int, by: User, at: datetime) -> HeldDecision:
    """Take a decision back before it takes effect; nothing was done yet."""
    held = _locked(held_id)
    if held.by.person_id != by.person_id:
        raise NotAllowed(f"{held.by} decided this: nobody else takes it back.")
    if held.state != State.HELD or at >= held.effective_at:
        raise Refusal(f"It is too late: the decision of {held.by} holds, or has ended.")
    _end(held, State.UNDONE, at=at)
    return held


def carry_out_due(*, at: datetime) -> int:
    """Carry out the decisions whose time has come; return how many ended."""
    due = HeldDecision.objects.due(at=at).order_by("pk")
    return sum(carry_out(held_id, at=at) for held_id in due.values_list("pk", flat=True))


@transaction.atomic
def carry_out(held_id: int, *, at: datetime) -> bool:
    """Let a decision take effect, unless it ended since we looked or is not due yet."""
    held = _locked(held_id)
    if held.state != State.HELD or at < held.effective_at:
        return False
    try:
        with transaction.atomic():
            _end(held, State.DONE, at=at)
            _decide(_subject(held.approval), held, at=at)
    except Refusal as refusal:
        held.state = State.HELD  # as the rollback left it
        _end(held, State.FAILED, at=at, outcome=refusal.detail)
        _tell_failure(held, at=at)
    return True


def _decide(subject: Budget | Initiative, held: HeldDecision, *, at: datetime) -> None:
    if isinstance(subject, Budget):
        take_budget_step(
            budget_id=subject.pk,
            action=BudgetAction(held.action),
            by=held.by,
            reason=held.reason,
            version=held.version,
            at=at,
        )
        return
    take_step(
        initiative_id=subject.pk,
        action=InitiativeAction(held.action),
        by=held.by,
        reason=held.reason,
        version=held.version,
        at=at,
        change=change_written(held.change),
    )


def _locked(held_id: int) -> HeldDecision:
    """Return the decision under the lock of what it decides, which every step takes first."""
    rows = HeldDecision.objects.select_related("approval__unit", "by__person")
    _lock(_subject(rows.get(pk=held_id).approval))
    return rows.select_for_update(of=("self",)).get(pk=held_id)


def _subject(approval: Approval) -> Budget | Initiative:
    model = Budget if approval.kind in (BUDGET, REVISION) else Initiative
    found: Budget | Initiative = model.objects.get(pk=approval.subject_id)
    return found


def _lock(subject: Budget | Initiative) -> None:
    if isinstance(subject, Budget):
        lock_year(subject.fiscal_year)  # first, as every step of a budget does
    type(subject).objects.select_for_update(of=("self",)).get(pk=subject.pk)


def _end(held: HeldDecision, state: HeldDecision.State, *, at: datetime, outcome: str = "") -> None:
    held.state, held.ended_at, held.outcome = state, at, outcome
    held.save(update_fields=["state", "ended_at", "outcome"])
    if state != State.DONE:  # what is carried out is told by the step itself
        _record(held, state.value, at=at)


def _record(held: HeldDecision, what: str, *, at: datetime) -> None:
    approval = held.approval
    record(
        actor=held.by,
        action=f"decision.{what}",
        subject=f"{approval.kind}:{approval.subject_id}",
        at=at,
        detail={
            "approval": approval.pk,
            "action": held.action,
            "effective_at": held.effective_at,
            "reason": held.reason,
            "outcome": held.outcome,
        },
    )


def _tell_failure(held: HeldDecision, *, at: datetime) -> None:
    approval = held.approval
    tell(
        kind=NoticeKind.DECISION,
        subject=f"{approval.kind}:{approval.subject_id}",
        title=f"Your decision on {approval.title} could not take effect",
        text=held.outcome,
        url=approval.url,
        unit=approval.unit,
        to=[held.by],
        by=None,
        at=at,
    )
