"""What a product brought in and cost beside its calls, over some days."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from finops.money import ROUNDED, calculated_in
from finops.periods import Period
from ingestion.models import OtherCogs, Revenue

M = TypeVar("M", Revenue, OtherCogs)


class ProductMoney(NamedTuple):
    """Dollars of the days that are told of, and how many of the period's days those are."""

    usd: Decimal
    days: int


def revenue_in(product: str, *, period: Period) -> ProductMoney:
    return within(money_rows(Revenue, product, period=period), period)


def other_costs_in(product: str, *, period: Period) -> ProductMoney:
    return within(money_rows(OtherCogs, product, period=period), period)


def money_rows(model: type[M], product: str, *, period: Period) -> list[M]:
    """Return the figures that stand for a product and speak of some day of the period."""
    found = model.objects.filter(
        product=product,
        superseded_at=None,
        starts_on__lt=period.end,
        ends_on__gt=period.start,
    )
    return list(found)


@calculated_in(ROUNDED)
def within(rows: Sequence[Revenue] | Sequence[OtherCogs], period: Period) -> ProductMoney:
    """Take of each row the part of its days that the period holds; all its days are alike."""
    usd, days = Decimal(0), 0
    for row in rows:
        span = Period(row.starts_on, row.ends_on)
        held = max((min(span.end, period.end) - max(span.start, period.start)).days, 0)
        usd += row.amount_usd * held / span.days
        days += held
    return ProductMoney(usd, days)
