"""Which gates wait for whom: what the inbox and its count rest on."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budgets.gate_rights import why_not_sign
from budgets.gates.registry import GATES
from budgets.models import Gate
from budgets.operations.gates import Given
from budgets.operations.held import hold_gate_decision
from budgets.queries.gates_missing import missing_before
from budgets.queries.gates_waiting import decided_gates, gates_waiting, waiting_for_signature
from org.models import Role
from tests.factories.budgets import granted_budget, running
from tests.factories.gates import Ledger, gate_of, gate_step, gates, passed, reviewed
from tests.factories.org import new_user
from tests.org_cast import Cast

EVERYBODY = ("carl", "fiona", "grace", "greta", "ed", "aud", "ada", "stan", "erin")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    found = Ledger()
    with gates(found):
        yield found


@pytest.fixture
def everybody(cast: Cast) -> dict[str, object]:
    erin = new_user(username="erin", roles=[(Role.ENGINEER, cast.claims)])
    return {name: getattr(cast, name, erin) for name in EVERYBODY}


@pytest.mark.usefixtures("ledger")
def test_a_gate_waits_for_exactly_those_whom_the_operation_lets_sign(
    cast: Cast, at: datetime, everybody: dict[str, object]
) -> None:
    """Take three experiments with gates 1 and 2 in every mix of states."""
    granted_budget(cast, at=at, pool="900.00")
    first, second, third = (running(cast, at=at, name=name) for name in ("One", "Two", "Three"))
    passed(first, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)
    reviewed(first, by=cast.ed, at=at, number=2)
    reviewed(second, by=cast.grace, at=at)
    gate_step(second, "sign", by=cast.ed, at=at)
    reviewed(third, by=cast.fiona, at=at, number=2)  # cannot pass yet

    on, every = at.date(), Gate.objects.select_related("initiative__unit", "evidence")
    found = {
        name: [str(gate) for gate in waiting_for_signature(user, on=on)]  # type: ignore[arg-type]
        for name, user in everybody.items()
    }

    assert found == {
        name: [
            str(gate)
            for gate in every.filter(state="in_review").order_by("evidence")
            if why_not_sign(user, gate=gate, rule=GATES[gate.number]) is None  # type: ignore[arg-type]
            and not missing_before(gate, on=on)
        ]
        for name, user in everybody.items()
    }
    assert found["fiona"] == ["Gate 2 of One", "Gate 1 of Two"]
    assert found["ed"] == []  # he gathered one, and signed the other


@pytest.mark.usefixtures("ledger")
def test_what_waits_for_others_says_for_whom(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    reviewed(made, by=cast.grace, at=at)
    reviewed(made, by=cast.grace, at=at, number=2)

    mine, others = gates_waiting(cast.aud, on=at.date())
    assert mine == []
    assert [each.waits_for for each in others] == [
        "waits for platform and finance",
        "it can pass after Gate 1: Some gate",
    ]

    gate = gate_of(made)
    hold_gate_decision(
        gate=gate, action="sign", by=cast.ed, version=gate.version, given=Given(), at=at
    )
    assert gates_waiting(cast.fiona, on=at.date())[0] == []
    [held, _] = gates_waiting(cast.fiona, on=at.date())[1]
    assert held.waits_for == "Ed decided a moment ago; it takes effect at 12:00:10 UTC"


@pytest.mark.usefixtures("ledger")
def test_three_gates_ask_as_many_questions_as_one(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at, pool="900.00")
    counts = []
    for name in ("One", "Two", "Three"):
        reviewed(running(cast, at=at, name=name), by=cast.grace, at=at)
        with CaptureQueriesContext(connection) as asked:
            gates_waiting(cast.fiona, on=at.date())
        counts.append(len(asked))

    assert counts[0] == counts[2] <= 16


@pytest.mark.usefixtures("ledger")
def test_decisions_on_gates_are_listed_for_those_who_see_the_unit(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    passed(made, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)
    gate_step(made, "revoke", by=cast.carl, at=at, reason="The model changed.")

    assert [step.action for step in decided_gates(cast.aud, most=30)] == ["revoke", "pass"]
    assert decided_gates(cast.greta, most=30) == []
