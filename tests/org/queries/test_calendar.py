"""What day it is at the company, and which fiscal period a day is in."""

from datetime import UTC, date, datetime

import pytest

from finops.periods import Period
from org.models import FiscalCalendar
from org.queries.calendar import (
    NotSetUp,
    YearNotOpen,
    company,
    fiscal_year_containing,
    period_containing,
    reporting_today,
    year_period,
)
from tests.org_cast import Cast


@pytest.mark.django_db
def test_before_the_set_up_there_is_no_company() -> None:
    with pytest.raises(NotSetUp, match="set it up first"):
        company()


def test_today_is_the_companys_date(cast_in_berlin: Cast) -> None:
    assert reporting_today(datetime(2026, 11, 20, 22, 59, tzinfo=UTC)) == date(2026, 11, 20)
    assert reporting_today(datetime(2026, 11, 20, 23, 0, tzinfo=UTC)) == date(2026, 11, 21)
    assert reporting_today(datetime(2026, 7, 20, 22, 0, tzinfo=UTC)) == date(2026, 7, 21)


def test_a_period_begins_with_its_first_day_and_ends_before_its_last(cast: Cast) -> None:
    november = period_containing(date(2026, 11, 1))

    assert november is not None
    assert november.label == "FY2026 P11"
    assert period_containing(date(2026, 11, 30)) == november
    assert period_containing(date(2026, 12, 1)) != november
    assert period_containing(date(2025, 12, 31)) is None


def test_a_day_is_in_a_fiscal_year_before_the_year_is_opened(cast: Cast) -> None:
    FiscalCalendar.objects.create(pattern=FiscalCalendar.Pattern.MONTHS, start_month=10)

    assert fiscal_year_containing(date(2030, 9, 30)) == 2030
    assert fiscal_year_containing(date(2030, 10, 1)) == 2031


def test_a_year_reaches_from_its_first_period_to_its_last(cast: Cast) -> None:
    assert year_period(2026) == Period(date(2026, 1, 1), date(2027, 1, 1))
    with pytest.raises(YearNotOpen, match="Fiscal year 2031 has no periods yet"):
        year_period(2031)
