"""Late data: a baseline that was passed is judged once more over its own days."""

from datetime import date, datetime

from django.db import transaction

from budgets.gate_lifecycle import GateAction, GateState
from budgets.gates.registry import GATES
from budgets.gates.stability import NUMBER
from budgets.lifecycle import RUNNING
from budgets.models import Gate, GateEvidence, Initiative
from budgets.operations.gate_moves import locked_gate, move
from budgets.queries.baseline import Asked
from budgets.queries.baseline_standing import SCHEDULE, WORKDAYS, baseline_standings
from finops.gates.criteria import Outcome


def revoke_overtaken(*, at: datetime) -> list[str]:
    """Revoke the baselines that late data have broken; return the gates in words.

    All of them are judged in the questions of one; only what does not hold is locked.
    """
    if NUMBER not in GATES:
        return []
    standing = Gate.objects.filter(
        number=NUMBER, state=GateState.PASSED, initiative__state__in=RUNNING
    )
    gates = standing.select_related(
        "passed_on", "initiative__unit", "initiative__requested_by", "initiative__cost_object"
    ).order_by("initiative")
    asked = [_asked(gate.initiative, gate.passed_on) for gate in gates if gate.passed_on]
    broken = [
        pk
        for pk, found in baseline_standings(asked).items()
        if found.judgement.outcome != Outcome.PASSED
    ]
    return [name for pk in broken if (name := _revoke_if_broken(pk, at=at))]


def _asked(initiative: Initiative, evidence: GateEvidence) -> Asked:
    """Ask for the days that a pass rests on."""
    until = date.fromisoformat(evidence.window["until"])
    return Asked(initiative, until, evidence.inputs.get(SCHEDULE) == WORKDAYS)


@transaction.atomic
def _revoke_if_broken(initiative_id: int, *, at: datetime) -> str:
    gate, rule = locked_gate(initiative_id=initiative_id, number=NUMBER), GATES[NUMBER]
    if gate.state != GateState.PASSED or gate.passed_on is None:
        return ""  # somebody was here since we looked
    passed_on = gate.passed_on
    now = rule.judge(rule.gather(gate.initiative, passed_on.inputs, passed_on.window, at).measures)
    if now.outcome == Outcome.PASSED:
        return ""
    gate.reason = f"Late data broke the baseline: {' '.join(now.reasons)} Gather new evidence."
    move(gate, GateAction.REVOKE, by=None, at=at, reason=gate.reason)
    return str(gate)
