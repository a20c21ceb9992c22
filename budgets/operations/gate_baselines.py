"""Late data: a baseline that was passed is judged once more over its own days."""

from datetime import datetime

from django.db import transaction

from budgets.gate_lifecycle import GateAction, GateState
from budgets.gates.registry import GATES
from budgets.gates.stability import NUMBER
from budgets.lifecycle import RUNNING
from budgets.models import Gate
from budgets.operations.gate_moves import locked_gate, move
from finops.gates.criteria import Outcome


def revoke_overtaken(*, at: datetime) -> list[str]:
    """Revoke the baselines that late data have broken; return the gates in words."""
    if NUMBER not in GATES:
        return []
    standing = Gate.objects.filter(
        number=NUMBER, state=GateState.PASSED, initiative__state__in=RUNNING
    )
    keys = standing.order_by("initiative").values_list("initiative", flat=True)
    return [name for pk in keys if (name := _revoke_if_broken(pk, at=at))]


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
