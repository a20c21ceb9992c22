"""Passes whose figures moved: their day comes sooner, once, and people hear why."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from budgets.gates.rule import Gathered
from budgets.gates.worth_moves import moved_since
from budgets.models import GateStep, Initiative
from budgets.operations.gate_rechecks import hasten_rechecks
from org.models import Notice
from tests.factories.gates import Ledger, gate_of, gate_step, gates, passed
from tests.org_cast import Cast


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """Make gates whose value may move by nothing at all."""
    found = Ledger()
    with gates(found, moved=_moved):
        yield found


def _moved(then: Gathered, now: Gathered) -> list[str]:
    before, after = then.measures["value"], now.measures["value"]
    return [] if before == after else [f"The value moved from {before} to {after}."]


@pytest.fixture
def standing(cast: Cast, at: datetime, ledger: Ledger, drafter: Initiative) -> Initiative:
    passed(drafter, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)
    return drafter


def test_the_day_comes_within_two_weeks_and_the_pass_stands(
    at: datetime, ledger: Ledger, standing: Initiative
) -> None:
    assert hasten_rechecks(at=at) == []
    ledger.value = Decimal(7)

    assert hasten_rechecks(at=at) == ["Gate 1 of Support drafter"]

    gate = gate_of(standing)
    assert (gate.state, gate.recheck_on) == ("passed", date(2026, 12, 4))
    step = GateStep.objects.filter(gate=gate).latest("pk")
    assert step.by is None
    assert step.reason.startswith("The value moved from 5 to 7. Gather new evidence")
    assert Notice.objects.filter(title__contains="is to be checked again sooner").exists()


def test_it_comes_sooner_once(at: datetime, ledger: Ledger, standing: Initiative) -> None:
    ledger.value = Decimal(7)
    hasten_rechecks(at=at)

    assert hasten_rechecks(at=at + timedelta(days=1)) == []
    assert gate_of(standing).recheck_on == date(2026, 12, 4)


def test_newer_evidence_that_is_signed_gives_the_whole_time_again(
    cast: Cast, at: datetime, ledger: Ledger, standing: Initiative
) -> None:
    ledger.value = Decimal(7)
    hasten_rechecks(at=at)

    later = at + timedelta(days=3)
    gate_step(standing, "gather", by=cast.grace, at=later)
    for signer in (cast.ed, cast.fiona):
        gate_step(standing, "sign", by=signer, at=later)

    assert gate_of(standing).recheck_on == date(2027, 2, 21)  # ninety days from 23 November
    assert hasten_rechecks(at=at + timedelta(days=4)) == []


def found(days: int, **measures: object) -> Gathered:
    """Return internal work of so many days: 300 results for $30 that bring $300 in thirty."""
    until = date(2026, 11, 1) + timedelta(days=days)
    plain = {
        "kind": "internal", "is_projection": False, "outcomes": "300", "ai_usd": "30",
        "benefit_usd": "300", "cost_usd": "100",
    }  # fmt: skip
    window = {"from": "2026-11-01", "until": until.isoformat()}
    return Gathered(window=window, query="", measures=plain | measures, data_status={})


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (found(30), []),
        (found(30, outcomes="331", ai_usd="33.1"), ["The number of results a day"]),
        (found(33, outcomes="330", ai_usd="33"), []),  # more days, as many a day
        (found(30, ai_usd="34"), ["The AI cost of a result"]),
        (found(30, benefit_usd="275"), ["The return"]),
        (found(30, outcomes=None, ai_usd=None, benefit_usd=None), []),
        (found(30, outcomes="3000", is_projection=True), []),
    ],
)
def test_gate_1_watches_price_volume_and_return(now: Gathered, said: list[str]) -> None:
    assert [each.partition(" moved")[0] for each in moved_since(found(30), now)] == said


def test_gate_1_watches_the_price_and_the_margin_of_what_customers_buy() -> None:
    sold = {
        "kind": "customer",
        "price_usd": "100",
        "other_usd": "20",
        "p50_usd": "10",
        "waste": "0",
    }
    dearer = sold | {"p50_usd": "18", "price_usd": "99"}

    moves = moved_since(found(30, **sold), found(30, **dearer))

    # 70 % of 100; then 61 of 99 are left, 61.6 %.
    assert moves == ["The gross margin moved by -12.0%, where 10% is the most."]
