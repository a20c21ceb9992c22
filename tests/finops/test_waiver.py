"""Margin waivers: what they cost, when they end, and the way back to the floor."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from finops.periods import Period, gregorian_year
from finops.waiver import (
    Earned,
    End,
    Ended,
    Waiver,
    cost_usd,
    ended,
    fell_enough,
    floor_on,
    lasts,
    latest_expiry,
    used_up_on,
)

D = Decimal
WAIVER = Waiver(
    floor=D("0.75"),
    waived_floor=D("0.60"),
    target=D(5000),
    starts_on=date(2026, 1, 1),
    expires_on=date(2026, 7, 1),
    most_usd=D(100_000),
)
MONTHS = [Period(each.start, each.end) for each in gregorian_year(2026, 1)]


def earned(count: int, margin: str = "0.64", revenue: int = 200_000) -> list[Earned]:
    return [Earned(days, D(revenue), D(margin)) for days in MONTHS[:count]]


def test_a_month_below_the_floor_costs_what_the_margin_lacks_of_the_revenue() -> None:
    assert cost_usd(floor=D("0.75"), earned=earned(1)) == 22_000


def test_an_amount_lasts_for_as_many_months() -> None:
    months = lasts(most_usd=D(100_000), usd_per_month=D(22_000))

    assert months is not None
    assert round(months, 1) == D("4.5")
    assert lasts(most_usd=D(100_000), usd_per_month=D(0)) is None


def test_a_month_above_the_floor_pays_nothing_back() -> None:
    rows = [*earned(1), Earned(MONTHS[1], D(200_000), D("0.90"))]

    assert cost_usd(floor=D("0.75"), earned=rows) == 22_000


@pytest.mark.parametrize(("day", "is_over"), [("2026-06-30", False), ("2026-07-01", True)])
def test_it_ends_on_its_last_day(day: str, *, is_over: bool) -> None:
    end = ended(WAIVER, spent_on=None, reached_on=None, on=date.fromisoformat(day))

    assert end == (Ended(date(2026, 7, 1), End.EXPIRY) if is_over else None)


def test_it_ends_when_its_amount_is_used_up() -> None:
    # Four months take 88,000, the fifth passes 100,000.
    running = [
        (MONTHS[count - 1].end, cost_usd(floor=D("0.75"), earned=earned(count)))
        for count in range(1, 7)
    ]

    spent_on = used_up_on(WAIVER, running=running)

    assert spent_on == date(2026, 6, 1)
    end = ended(WAIVER, spent_on=spent_on, reached_on=None, on=date(2026, 12, 1))
    assert end == Ended(date(2026, 6, 1), End.SPENT)
    assert used_up_on(WAIVER, running=running[:4]) is None


def test_it_ends_when_its_goal_is_reached() -> None:
    days = {"spent_on": date(2026, 6, 1), "reached_on": date(2026, 3, 15)}

    end = ended(WAIVER, **days, on=date(2026, 12, 1))

    assert end == Ended(date(2026, 3, 15), End.TARGET)


def test_the_floor_comes_back_in_even_steps_over_thirty_days() -> None:
    end = Ended(date(2026, 7, 1), End.EXPIRY)

    floors = [floor_on(WAIVER, end=end, day=end.on + timedelta(days=n)) for n in (-1, 0, 1, 15, 30)]

    assert floors == [D("0.60"), D("0.60"), D("0.605"), D("0.675"), D("0.75")]
    assert floor_on(WAIVER, end=end, day=date(2027, 1, 1)) == D("0.75")
    assert floor_on(WAIVER, end=None, day=date(2026, 5, 1)) == D("0.60")
    assert floor_on(WAIVER, end=None, day=date(2025, 12, 31)) == D("0.75")


@pytest.mark.parametrize(("now", "holds"), [("0.90", True), ("0.91", False)])
def test_a_renewal_asks_for_a_unit_cost_that_fell_by_a_tenth(now: str, *, holds: bool) -> None:
    assert fell_enough(unit_cost_then_usd=D(1), unit_cost_now_usd=D(now)) is holds


@pytest.mark.parametrize(
    ("starts_on", "quarters", "latest"),
    [
        (date(2026, 1, 1), 2, date(2026, 7, 1)),
        (date(2026, 11, 30), 1, date(2027, 2, 28)),
        (date(2026, 12, 15), 2, date(2027, 6, 15)),
    ],
)
def test_a_quarter_is_three_months_and_ends_with_a_shorter_one(
    starts_on: date, quarters: int, latest: date
) -> None:
    assert latest_expiry(starts_on=starts_on, quarters=quarters) == latest
