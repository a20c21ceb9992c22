"""Setting the company up: its name, its reporting time zone, and its fiscal years."""

from datetime import datetime
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.db.models import Q

from finops.calendars import Year
from finops.periods import MONTHS_PER_YEAR
from org import audit
from org.models import Company, FiscalCalendar, FiscalPeriod, Role, User
from org.permissions import has_role
from org.queries.calendar import NotSetUp, YearNotOpen, company, timeline
from org.refusals import Invalid, NotAllowed, Refusal

THE_COMPANY = 1  # A constraint keeps it the only one.
CURRENCY_LETTERS = 3


class AlreadySetUp(Refusal):
    title = "The company is already set up"


class ZoneIsFixed(Refusal):
    title = "The time zone is fixed"


class PeriodsOverlap(Refusal):
    title = "Fiscal periods overlap"


@transaction.atomic
def set_up_company(
    *,
    name: str,
    time_zone: str,
    currency: str,
    fiscal_start_month: int,
    at: datetime,
    by: User | None = None,
) -> Company:
    """Name the company and fix how its years run; can be done once.

    `by` is None where an installation sets itself up before it has people.
    """
    _check_right(by)
    _check_zone(time_zone)
    if len(currency) != CURRENCY_LETTERS or not currency.isascii() or not currency.isupper():
        raise Invalid.of("currency", f"{currency!r} is no currency code such as USD.")
    if not 1 <= fiscal_start_month <= MONTHS_PER_YEAR:
        raise Invalid.of("fiscal_start_month", "A fiscal year starts in a month from 1 to 12.")
    if not name.strip():
        raise Invalid.of("name", "The company needs a name.")
    made = Company(
        pk=THE_COMPANY,
        name=name.strip(),
        time_zone=time_zone,
        currency=currency,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadySetUp(f"{company()} is already set up here.") from error
    FiscalCalendar.objects.create(
        pattern=FiscalCalendar.Pattern.MONTHS,
        start_month=fiscal_start_month,
        chosen_by=by,
        chosen_at=at,
    )
    detail = {"name": name, "time_zone": time_zone, "fiscal_start_month": fiscal_start_month}
    audit.record(actor=by, action="company.set_up", subject="company", at=at, detail=detail)
    return made


@transaction.atomic
def open_fiscal_year(
    *, fiscal_year: int, by: User | None = None, at: datetime | None = None
) -> list[FiscalPeriod]:
    """Make the periods of a fiscal year; asked again, return those there are.

    With `at` it is an event of the audit log; without, part of setting a machine up.
    """
    _check_right(by)
    # The lock keeps two who open the same year apart.
    locked_company()
    rows = list(FiscalPeriod.objects.of_year(fiscal_year))
    if rows:
        return rows
    try:
        with transaction.atomic():
            rows = FiscalPeriod.objects.bulk_create(rows_of(timeline().year(fiscal_year)))
    except IntegrityError as error:
        raise PeriodsOverlap(
            f"Fiscal year {fiscal_year} would share days with periods that exist already."
        ) from error
    if at is not None:
        audit.record(actor=by, action="year.opened", subject=f"year:{fiscal_year}", at=at)
    return rows


def fix_time_zone(*, at: datetime) -> None:
    """Keep the reporting zone from now on: days are being cut by it.

    Call it before reading the zone, in the transaction that cuts the days: the row stays
    locked against a change until that is committed.
    """
    Company.objects.filter(zone_fixed_at__isnull=True).update(zone_fixed_at=at)


def book_fiscal_year(*, fiscal_year: int, at: datetime) -> None:
    """Keep the days of a year from now on: money is being asked for in it.

    Call it in the transaction that asks; raises YearNotOpen where the year has no periods.
    """
    # The lock keeps a change of the calendar from cutting the year anew under our feet.
    locked_company()
    periods = FiscalPeriod.objects.of_year(fiscal_year)
    if not periods.exists():
        raise YearNotOpen(f"Fiscal year {fiscal_year} has no periods yet: open it first.")
    periods.filter(booked_at__isnull=True).update(booked_at=at)


@transaction.atomic
def change_time_zone(*, time_zone: str, by: User, at: datetime) -> Company:
    """Move the reporting zone, which is possible until the first usage is loaded."""
    _check_right(by)
    _check_zone(time_zone)
    here = locked_company()
    if here.zone_fixed_at is not None:
        raise ZoneIsFixed(
            f"Usage has been booked to days in {here.time_zone} since"
            f" {here.zone_fixed_at:%d %b %Y}, so the time zone cannot change any more."
        )
    detail = {"from": here.time_zone, "to": time_zone}
    here.time_zone = time_zone
    here.save(update_fields=["time_zone"])
    audit.record(actor=by, action="company.zone_changed", subject="company", at=at, detail=detail)
    return here


def rows_of(year: Year) -> list[FiscalPeriod]:
    return [
        FiscalPeriod(
            fiscal_year=period.year,
            number=period.number,
            label=period.label,
            starts_on=period.start,
            ends_on=period.end,
        )
        for period in year
    ]


def locked_company() -> Company:
    """Lock the company, and with it how its years run, to the transaction's end."""
    found = Company.objects.select_for_update().filter(Q(pk=THE_COMPANY)).first()
    if found is None:
        raise NotSetUp("The company has no name, time zone and fiscal year yet: set it up first.")
    return found


def _check_zone(time_zone: str) -> None:
    if time_zone not in available_timezones():
        raise Invalid.of("time_zone", f"{time_zone!r} is no time zone such as Europe/Berlin.")


def _check_right(by: User | None) -> None:
    if by is not None and not has_role(by, Role.ADMIN, Role.FINANCE, Role.CFO):
        raise NotAllowed("Only an Administrator, FinOps analyst or CFO sets up the calendar.")
