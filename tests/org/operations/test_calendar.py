"""Setting the company up, its zone, and opening fiscal years."""

from datetime import date, datetime
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from org.models import AuditEntry, Company, FiscalPeriod
from org.operations.calendar import (
    AlreadySetUp,
    PeriodsOverlap,
    ZoneIsFixed,
    change_time_zone,
    fix_time_zone,
    open_fiscal_year,
    set_up_company,
)
from org.queries.calendar import NotSetUp
from org.refusals import Invalid, NotAllowed
from tests.org_cast import Cast
from tests.races import race

ACME: dict[str, Any] = {
    "name": "Acme",
    "time_zone": "Europe/Berlin",
    "currency": "USD",
    "fiscal_start_month": 1,
}


@pytest.mark.django_db
def test_a_company_is_set_up_once(at: datetime) -> None:
    company = set_up_company(**ACME, at=at)

    assert (company.pk, company.time_zone) == (1, "Europe/Berlin")
    with pytest.raises(AlreadySetUp, match="Acme is already set up here"):
        set_up_company(**(ACME | {"name": "Another"}), at=at)
    assert AuditEntry.objects.get().action == "company.set_up"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("time_zone", "Berlin", "'Berlin' is no time zone such as Europe/Berlin."),
        ("currency", "usd", "'usd' is no currency code such as USD."),
        ("currency", "DOLLAR", "'DOLLAR' is no currency code such as USD."),
        ("fiscal_start_month", 13, "A fiscal year starts in a month from 1 to 12."),
        ("name", " ", "The company needs a name."),
    ],
)
def test_a_company_that_does_not_hold_is_refused(
    at: datetime, field: str, value: Any, sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        set_up_company(**(ACME | {field: value}), at=at)

    assert refused.value.errors == ((f"/{field}", sentence),)


@pytest.mark.django_db
def test_a_calendar_year_has_its_twelve_months(at: datetime) -> None:
    set_up_company(**ACME, at=at)

    open_fiscal_year(fiscal_year=2026)

    rows = FiscalPeriod.objects.of_year(2026)
    assert [row.number for row in rows] == list(range(1, 13))
    assert (rows[0].label, rows[0].starts_on, rows[0].ends_on) == (
        "FY2026 P1",
        date(2026, 1, 1),
        date(2026, 2, 1),
    )
    assert rows[11].ends_on == date(2027, 1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("month", range(1, 13))
def test_years_of_any_start_month_join_without_a_gap(at: datetime, month: int) -> None:
    set_up_company(**(ACME | {"fiscal_start_month": month}), at=at)

    open_fiscal_year(fiscal_year=2026)
    open_fiscal_year(fiscal_year=2027)

    rows = list(FiscalPeriod.objects.order_by("starts_on"))
    assert len(rows) == 24
    assert [row.ends_on for row in rows[:-1]] == [row.starts_on for row in rows[1:]]
    assert rows[0].starts_on == date(2026 if month == 1 else 2025, month, 1)


def test_opening_a_year_again_changes_nothing(cast: Cast) -> None:
    before = list(FiscalPeriod.objects.of_year(2026))

    again = open_fiscal_year(fiscal_year=2026)

    assert again == before
    assert FiscalPeriod.objects.count() == 24


def test_a_year_that_would_share_days_with_another_is_refused(cast: Cast) -> None:
    FiscalPeriod.objects.create(
        fiscal_year=2099,
        number=1,
        label="extra",
        starts_on=date(2028, 5, 31),
        ends_on=date(2028, 6, 1),
    )

    with pytest.raises(PeriodsOverlap, match="Fiscal year 2028 would share days"):
        open_fiscal_year(fiscal_year=2028)
    assert FiscalPeriod.objects.count() == 25


def test_the_database_refuses_periods_that_overlap(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="periods_do_not_overlap"), transaction.atomic():
        FiscalPeriod.objects.create(
            fiscal_year=2099,
            number=1,
            label="extra",
            starts_on=date(2026, 5, 31),
            ends_on=date(2026, 6, 1),
        )


@pytest.mark.django_db
def test_a_year_needs_a_company() -> None:
    with pytest.raises(NotSetUp):
        open_fiscal_year(fiscal_year=2026)


def test_only_those_who_answer_for_money_open_years(cast: Cast, at: datetime) -> None:
    with pytest.raises(NotAllowed):
        open_fiscal_year(fiscal_year=2028, by=cast.ed, at=at)

    open_fiscal_year(fiscal_year=2028, by=cast.fiona, at=at)

    assert AuditEntry.objects.get().subject == "year:2028"


@pytest.mark.django_db(transaction=True)
def test_two_who_open_a_year_at_once_open_it_once(at: datetime) -> None:
    set_up_company(**ACME, at=at)

    outcomes = race(*[partial(open_fiscal_year, fiscal_year=2026)] * 4)

    assert [len(outcome) for outcome in outcomes] == [12] * 4
    assert FiscalPeriod.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_two_who_set_up_at_once_set_up_one_company(at: datetime) -> None:
    outcomes = race(*[partial(set_up_company, **ACME, at=at)] * 4)

    assert sum(isinstance(outcome, Company) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, AlreadySetUp) for outcome in outcomes) == 3


def test_the_zone_changes_until_days_are_cut_by_it(cast: Cast, at: datetime) -> None:
    changed = change_time_zone(time_zone="Asia/Tokyo", by=cast.ada, at=at)
    assert changed.time_zone == "Asia/Tokyo"

    fix_time_zone(at=at)

    with pytest.raises(ZoneIsFixed, match="booked to days in Asia/Tokyo since 20 Nov 2026"):
        change_time_zone(time_zone="UTC", by=cast.ada, at=at)


def test_the_zone_is_fixed_at_the_first_load(cast: Cast, at: datetime) -> None:
    fix_time_zone(at=at)
    fix_time_zone(at=at.replace(year=2027))

    cast.company.refresh_from_db()
    assert cast.company.zone_fixed_at == at
