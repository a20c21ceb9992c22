"""Products that earn: their revenue, other costs and calls by the month."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from ingestion.models import OtherCogs, Revenue, Slice
from tests.factories.ingestion import book
from tests.org_cast import Cast


def months(count: int, *, year: int = 2026) -> list[tuple[date, date]]:
    """Return the first months of a year, each with the first day after it."""
    starts = [date(year, number, 1) for number in range(1, count + 2)]
    return list(pairwise(starts))


def earned(
    cast: Cast,
    days: Sequence[date],
    *,
    at: datetime,
    revenue: str = "200000",
    other: str = "40000",
    ai: str = "32000",
    work: Slice,
) -> None:
    """Tell a month: 200,000 of revenue at a margin of 64 %, unless it is told otherwise."""
    whole = {"starts_on": days[0], "ends_on": days[1], "recorded_at": at}
    for model, amount in ((Revenue, revenue), (OtherCogs, other)):
        model.objects.create(
            product="helpdesk", amount_usd=Decimal(amount), recorded_by=cast.fiona, **whole
        )
    count = (days[1] - days[0]).days
    for number in range(count):  # every day alike, to the cent; the last one has the rest
        each = (Decimal(ai) / count).quantize(Decimal("0.01"))
        usd = each if number < count - 1 else Decimal(ai) - each * (count - 1)
        book(work, days[0] + timedelta(days=number), usd)
