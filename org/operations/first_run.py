"""The first run: a company that nobody set up yet is set up from the settings."""

from datetime import datetime

from django.conf import settings

from finops.periods import reporting_day
from org.models import Company
from org.operations.calendar import AlreadySetUp, open_fiscal_year, set_up_company
from org.queries.calendar import company, fiscal_year_containing

_JANUARY = 1


def ensure_company(*, at: datetime) -> Company:
    """Return the company; before anybody set it up, make it from the settings.

    Usage that arrives first then has days to be booked to, in TOKENOPS_TIME_ZONE.
    """
    if not Company.objects.exists():
        _set_up(at)
    return company()


def _set_up(at: datetime) -> None:
    try:
        made = set_up_company(
            name="My company",
            time_zone=settings.TOKENOPS_TIME_ZONE,
            currency=settings.TOKENOPS_CURRENCY,
            fiscal_start_month=_JANUARY,
            at=at,
        )
    except AlreadySetUp:  # another process was first
        return
    today = reporting_day(at, made.zone)
    open_fiscal_year(fiscal_year=fiscal_year_containing(today))
