"""A report beside what was metered: the same money told twice, day by day."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from ingestion.models import (
    CostStatus,
    Delivery,
    MeteringSource,
    ReportBucket,
    ReportLine,
    SliceDay,
)
from ingestion.queries.spend import ZERO_USD


@dataclass(frozen=True, slots=True)
class DayComparison:
    """What the provider says a UTC day cost beside what we metered; unpriced calls are extra."""

    day: date
    stated_usd: Decimal
    metered_usd: Decimal | None
    unpriced_calls: int

    @property
    def difference_usd(self) -> Decimal | None:
        return None if self.metered_usd is None else self.stated_usd - self.metered_usd


def days_compared(delivery: Delivery) -> list[DayComparison]:
    """Compare a report with the metered usage of its accounts, by the provider's day.

    Empty for a delivery of calls, and for one that is itself the meter. A day without
    metered usage is None, for usage may be missing that was paid for.
    """
    lines = _current_lines(delivery)
    accounts = set(lines.order_by().values_list("slice__provider", "slice__account").distinct())
    if not accounts or _meters(delivery.source, accounts):
        return []
    summed = lines.order_by().values("utc_day").annotate(usd=Coalesce(Sum("cost_usd"), ZERO_USD))
    stated: dict[date, Decimal] = dict(summed.values_list("utc_day", "usd"))
    metered = _metered(accounts, list(stated))
    return [
        DayComparison(day, usd, *metered.get(day, (None, 0))) for day, usd in sorted(stated.items())
    ]


def _current_lines(delivery: Delivery) -> QuerySet[ReportLine]:
    """Return the usage that now stands for the stretches a delivery speaks of."""
    return ReportLine.objects.filter(
        charge_category="usage",
        bucket__source=delivery.source,
        bucket__account=delivery.account,
        bucket__state=ReportBucket.State.CURRENT,
        bucket__starts_at__in=delivery.buckets.values("starts_at"),
    )


def _meters(source: str, accounts: set[tuple[str, str]]) -> bool:
    rows = MeteringSource.objects.filter(_any_of(accounts), source=source)
    return rows.exists()


def _metered(accounts: set[tuple[str, str]], days: list[date]) -> dict[date, tuple[Decimal, int]]:
    rows = SliceDay.objects.filter(
        _any_of(accounts, prefix="slice__"), metered=True, utc_day__in=days
    )
    summed = (
        rows.order_by()
        .values("utc_day")
        .annotate(
            usd=Coalesce(Sum("cost_usd"), ZERO_USD),
            n=Coalesce(Sum("calls", filter=Q(status=CostStatus.UNPRICED)), 0),
        )
    )
    return {day: (usd, int(n)) for day, usd, n in summed.values_list("utc_day", "usd", "n")}


def _any_of(accounts: set[tuple[str, str]], *, prefix: str = "") -> Q:
    wanted = Q()
    for provider, account in sorted(accounts):
        wanted |= Q(**{f"{prefix}provider": provider, f"{prefix}account": account})
    return wanted
