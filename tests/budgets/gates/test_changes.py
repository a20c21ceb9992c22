"""Material change: the nightly look at what a gate was passed on."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from budgets.gates.registry import GATES
from budgets.models import Initiative
from budgets.operations.gate_changes import revoke_changed
from ingestion.models import UnitDay
from tests.factories.budgets import spend
from tests.factories.gates import gate_of, passed
from tests.org_cast import Cast

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def standing(cast: Cast, at: datetime, drafter: Initiative) -> Initiative:
    """Return an experiment that calls gpt-5 and has passed gates 1 and 2."""
    spend(cast.support, at.date() - timedelta(days=1), "1.00", cost_object=drafter.cost_object)
    for number in (1, 2):
        signers = [cast.ed, cast.fiona]
        passed(drafter, by=cast.grace, signers=signers, at=at, number=number)
    return drafter


def test_nothing_is_revoked_where_nothing_changed(at: datetime, standing: Initiative) -> None:
    assert revoke_changed(at=at + timedelta(days=1)) == []


def test_a_raised_cap_ends_the_pass_of_the_gates_that_watch(
    at: datetime, standing: Initiative
) -> None:
    Initiative.objects.update(cap_usd=Decimal("150.00"))

    assert revoke_changed(at=at) == ["Gate 2 of Support drafter"]
    assert revoke_changed(at=at) == []
    assert gate_of(standing, 1).state == "passed"
    assert gate_of(standing, 2).reason == (
        "Material change: The cap was raised from $100.00 to $150.00. Gather new evidence."
    )


def test_a_lower_cap_ends_nothing(at: datetime, standing: Initiative) -> None:
    Initiative.objects.update(cap_usd=Decimal("90.00"))

    assert revoke_changed(at=at) == []


def test_a_model_that_was_not_called_before_ends_it(
    cast: Cast, at: datetime, standing: Initiative
) -> None:
    row = spend(cast.support, at.date(), "1.00", cost_object=standing.cost_object)
    UnitDay.objects.filter(pk=row.pk).update(model="gpt-5.5")

    assert revoke_changed(at=at + timedelta(days=1)) == ["Gate 2 of Support drafter"]
    assert "It calls openai/gpt-5.5 now" in gate_of(standing, 2).reason


def test_other_conditions_end_it(at: datetime, standing: Initiative) -> None:
    Initiative.objects.update(match=[{"workflow": "another"}])

    assert revoke_changed(at=at) == ["Gate 2 of Support drafter"]


def test_only_gates_that_say_so_end_by_a_change() -> None:
    assert {number for number, rule in GATES.items() if rule.ends_on_change} == {2, 3}
