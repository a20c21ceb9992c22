"""A window beside the one before it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from dashboard.queries.comparison import Comparison, compared
from dashboard.windows import Window, window_asked
from finops.periods import Period
from org.models import FiscalPeriod, Unit
from tests.factories.budgets import spend
from tests.org_cast import Cast

TODAY = date(2026, 11, 20)


@pytest.fixture
def retail(cast: Cast) -> Cast:
    """Return the cast of a company whose P2 has 28 days and whose P3 has 35."""
    FiscalPeriod.objects.all().delete()
    for number, start, end in (
        (2, date(2026, 3, 1), date(2026, 3, 29)),
        (3, date(2026, 3, 29), date(2026, 5, 3)),
    ):
        label = f"FY2027 P{number}"
        FiscalPeriod.objects.create(
            fiscal_year=2027, number=number, label=label, starts_on=start, ends_on=end
        )
    return cast


def spend_daily(unit: Unit, first: date, last: date, usd: str) -> None:
    for number in range((last - first).days + 1):
        spend(unit, first + timedelta(days=number), usd)


def beside(cast: Cast, code: str, *, today: date = TODAY) -> Comparison | None:
    window = window_asked(code, today=today)
    return compared(window=window, today=today, units={cast.support.pk})


def test_35_days_beside_28_at_the_same_pace_are_no_change(retail: Cast) -> None:
    spend_daily(retail.support, date(2026, 3, 1), date(2026, 5, 2), "10.00")

    found = beside(retail, "FY27-P3")

    assert found is not None
    assert (found.usd, found.before_usd) == (Decimal(350), Decimal(280))
    assert found.sentence == "by the day as much as FY2027 P2: 35 days beside 28"


def test_a_faster_pace_is_told_by_the_day(retail: Cast) -> None:
    spend_daily(retail.support, date(2026, 3, 1), date(2026, 3, 28), "10.00")
    spend_daily(retail.support, date(2026, 3, 29), date(2026, 5, 2), "12.00")

    found = beside(retail, "FY27-P3")

    assert found is not None
    assert found.sentence == "by the day 20.0% more than FY2027 P2: 35 days beside 28"


def test_periods_of_one_length_are_told_as_they_are(cast: Cast) -> None:
    spend_daily(cast.support, date(2026, 7, 1), date(2026, 7, 31), "10.00")
    spend_daily(cast.support, date(2026, 8, 1), date(2026, 8, 31), "9.00")

    found = beside(cast, "FY26-P8")

    assert found is not None
    assert found.sentence == "10.0% less than FY2026 P7"


def test_of_a_period_that_runs_the_days_that_are_over_and_known_count(cast: Cast) -> None:
    spend_daily(cast.support, date(2026, 10, 1), date(2026, 11, 18), "10.00")

    found = beside(cast, "FY26-P11")

    assert found is not None
    assert found.sentence == "by the day as much as FY2026 P10: 18 days beside 31"


def test_units_out_of_sight_do_not_count(cast: Cast) -> None:
    spend_daily(cast.support, date(2026, 7, 1), date(2026, 8, 31), "10.00")
    spend(cast.claims, date(2026, 8, 2), "500.00")

    found = beside(cast, "FY26-P8")

    assert found is not None
    assert found.sentence == "as much as FY2026 P7"


@pytest.mark.parametrize("code", ["FY26-P1", "FY26-P10", "FY26-P12", "FY26"])
def test_what_is_not_known_is_not_compared(cast: Cast, code: str) -> None:
    spend_daily(cast.support, date(2026, 9, 2), date(2026, 11, 18), "10.00")

    assert beside(cast, code) is None


def test_thirty_days_are_set_beside_the_thirty_before(cast: Cast) -> None:
    spend_daily(cast.support, date(2026, 9, 1), date(2026, 11, 20), "10.00")

    found = beside(cast, "last30")

    # Today is not over, so 29 of the thirty days count.
    assert found is not None
    assert found.before.period == Period(date(2026, 9, 22), date(2026, 10, 22))
    assert found.sentence == "by the day as much as the 30 days before: 29 days beside 30"


def test_a_year_is_set_beside_the_year_before(cast: Cast) -> None:
    window = window_asked("FY27", today=TODAY)
    spend_daily(cast.support, date(2026, 1, 1), date(2026, 12, 31), "10.00")
    spend_daily(cast.support, date(2027, 1, 1), date(2027, 1, 10), "20.00")

    found = compared(window=window, today=date(2027, 1, 11), units={cast.support.pk})

    assert found is not None
    assert found.sentence == "by the day 100.0% more than FY2026: 10 days beside 365"


def test_nothing_beside_nothing_is_as_much() -> None:
    before = Window("", "FY2026 P1", Period(date(2026, 1, 1), date(2026, 2, 1)))

    found = Comparison(before=before, days=31, usd=Decimal(0), before_usd=Decimal(0))

    assert found.sentence == "as much as FY2026 P1"
