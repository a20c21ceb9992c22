"""Gates of work in core: the first three are checked again, the others were proved."""

from collections.abc import Iterator
from datetime import date

import pytest

from budgets.gates.registry import GATES
from budgets.lifecycle import InitiativeState
from budgets.models import Initiative
from budgets.operations.gates import expire_gates
from budgets.queries.core_list import core_rows
from org.models import Notice
from org.refusals import Refusal
from tests.factories.core import in_core, midnight
from tests.factories.gates import gate_of, gate_step
from tests.factories.graduations import (
    Proven,
    graduation_gates,
    pass_first_gates,
    proven,
)
from tests.org_cast import Cast

DUE = date(2026, 8, 30)  # ninety days after 1 June


@pytest.fixture(autouse=True)
def ledger() -> Iterator[None]:
    with graduation_gates():
        yield


@pytest.fixture
def found(cast: Cast) -> Proven:
    found = proven(cast)
    in_core(cast, found)
    return found


@pytest.mark.parametrize("state", [InitiativeState.CORE, InitiativeState.PROBATION])
def test_the_first_gates_are_checked_again_and_an_overdue_one_is_told_and_shown(
    cast: Cast, found: Proven, state: InitiativeState
) -> None:
    Initiative.objects.update(state=state)
    initiative = Initiative.objects.get()

    names = expire_gates(at=midnight(DUE))

    assert names == [f"Gate {number} of Support drafter" for number in (1, 2, 3)]
    assert Notice.objects.filter(title__endswith="has run out").count() == 3
    [row] = core_rows(user=cast.aud, on=DUE)
    assert [gate.number for gate in row.overdue] == [1, 2, 3]

    pass_first_gates(cast, initiative, found.definition, found.erin, at=midnight(DUE))

    for number in (1, 2, 3):
        gate = gate_of(initiative, number)
        assert (gate.state, gate.recheck_on) == ("passed", date(2026, 11, 28))
    [row] = core_rows(user=cast.aud, on=DUE)
    assert row.overdue == []


def test_the_baseline_and_the_graduation_are_not_worked_on_in_core(
    cast: Cast, found: Proven
) -> None:
    assert set(GATES) == {1, 2, 3, 4, 5}
    for number in (4, 5):
        with pytest.raises(Refusal, match="This gate is for an experiment that runs"):
            gate_step(found.initiative, "gather", by=cast.ed, at=midnight(DUE), number=number)
