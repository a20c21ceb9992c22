"""What a held decision is about: its lock, the step that decides it, how it is called."""

from datetime import date, datetime
from typing import Any, NamedTuple

from django.urls import reverse

from budgets.gate_lifecycle import GateAction
from budgets.gates.registry import title_of
from budgets.lifecycle import BudgetAction, InitiativeAction
from budgets.models import Budget, Gate, HeldDecision, Initiative
from budgets.operations.budgets import take_budget_step
from budgets.operations.gates import Given, take_gate_step
from budgets.operations.initiatives import take_step
from budgets.operations.ledger import lock_year
from budgets.rights import BUDGET, REVISION
from budgets.terms import change_written
from org.models import Approval, Unit

Subject = Budget | Initiative | Gate


class Called(NamedTuple):
    """How a matter is called: in the audit log, to people, and where its page is."""

    subject: str
    title: str
    url: str
    unit: Unit


def subject_of(held: HeldDecision) -> Subject:
    """Return the row that the decision is about; what it says is read under its lock."""
    if held.gate is not None:
        return held.gate
    approval = _approval(held)
    model = Budget if approval.kind in (BUDGET, REVISION) else Initiative
    found: Budget | Initiative = model.objects.get(pk=approval.subject_id)
    return found


def lock(subject: Subject) -> None:
    """Take the lock that every step of the subject takes first."""
    if isinstance(subject, Gate):
        # All gates of an experiment wait for one another, and for its own steps.
        Initiative.objects.select_for_update(of=("self",)).get(pk=subject.initiative_id)
        return
    if isinstance(subject, Budget):
        lock_year(subject.fiscal_year)
    type(subject).objects.select_for_update(of=("self",)).get(pk=subject.pk)


def decide(subject: Subject, held: HeldDecision, *, at: datetime) -> None:
    """Take the step, by the person and on the version of the press."""
    by, version = held.by, held.version
    if isinstance(subject, Gate):
        take_gate_step(
            initiative_id=subject.initiative_id,
            number=subject.number,
            action=GateAction(held.action),
            by=by,
            version=version,
            at=at,
            given=_given(held),
        )
    elif isinstance(subject, Budget):
        take_budget_step(
            budget_id=subject.pk,
            action=BudgetAction(held.action),
            by=by,
            reason=held.reason,
            version=version,
            at=at,
        )
    else:
        take_step(
            initiative_id=subject.pk,
            action=InitiativeAction(held.action),
            by=by,
            reason=held.reason,
            version=version,
            at=at,
            change=change_written(held.change),
        )


def called(held: HeldDecision) -> Called:
    if held.gate is None:
        approval = _approval(held)
        subject = f"{approval.kind}:{approval.subject_id}"
        return Called(subject, approval.title, approval.url, approval.unit)
    initiative = held.gate.initiative
    return Called(
        f"initiative:{initiative.slug}",
        f"{title_of(held.gate.number)} of {initiative.name}",
        reverse("initiative-gates", args=[initiative.slug]),
        initiative.unit,
    )


def _approval(held: HeldDecision) -> Approval:
    """Return the approval; the database keeps that there is one where there is no gate."""
    if held.approval is None:
        raise TypeError(f"{held} is on nothing.")
    return held.approval


def given_as_written(given: Given) -> dict[str, Any]:
    """Return what came with a decision on a gate beside its reason, as it is kept."""
    day = given.recheck_on
    return {"part": given.part, "recheck_on": day.isoformat() if day else None}


def _given(held: HeldDecision) -> Given:
    day = held.change.get("recheck_on")
    return Given(
        reason=held.reason,
        part=held.change.get("part", ""),
        recheck_on=date.fromisoformat(day) if day else None,
    )
