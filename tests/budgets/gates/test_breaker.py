"""Gate 3 on a real ledger and a published policy: deferred until a trip test is on record."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from budgets.models import Gate, Initiative
from org.models import User
from org.refusals import Stale
from policy.operations.fleet import record_status
from policy.queries.revisions import current_number
from tests.factories.budgets import spend
from tests.factories.gates import gate_of, gate_step
from tests.org_cast import Cast


@pytest.fixture
def later(at: datetime) -> datetime:
    """Return a moment at which twenty full days of the experiment are known."""
    return at + timedelta(days=20)


@pytest.fixture
def spent_drafter(cast: Cast, at: datetime, drafter: Initiative) -> Initiative:
    """Let the experiment cost 1.00, 1.10 and so on up to 2.90 a day for twenty days."""
    for number in range(20):
        day = at.date() + timedelta(days=number)
        spend(cast.support, day, f"{1 + number / 10:.2f}", cost_object=drafter.cost_object)
    Initiative.objects.filter(pk=drafter.pk).update(on_call=cast.ed)
    return drafter


def report(name: str, revision: int, *, at: datetime) -> None:
    record_status(sidecar=name, version="1", revision=revision, applied_at=at, errors=(), at=at)


def gathered(initiative: Initiative, *, by: User, at: datetime, **inputs: str) -> dict[str, Any]:
    gate_step(initiative, "gather", by=by, at=at, number=3, inputs=inputs)
    evidence = gate_of(initiative, 3).evidence
    assert evidence is not None
    return {
        each["code"]: (each["measured"], each["limit"], each["verdict"])
        for each in (evidence.criteria)
    }


def test_it_reads_what_routers_were_given_and_what_was_spent(
    cast: Cast, later: datetime, spent_drafter: Initiative
) -> None:
    newest = current_number() or 0
    report("gateway-eu", newest, at=later)
    report("gateway-us", newest - 1, at=later)

    # The cap is $10 a day; of twenty days the 19th costs 2.80; $61 are left of $100.
    assert gathered(spent_drafter, by=cast.grace, at=later) == {
        "daily_cap": ("10.00", None, "met"),
        "cap_to_day": ("10.00", "5.600000000000", "missed"),
        "cap_to_rest": ("10.00", "12.200000000000", "met"),
        "rates": ("0", "3", "missed"),
        "action": ("yes", "yes", "met"),
        "acknowledged": ("1", "2", "missed"),
        "people": ("Grace and Ed", "both", "met"),
        "trip_test": (None, "0.05", "unknown"),
    }


def test_while_few_days_are_known_the_typed_expectation_counts(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    criteria = gathered(drafter, by=cast.grace, at=at, expected_day_usd="6.00")

    assert criteria["cap_to_day"] == ("10.00", "12.00", "met")


def test_submitting_defers_it_in_the_words_of_what_is_missing(
    cast: Cast, later: datetime, spent_drafter: Initiative
) -> None:
    gathered(spent_drafter, by=cast.grace, at=later)

    gate = gate_step(spent_drafter, "submit", by=cast.grace, at=later, number=3)

    assert (gate.state, gate.recheck_on) == ("deferred", date(2026, 12, 24))
    assert "No live trip test of the last 30 days is on record" in gate.reason


def test_a_router_that_falls_behind_makes_the_evidence_stale(
    cast: Cast, later: datetime, spent_drafter: Initiative
) -> None:
    newest = current_number() or 0
    report("gateway-eu", newest, at=later)
    gathered(spent_drafter, by=cast.grace, at=later)
    report("gateway-us", newest - 1, at=later)

    with pytest.raises(Stale, match="Every router runs the revision was 1"):
        gate_step(spent_drafter, "submit", by=cast.grace, at=later, number=3)

    assert Gate.objects.get().state == "evidence"
