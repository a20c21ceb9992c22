"""What a product brought in and cost beside its calls, over some days."""

from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q

from finops.money import ROUNDED, calculated_in
from finops.periods import Period
from ingestion.models import OtherCogs, Revenue


class ProductMoney(NamedTuple):
    """Dollars of the days that are told of, and how many of the period's days those are."""

    usd: Decimal
    days: int


def revenue_in(product: str, *, period: Period) -> ProductMoney:
    return _within(list(Revenue.objects.filter(_touching(product, period))), period)


def other_costs_in(product: str, *, period: Period) -> ProductMoney:
    return _within(list(OtherCogs.objects.filter(_touching(product, period))), period)


def _touching(product: str, period: Period) -> Q:
    return Q(
        product=product,
        superseded_at=None,
        starts_on__lt=period.end,
        ends_on__gt=period.start,
    )


@calculated_in(ROUNDED)
def _within(rows: list[Revenue] | list[OtherCogs], period: Period) -> ProductMoney:
    """Take of each row the part of its days that the period holds; all its days are alike."""
    usd, days = Decimal(0), 0
    for row in rows:
        span = Period(row.starts_on, row.ends_on)
        held = (min(span.end, period.end) - max(span.start, period.start)).days
        usd += row.amount_usd * held / span.days
        days += held
    return ProductMoney(usd, days)
