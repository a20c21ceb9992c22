"""Which of the gates before one do not stand."""

from collections.abc import Sequence
from datetime import date

from budgets.gate_lifecycle import GateState
from budgets.models import Gate


def missing_before(gate: Gate, *, on: date) -> list[int]:
    """Return the gates before this one that do not stand on the day."""
    return missing_before_each([gate], on=on)[gate.pk]


def missing_before_each(gates: Sequence[Gate], *, on: date) -> dict[int | None, list[int]]:
    """Return for each gate those before it that do not stand on the day, in one query for all."""
    standing = Gate.objects.filter(
        initiative__in={gate.initiative_id for gate in gates},
        state=GateState.PASSED,
        recheck_on__gt=on,
    )
    passed = set(standing.values_list("initiative", "number"))
    return {
        gate.pk: [n for n in range(1, gate.number) if (gate.initiative_id, n) not in passed]
        for gate in gates
    }
