"""Telling what the company holds in cash."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from finops.periods import reporting_day
from org import audit
from org.models import CashPosition, User
from org.permissions import can_record_cash
from org.queries.calendar import company
from org.refusals import FieldError, Invalid, NotAllowed
from org.templatetags.figures import day as written_day

LARGEST_USD = Decimal(10) ** 15


@transaction.atomic
def record_cash(
    *,
    as_of: date,
    cash_usd: Decimal,
    net_burn_usd_per_month: Decimal,
    source: str,
    by: User,
    at: datetime,
) -> CashPosition:
    """Keep what was held on a day; the newest day counts, and of one day what was told last.

    Raises NotAllowed, or Invalid with a sentence per field.
    """
    if not can_record_cash(by):
        raise NotAllowed("Cash is told by the CFO and FinOps analysts of the whole company.")
    today = reporting_day(at, company().zone)
    rules = (
        ("as_of", as_of <= today, f"Tell what is held, today, {written_day(today)}, or before."),
        ("cash_usd", 0 <= cash_usd < LARGEST_USD, "Cash is no less than nothing."),
        (
            "net_burn_usd_per_month",
            abs(net_burn_usd_per_month) < LARGEST_USD,
            "That is no burn of a month.",
        ),
        ("source", bool(source.strip()), "Say where the figures come from."),
    )
    errors = [FieldError(f"/{name}", detail) for name, holds, detail in rules if not holds]
    if errors:
        raise Invalid(errors[0].detail, errors=errors)
    row = CashPosition.objects.create(
        as_of=as_of,
        cash_usd=cash_usd,
        net_burn_usd_per_month=net_burn_usd_per_month,
        source=source.strip(),
        recorded_by=by,
        recorded_at=at,
    )
    detail = {
        "cash_usd": cash_usd,
        "net_burn_usd_per_month": net_burn_usd_per_month,
        "source": row.source,
    }
    audit.record(actor=by, action="cash.recorded", subject=f"cash:{as_of}", at=at, detail=detail)
    return row
