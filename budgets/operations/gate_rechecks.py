"""Passes that are looked at again before their day: what they rest on has moved."""

from datetime import datetime, timedelta

from django.db import transaction

from budgets.gate_lifecycle import ON_TABLE, GateAction, GateState
from budgets.gates.registry import GATES
from budgets.gates.rule import GateRule, Gathered
from budgets.models import Gate, GateEvidence
from budgets.operations.gate_moves import locked_gate, move
from org.queries.calendar import reporting_today


def hasten_rechecks(*, at: datetime) -> list[str]:
    """Bring forward the day of passes whose figures moved; return the gates in words."""
    watched = [rule.number for rule in GATES.values() if rule.moved is not None]
    standing = Gate.objects.filter(ON_TABLE, number__in=watched, state=GateState.PASSED)
    keys = standing.order_by("initiative", "number").values_list("initiative", "number")
    return [name for pk, number in keys if (name := _hasten(pk, number, at=at))]


@transaction.atomic
def _hasten(initiative_id: int, number: int, *, at: datetime) -> str:
    """Give those who answer for it as long as for what is deferred, unless the day is nearer."""
    gate, rule = locked_gate(initiative_id=initiative_id, number=number), GATES[number]
    soon = reporting_today(at) + timedelta(days=rule.defer_days)
    if gate.state != GateState.PASSED or gate.passed_on is None or gate.recheck_on is None:
        return ""  # somebody was here since we looked
    if gate.recheck_on <= soon or not (moves := _moves(gate, rule, gate.passed_on, at=at)):
        return ""
    gate.recheck_on = soon
    reason = f"{' '.join(moves)} Gather new evidence and sign it, or the pass ends on that day."
    move(gate, GateAction.RECHECK, by=None, at=at, reason=reason)
    return str(gate)


def _moves(gate: Gate, rule: GateRule, passed_on: GateEvidence, *, at: datetime) -> list[str]:
    if rule.moved is None:
        return []
    then = Gathered(
        window=passed_on.window,
        query=passed_on.query,
        measures=passed_on.measures,
        data_status=passed_on.data_status,
    )
    return rule.moved(then, rule.gather(gate.initiative, passed_on.inputs, None, at))
