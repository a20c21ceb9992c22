"""Graduation to the cent: 1 August 2026 at $412.50 a day, and what follows from it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.graduation import (
    Funding,
    Phased,
    core_addition,
    given_back,
    journal_of,
    needs_true_up,
    next_year_baseline_usd,
    released_usd,
)
from finops.periods import Period

FIRSTS = [date(2026, month, 1) for month in range(1, 13)] + [date(2027, 1, 1)]
YEAR = [Period(start, end) for start, end in pairwise(FIRSTS)]
RATE = Decimal("412.50")
GRADUATED = date(2026, 8, 1)
CORE = Decimal("63112.50")
RELEASED = Decimal(5820)

cents = st.decimals(min_value=0, max_value=10**7, places=2, allow_nan=False)


def back_usd(held: Sequence[Phased], on: date) -> Decimal:
    """Return all that core gives back from a day on."""
    return sum((each.usd for each in given_back([held], on=on)[0]), Decimal(0))


def test_the_core_gains_153_days_phased_by_month() -> None:
    phased = core_addition(RATE, on=GRADUATED, periods=YEAR)

    assert [part.usd for part in phased] == [
        Decimal("12787.50"),
        Decimal("12375.00"),
        Decimal("12787.50"),
        Decimal("12375.00"),
        Decimal("12787.50"),
    ]
    assert sum(part.days for part in phased) == 153
    assert sum(part.usd for part in phased) == CORE


def test_a_day_within_a_month_gains_what_is_left_of_it() -> None:
    phased = core_addition(RATE, on=date(2026, 12, 30), periods=YEAR)

    assert [(part.days, part.usd) for part in phased] == [(2, Decimal(825))]


def test_a_run_rate_is_taken_to_the_cent_before_it_is_multiplied() -> None:
    phased = core_addition(Decimal("0.005"), on=date(2026, 12, 1), periods=YEAR)

    assert phased[0].usd == Decimal("0.31")  # 31 days of a cent


@pytest.mark.parametrize("on", [date(2025, 12, 31), date(2027, 1, 1)])
def test_a_day_outside_the_year_is_refused(on: date) -> None:
    with pytest.raises(ValueError, match="does not lie in the fiscal year"):
        core_addition(RATE, on=on, periods=YEAR)


def test_what_is_left_of_the_experiment_is_released() -> None:
    left = released_usd(
        allocation_usd=Decimal(30_000),
        actual_usd=Decimal(24_180),
        reserved_usd=Decimal(0),
        pending_usd=Decimal(0),
    )

    assert left == RELEASED


@pytest.mark.parametrize(
    ("funding", "pool", "contingency"),
    [
        (Funding.TRANSFER, "-5820", "-57292.50"),
        (Funding.RELEASE_ONLY, "0", "-63112.50"),
        (Funding.POOL_PERMANENT, "-63112.50", "0"),
    ],
)
def test_each_policy_takes_it_from_elsewhere_and_all_sum_to_zero(
    funding: Funding, pool: str, contingency: str
) -> None:
    journal = journal_of(funding, core_usd=CORE, released_usd=RELEASED)

    assert journal.core_usd == CORE
    assert (journal.pool_usd, journal.contingency_usd) == (Decimal(pool), Decimal(contingency))
    assert journal.sum_usd == 0


def test_a_small_core_needs_no_contingency() -> None:
    journal = journal_of(Funding.TRANSFER, core_usd=Decimal(5000), released_usd=RELEASED)

    assert (journal.pool_usd, journal.contingency_usd) == (Decimal(-5000), Decimal(0))


def test_a_pool_that_pays_for_good_gives_what_is_left_first() -> None:
    journal = journal_of(Funding.POOL_PERMANENT, core_usd=CORE, released_usd=RELEASED)

    assert (journal.experiment_usd, journal.free_pool_usd) == (-RELEASED, RELEASED - CORE)


@pytest.mark.parametrize("funding", Funding)
def test_an_overspent_experiment_gives_nothing(funding: Funding) -> None:
    journal = journal_of(funding, core_usd=CORE, released_usd=Decimal("-0.01"))

    assert journal.experiment_usd == 0
    assert journal.sum_usd == 0


def test_next_year_costs_every_day_at_the_planned_volume() -> None:
    assert next_year_baseline_usd(RATE, days=365) == Decimal("150562.50")
    assert next_year_baseline_usd(RATE, days=365, volume_index=Decimal("1.2")) == Decimal(180_675)


def test_a_demotion_gives_back_what_lies_ahead_and_no_more() -> None:
    phased = core_addition(RATE, on=GRADUATED, periods=YEAR)

    assert back_usd(phased, GRADUATED) == CORE
    assert back_usd(phased, date(2026, 11, 16)) == RATE * 46  # 15 of November, 31 of December
    assert back_usd(phased, date(2027, 1, 1)) == 0


@pytest.mark.parametrize(
    ("now", "is_needed"),
    [("377.4435", False), ("377.45", True), ("341.4965", False), ("341.49", True)],
)
def test_late_data_move_the_budget_from_a_twentieth_on(now: str, *, is_needed: bool) -> None:
    assert needs_true_up(Decimal("359.47"), Decimal(now)) == is_needed


@given(st.sampled_from(Funding), cents, cents)
def test_no_graduation_makes_or_loses_money(
    funding: Funding, core: Decimal, released: Decimal
) -> None:
    journal = journal_of(funding, core_usd=core, released_usd=released)

    assert journal.sum_usd == 0
    assert 0 <= -journal.experiment_usd <= min(core, released)
    assert journal.free_pool_usd <= 0
    assert journal.contingency_usd <= 0


@given(cents, st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 12, 31)), st.data())
def test_what_is_kept_and_what_is_given_back_is_the_whole(
    rate: Decimal, on: date, data: st.DataObject
) -> None:
    phased = core_addition(rate, on=on, periods=YEAR)
    day = data.draw(st.dates(min_value=on, max_value=date(2027, 1, 1)))

    kept = rate * (day - on).days

    assert kept + back_usd(phased, day) == sum(part.usd for part in phased)
