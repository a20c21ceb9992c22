"""Deciding with ten seconds to take it back: held, then carried out, undone or failed.

The books never un-do anything. A decision is tried when it is pressed, so that what cannot
be is refused at once, and the trial is rolled back; it is carried out when its time has come.
"""

from datetime import datetime, timedelta

from django.db import transaction

from budgets.models import Budget, Gate, HeldDecision, Initiative
from budgets.operations.gates import Given
from budgets.operations.held_matters import (
    Subject,
    called,
    decide,
    given_as_written,
    lock,
    subject_of,
)
from budgets.queries.held import kind_decided
from budgets.terms import UNCHANGED, Change, change_as_written
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
    held = _pressed(action, by=by, reason=reason, version=version, at=at)
    held.change = change_as_written(change)
    _try(subject, held, at=at)
    held.approval = Approval.objects.waiting().get(
        kind=kind_decided(subject, action), subject_id=subject.pk
    )
    return _hold(held, at=at)


@transaction.atomic
def hold_gate_decision(
    *, gate: Gate, action: str, by: User, version: int, given: Given, at: datetime
) -> HeldDecision:
    """Sign, defer or fail a gate from `WINDOW` on; raises at once what the step would raise."""
    held = _pressed(action, by=by, reason=given.reason, version=version, at=at)
    held.change = given_as_written(given)
    _try(gate, held, at=at)
    held.gate = gate
    return _hold(held, at=at)


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
            decide(subject_of(held), held, at=at)
    except Refusal as refusal:
        held.state = State.HELD  # as the rollback left it
        _end(held, State.FAILED, at=at, outcome=refusal.detail)
        _tell_failure(held, at=at)
    return True


def _pressed(action: str, *, by: User, reason: str, version: int, at: datetime) -> HeldDecision:
    return HeldDecision(
        action=action,
        version=version,
        reason=reason,
        by=by,
        decided_at=at,
        effective_at=at + WINDOW,
    )


def _try(subject: Subject, held: HeldDecision, *, at: datetime) -> None:
    """Decide, and roll it back: what stands in the way is raised, nothing is done."""
    lock(subject)
    with transaction.atomic():
        decide(subject, held, at=at)
        transaction.set_rollback(True)


def _hold(held: HeldDecision, *, at: datetime) -> HeldDecision:
    held.save()
    _record(held, "held", at=at)
    return held


def _locked(held_id: int) -> HeldDecision:
    """Return the decision under the lock of what it decides, which every step takes first."""
    rows = HeldDecision.objects.select_related(
        "approval__unit", "gate__initiative__unit", "by__person"
    )
    lock(subject_of(rows.get(pk=held_id)))
    return rows.select_for_update(of=("self",)).get(pk=held_id)


def _end(held: HeldDecision, state: HeldDecision.State, *, at: datetime, outcome: str = "") -> None:
    held.state, held.ended_at, held.outcome = state, at, outcome
    held.save(update_fields=["state", "ended_at", "outcome"])
    if state != State.DONE:  # what is carried out is told by the step itself
        _record(held, state.value, at=at)


def _record(held: HeldDecision, what: str, *, at: datetime) -> None:
    record(
        actor=held.by,
        action=f"decision.{what}",
        subject=called(held).subject,
        at=at,
        detail={
            "approval": held.approval_id,
            "gate": held.gate.number if held.gate else None,
            "action": held.action,
            "effective_at": held.effective_at,
            "reason": held.reason,
            "outcome": held.outcome,
        },
    )


def _tell_failure(held: HeldDecision, *, at: datetime) -> None:
    subject, title, url, unit = called(held)
    tell(
        kind=NoticeKind.DECISION,
        subject=subject,
        title=f"Your decision on {title} could not take effect",
        text=held.outcome,
        url=url,
        unit=unit,
        to=[held.by],
        by=None,
        at=at,
    )
