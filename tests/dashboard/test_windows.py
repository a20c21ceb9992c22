"""Windows: what an address may call the period a page is about."""

from datetime import date

import pytest

from dashboard.windows import choices, window_asked
from finops.periods import Period
from org.models import FiscalPeriod
from tests.org_cast import Cast

TODAY = date(2026, 11, 20)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))
LAST30 = Period(date(2026, 10, 22), date(2026, 11, 21))


@pytest.mark.parametrize(
    ("code", "called", "period"),
    [
        ("", "FY26-P11", NOVEMBER),
        ("FY26-P11", "FY26-P11", NOVEMBER),
        ("FY2026-P11", "FY26-P11", NOVEMBER),
        ("FY26", "FY26", YEAR),
        ("last30", "last30", LAST30),
        ("FY26-P13", "FY26-P11", NOVEMBER),
        ("FY99", "FY26-P11", NOVEMBER),
        ("nonsense", "FY26-P11", NOVEMBER),
    ],
)
def test_a_window_is_named_by_year_and_number(
    cast: Cast, code: str, called: str, period: Period
) -> None:
    window = window_asked(code, today=TODAY)

    assert (window.code, window.period) == (called, period)


def test_a_month_is_named_by_its_name_and_weeks_by_their_days(cast: Cast) -> None:
    assert window_asked("FY26-P11", today=TODAY).label == "FY2026 P11 · Nov 2026"
    FiscalPeriod.objects.all().delete()
    FiscalPeriod.objects.create(
        fiscal_year=2027,
        number=3,
        label="FY2027 P3",
        starts_on=date(2026, 3, 29),
        ends_on=date(2026, 5, 3),
    )

    assert window_asked("FY27-P3", today=TODAY).label == "FY2027 P3 · 29 Mar – 2 May 2026"


def test_without_a_fiscal_year_it_is_the_last_thirty_days(cast: Cast) -> None:
    FiscalPeriod.objects.all().delete()

    assert window_asked("", today=TODAY).period == LAST30
    assert [window.code for window in choices(today=TODAY)] == ["last30"]


def test_periods_to_come_are_not_offered(cast: Cast) -> None:
    codes = [window.code for window in choices(today=date(2026, 2, 3))]

    assert codes == ["last30", "FY26", "FY26-P02", "FY26-P01"]


def test_what_has_begun_of_a_window_ends_with_today(cast: Cast) -> None:
    window = window_asked("FY26-P11", today=TODAY)

    assert window.until(TODAY) == Period(date(2026, 11, 1), date(2026, 11, 21))
    assert window.until(date(2027, 5, 5)) == NOVEMBER
