"""Material change: what a gate was passed on is no longer what runs, so the pass ends."""

from datetime import datetime

from django.db import transaction

from budgets.gate_lifecycle import ON_TABLE, GateAction, GateState
from budgets.gates.configuration import (
    configuration_of,
    grown_population,
    read_configuration,
)
from budgets.gates.registry import GATES
from budgets.models import Gate
from budgets.operations.gate_moves import locked_gate, move
from finops.gates.changes import material_changes


def revoke_changed(*, at: datetime) -> list[str]:
    """Revoke the passes that a material change has overtaken; return the gates in words."""
    watched = [rule.number for rule in GATES.values() if rule.ends_on_change]
    standing = Gate.objects.filter(ON_TABLE, number__in=watched, state=GateState.PASSED)
    keys = standing.order_by("initiative", "number").values_list("initiative", "number")
    return [name for pk, number in keys if (name := _revoke_if_changed(pk, number, at=at))]


@transaction.atomic
def _revoke_if_changed(initiative_id: int, number: int, *, at: datetime) -> str:
    gate = locked_gate(initiative_id=initiative_id, number=number)
    if gate.state != GateState.PASSED or gate.passed_on is None:
        return ""  # somebody was here since we looked
    then = read_configuration(gate.passed_on.configuration)
    now = read_configuration(configuration_of(gate.initiative, at=at))
    changes = material_changes(then, now)
    if grown := grown_population(gate.initiative, gate.passed_on.configuration, at=at):
        changes.append(grown)
    if not changes:
        return ""
    gate.reason = f"Material change: {' '.join(changes)} Gather new evidence."
    move(gate, GateAction.REVOKE, by=None, at=at, reason=gate.reason)
    return str(gate)
