"""What can be done to a gate: gather, submit, sign, defer, fail, reopen, revoke."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction

from budgets.gate_lifecycle import ON_TABLE, GateAction, GateState, works_on_gate
from budgets.gate_rights import asked_for, why_not_gate_step
from budgets.gates.registry import gate_rule
from budgets.gates.rule import GateRule
from budgets.lifecycle import IN_CORE
from budgets.models import Gate, Initiative
from budgets.operations.gate_evidence import gather, recheck
from budgets.operations.gate_moves import check_admits, check_version, locked_gate, move
from budgets.operations.gate_news import tell_of_review
from budgets.operations.gate_signatures import sign
from budgets.operations.requests import refuse_beside
from budgets.queries.gates import MIN_REASON, reapplies_on, was_reviewed
from budgets.queries.held import held_on_gate
from finops.gates.criteria import Outcome
from org.models import User
from org.operations.approvals import SelfApproval
from org.queries.calendar import reporting_today
from org.refusals import Invalid, NotAllowed, Refusal
from org.templatetags.figures import day as written_day

DECIDING = (GateAction.SIGN, GateAction.DEFER, GateAction.FAIL)


@dataclass(frozen=True, kw_only=True)
class Given:
    """What comes with a step: inputs to gather with, a reason, a day, the part that signs."""

    inputs: Mapping[str, str] | None = None
    reason: str = ""
    recheck_on: date | None = None
    part: str = ""


@dataclass(frozen=True, kw_only=True)
class GateMove:
    """A step as it is taken."""

    gate: Gate
    rule: GateRule
    by: User
    at: datetime
    given: Given = field(default_factory=Given)

    @property
    def today(self) -> date:
        return reporting_today(self.at)

    def reason(self) -> str:
        """Return the reason; a step against a gate needs one."""
        text = self.given.reason.strip()
        if len(text) < MIN_REASON:
            raise Invalid.of("reason", f"Say why in {MIN_REASON} characters or more.")
        return text


@transaction.atomic
def take_gate_step(
    *,
    initiative_id: int,
    number: int,
    action: GateAction,
    by: User,
    version: int,
    at: datetime,
    given: Given | None = None,
) -> Gate:
    """Move a gate along its lifecycle, with everything that goes with the step.

    `version` is the one the person read, 0 for a gate that nobody started. Raises Stale with
    what differs, NotAllowed, Invalid with a sentence per field, or Refusal where the state
    does not admit the action.
    """
    rule = gate_rule(number)
    # Two signers may press at once: the lock makes the second read what the first left.
    gate = locked_gate(initiative_id=initiative_id, number=number)
    check_version(gate, version)
    check_admits(gate, action)
    _check_running(gate.initiative, number)
    _check_right(gate, rule, action, by=by)
    refuse_beside(held_on_gate(gate, action))
    _EFFECTS[action](GateMove(gate=gate, rule=rule, by=by, at=at, given=given or Given()))
    return gate


def expire_gates(*, at: datetime) -> list[str]:
    """End the passes whose day has come; return the gates in words."""
    due = Gate.objects.filter(ON_TABLE, state=GateState.PASSED, recheck_on__lte=reporting_today(at))
    keys = due.order_by("initiative", "number").values_list("initiative", "number")
    return [name for pk, number in keys if (name := _expire(pk, number, at=at))]


@transaction.atomic
def _expire(initiative_id: int, number: int, *, at: datetime) -> str:
    gate = locked_gate(initiative_id=initiative_id, number=number)
    if not is_due(gate, on=reporting_today(at)):
        return ""  # somebody was here since we looked
    move(gate, GateAction.EXPIRE, by=None, at=at, reason="The day of its re-check has come.")
    return str(gate)


def is_due(gate: Gate, *, on: date) -> bool:
    return gate.state == GateState.PASSED and gate.recheck_on is not None and gate.recheck_on <= on


def _gather(step: GateMove) -> None:
    gather(step.gate, step.rule, given=step.given.inputs, by=step.by, at=step.at)
    move(step.gate, GateAction.GATHER, by=step.by, at=step.at, reason=step.given.reason.strip())


def _submit(step: GateMove) -> None:
    """Ask for signatures; what does not pass by its own criteria is not put before people."""
    gate = step.gate
    if was_reviewed(gate):
        raise Refusal(f"This evidence of {step.rule.title} was reviewed already: gather it again.")
    evidence = recheck(gate, step.rule, by=step.by, at=step.at)
    move(gate, GateAction.SUBMIT, by=step.by, at=step.at, reason=step.given.reason.strip())
    if evidence.outcome == Outcome.PASSED:
        tell_of_review(gate, step.rule, by=step.by, at=step.at)
        return
    gate.reason = " ".join(evidence.reasons)
    if evidence.outcome == Outcome.FAILED:
        move(gate, GateAction.FAIL, by=None, at=step.at, reason=gate.reason)
        return
    gate.recheck_on = step.today + timedelta(days=step.rule.defer_days)
    move(gate, GateAction.DEFER, by=None, at=step.at, reason=gate.reason)


def _sign(step: GateMove) -> None:
    sign(
        step.gate,
        step.rule,
        part=step.given.part,
        comment=step.given.reason.strip(),
        by=step.by,
        at=step.at,
    )


def _defer(step: GateMove) -> None:
    reason, day = step.reason(), step.given.recheck_on
    if day is None or day <= step.today:
        detail = f"Name the day to look again, after today, {written_day(step.today)}."
        raise Invalid.of("recheck_on", detail)
    step.gate.reason, step.gate.recheck_on = reason, day
    move(step.gate, GateAction.DEFER, by=step.by, at=step.at, reason=reason)


def _fail(step: GateMove) -> None:
    step.gate.reason = step.reason()
    move(step.gate, GateAction.FAIL, by=step.by, at=step.at, reason=step.gate.reason)


def _reopen(step: GateMove) -> None:
    gate, reason = step.gate, step.reason()
    day = reapplies_on(gate, step.rule)
    if day is not None and step.today < day:
        raise Refusal(
            f"{step.rule.title} failed: it is applied for again from {written_day(day)} on,"
            f" {step.rule.reapply_days} days later, after a change."
        )
    gate.reason, gate.recheck_on = "", None
    move(gate, GateAction.REOPEN, by=step.by, at=step.at, reason=reason)


def _revoke(step: GateMove) -> None:
    step.gate.reason = step.reason()
    move(step.gate, GateAction.REVOKE, by=step.by, at=step.at, reason=step.gate.reason)


def _check_running(initiative: Initiative, number: int) -> None:
    if works_on_gate(initiative.state, number):
        return
    kind = "This gate is" if initiative.state in IN_CORE else "Gates are"
    raise Refusal(
        f"{kind} for an experiment that runs; {initiative} is “{initiative.get_state_display()}”."
    )


def _check_right(gate: Gate, rule: GateRule, action: GateAction, *, by: User) -> None:
    why_not = why_not_gate_step(by, gate=gate, rule=rule, action=action)
    if why_not is None:
        return
    is_own = action in DECIDING and by.person_id is not None and by.person_id in asked_for(gate)
    raise SelfApproval(why_not) if is_own else NotAllowed(why_not)


_EFFECTS: dict[GateAction, Callable[[GateMove], None]] = {
    GateAction.GATHER: _gather,
    GateAction.SUBMIT: _submit,
    GateAction.SIGN: _sign,
    GateAction.DEFER: _defer,
    GateAction.FAIL: _fail,
    GateAction.REOPEN: _reopen,
    GateAction.REVOKE: _revoke,
}
