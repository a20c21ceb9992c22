"""Which source meters a provider account, and what its other sources say of the same money."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from finops.money import ROUNDED, calculated_in
from finops.periods import Period
from finops.tokens import TOKEN_CLASSES
from ingestion.models import CostStatus, MeteringSource, Slice, SliceDay
from ingestion.queries.spend import ZERO_USD

# For rows `d` of a day and a slice: a slice's spend counts where its source is the
# account's source of record on that day, which is the provider's.
IS_METERED = """EXISTS (
  SELECT FROM ingestion_slice s JOIN ingestion_meteringsource m
    ON m.provider = s.provider AND m.account = s.account AND m.source = s.source
   AND (m.starts_on IS NULL OR m.starts_on <= d.utc_day)
   AND (m.ends_on IS NULL OR d.utc_day < m.ends_on)
  WHERE s.id = d.slice_id)"""

Account = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What one source says of an account in a period, and how much of it counts."""

    source: str
    usd: Decimal
    calls: int
    tokens: int
    unpriced_calls: int
    days: int
    counted_usd: Decimal
    is_counted: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A source beside what counts on the days it tells of; None where nothing counts there."""

    told: Told
    counted_usd: Decimal | None

    @property
    def difference_usd(self) -> Decimal | None:
        return None if self.counted_usd is None else self.told.usd - self.counted_usd

    @property
    @calculated_in(ROUNDED)
    def difference_share(self) -> Decimal | None:
        if self.difference_usd is None or not self.counted_usd:
            return None
        return self.difference_usd / self.counted_usd


@dataclass(frozen=True, slots=True)
class AccountSources:
    """A provider account: its sources of record over time, and every source side by side."""

    provider: str
    account: str
    records: list[MeteringSource]
    sources: list[str]
    compared: list[Compared]

    @property
    def of_record(self) -> str | None:
        """The source whose usage counts from now on."""
        return next((row.source for row in self.records if row.ends_on is None), None)

    @property
    def others(self) -> list[str]:
        """The sources that could count instead."""
        return [source for source in self.sources if source != self.of_record]


def accounts_compared(period: Period) -> list[AccountSources]:
    """Return every account anybody reported on, with what each source says of the UTC days."""
    records: dict[Account, list[MeteringSource]] = defaultdict(list)
    for row in MeteringSource.objects.order_by(F("starts_on").asc(nulls_first=True)):
        records[row.provider, row.account].append(row)
    sources = _sources()
    told = _told(period)
    return [
        AccountSources(*key, records[key], sources[key], told.get(key, []))
        for key in sorted(sources)
    ]


def _sources() -> Mapping[Account, list[str]]:
    found: dict[Account, list[str]] = defaultdict(list)
    rows = Slice.objects.order_by("provider", "account", "source")
    for provider, account, source in rows.values_list("provider", "account", "source").distinct():
        found[provider, account].append(source)
    return found


def _told(period: Period) -> Mapping[Account, list[Compared]]:
    """Put every source beside what counts on the same days: a cost report may tell of three."""
    days: dict[Account, dict[str, list[_Day]]] = defaultdict(lambda: defaultdict(list))
    for provider, account, source, *measures in _days(period):
        days[provider, account][source].append(_Day(*measures))
    return {account: _compared(sources) for account, sources in days.items()}


class _Day(NamedTuple):
    """What one source says of one UTC day; `rows` of it count."""

    day: date
    usd: Decimal
    calls: int
    tokens: int
    unpriced_calls: int
    counted_usd: Decimal
    rows_counted: int


def _days(period: Period) -> Iterable[tuple[Any, ...]]:
    measures = {
        "usd": Sum("cost_usd"),
        "made": Sum("calls"),
        "tokens": sum((Sum(name) for name in TOKEN_CLASSES[1:]), Sum(TOKEN_CLASSES[0])),
        "unpriced": Coalesce(Sum("calls", filter=Q(status=CostStatus.UNPRICED)), 0),
        "counted": Coalesce(Sum("cost_usd", filter=Q(metered=True)), ZERO_USD),
        "counts": Count("pk", filter=Q(metered=True)),
    }
    key = ("slice__provider", "slice__account", "slice__source", "utc_day")
    rows: Iterable[tuple[Any, ...]] = (
        SliceDay.objects.filter(utc_day__gte=period.start, utc_day__lt=period.end)
        .order_by()
        .values(*key)
        .annotate(**measures)
        .order_by("slice__source")
        .values_list(*key, *measures)
    )
    return rows


def _compared(sources: Mapping[str, list[_Day]]) -> list[Compared]:
    """Put what counts first, and every source beside the sum of what counts on its days."""
    counted: dict[date, Decimal] = defaultdict(Decimal)
    for days in sources.values():
        for each in days:
            if each.rows_counted:
                counted[each.day] += each.counted_usd
    found = [_beside(source, days, counted) for source, days in sources.items()]
    return sorted(found, key=lambda row: not row.told.is_counted)


def _beside(source: str, days: list[_Day], counted: Mapping[date, Decimal]) -> Compared:
    told = Told(
        source=source,
        usd=sum((each.usd for each in days), ZERO_USD),
        calls=int(sum(each.calls for each in days)),
        tokens=int(sum(each.tokens for each in days)),
        unpriced_calls=int(sum(each.unpriced_calls for each in days)),
        days=len(days),
        counted_usd=sum((each.counted_usd for each in days), ZERO_USD),
        is_counted=any(each.rows_counted for each in days),
    )
    both = [counted[each.day] for each in days if each.day in counted]
    return Compared(told, sum(both, ZERO_USD) if both else None)
