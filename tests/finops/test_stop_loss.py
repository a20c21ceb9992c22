"""Stop-loss: half of the cap with less than a tenth of the planned outcomes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.stop_loss import StopLoss, has_fired, stop_loss


def test_it_looks_at_a_share_of_the_cap_for_a_tenth_of_the_plan() -> None:
    found = stop_loss(cap_usd=Decimal("6000.00"), share_pct=50, planned_outcomes=21_000)

    assert found == StopLoss(Decimal("3000.00"), 2_100)


def test_a_tenth_that_is_no_whole_outcome_is_rounded_up() -> None:
    assert stop_loss(cap_usd=Decimal(1), share_pct=1, planned_outcomes=11).least_outcomes == 2


def test_without_planned_outcomes_only_the_money_counts() -> None:
    stop = stop_loss(cap_usd=Decimal("99.99"), share_pct=33, planned_outcomes=None)

    assert stop == StopLoss(Decimal("32.9967"), None)
    assert has_fired(stop, spent_usd=Decimal("32.9967"), outcomes=10**9)


@pytest.mark.parametrize(
    ("spent_usd", "outcomes", "fired"),
    [
        ("2999.999999999999", 0, False),
        ("3000", 2_099, True),
        ("3000", 2_100, False),
        ("5999", 2_100, False),
        ("3000", None, True),  # nobody counts them
    ],
)
def test_it_fires_from_its_amount_on_unless_enough_is_there(
    spent_usd: str,
    outcomes: int | None,
    fired: bool,  # noqa: FBT001 -- a column of the table
) -> None:
    stop = StopLoss(Decimal("3000.00"), 2_100)

    assert has_fired(stop, spent_usd=Decimal(spent_usd), outcomes=outcomes) is fired


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_money_never_saves_a_bet_and_more_outcomes_never_end_one(
    cents: int, more: int, outcomes: int
) -> None:
    stop = stop_loss(cap_usd=Decimal(100), share_pct=50, planned_outcomes=1_000)
    now, later = Decimal(cents) / 100, Decimal(cents + more) / 100

    if has_fired(stop, spent_usd=now, outcomes=outcomes):
        assert has_fired(stop, spent_usd=later, outcomes=outcomes)
    if not has_fired(stop, spent_usd=later, outcomes=outcomes):
        assert not has_fired(stop, spent_usd=later, outcomes=outcomes + more)
