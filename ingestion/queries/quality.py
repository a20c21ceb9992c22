"""Can the numbers be trusted: what is missing, unowned, unpriced or at odds, in figures."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from finops.money import ROUNDED, calculated_in, usd_of
from finops.periods import ONE_DAY, Period
from ingestion.models import Conflict, CostStatus, Delivery, SliceDay, UnitDay
from ingestion.queries.deliveries import PROBLEMS
from ingestion.queries.spend import ZERO_USD

SHOWN_DAYS = 30
WEEK = timedelta(days=7)
# A day is expected where its weekday had data in at least three of the four weeks before.
WEEKS_BEFORE, WEEKS_NEEDED = 4, 3


class Counts(NamedTuple):
    """Metered calls and dollars of a period, and how much of them has a price and an owner."""

    usd: Decimal
    unallocated_usd: Decimal
    calls: int
    unpriced_calls: int
    priced_tokens: int
    unpriced_tokens: int

    @property
    @calculated_in(ROUNDED)
    def allocated_share(self) -> Decimal | None:
        return 1 - self.unallocated_usd / self.usd if self.usd else None

    @property
    @calculated_in(ROUNDED)
    def priced_share(self) -> Decimal | None:
        return 1 - Decimal(self.unpriced_calls) / self.calls if self.calls else None

    @property
    @calculated_in(ROUNDED)
    def unpriced_guess_usd(self) -> Decimal | None:
        """Return what unpriced tokens would cost at the average of the priced ones.

        A measure of the risk, never a cost. None where nothing priced can be compared.
        """
        if not self.unpriced_tokens:
            return ZERO_USD
        if not self.priced_tokens:
            return None
        return self.usd / self.priced_tokens * self.unpriced_tokens


class Received(NamedTuple):
    """What became of the rows that came in, and by how much conflicting calls differ."""

    rows: int
    duplicate: int
    conflict: int
    rejected: int
    failed_deliveries: int
    conflict_usd: Decimal
    loaded: int
    late: int
    late_usd: Decimal

    @property
    @calculated_in(ROUNDED)
    def sound_share(self) -> Decimal | None:
        return 1 - Decimal(self.conflict + self.rejected) / self.rows if self.rows else None

    @property
    @calculated_in(ROUNDED)
    def timely_share(self) -> Decimal | None:
        return 1 - Decimal(self.late) / self.loaded if self.loaded else None


class Comparison(NamedTuple):
    """How much metered money another source tells too, and by how much the two differ."""

    metered_usd: Decimal
    compared_usd: Decimal
    difference_usd: Decimal

    @property
    @calculated_in(ROUNDED)
    def share(self) -> Decimal | None:
        return self.compared_usd / self.metered_usd if self.metered_usd else None


@dataclass(frozen=True, slots=True)
class SourceDays:
    """A source and account with its calls by day; a day that is expected may be missing."""

    source: str
    account: str
    calls: Mapping[date, int]
    missing: frozenset[date]
    expected: int
    usd_a_day: Decimal

    @property
    def last_day(self) -> date:
        return max(self.calls)


def last_days(today: date) -> Period:
    """Return the days that are over and shown: thirty, without today."""
    return Period(today - timedelta(days=SHOWN_DAYS), today)


def counts_of(period: Period) -> Counts:
    """Return what the period's metered spend lacks."""
    days = UnitDay.objects.filter(
        metered=True, reporting_day__gte=period.start, reporting_day__lt=period.end
    )
    unpriced = Q(status=CostStatus.UNPRICED)
    tokens = Sum("in_tokens") + Sum("out_tokens")
    found = days.aggregate(
        spent=Coalesce(Sum("cost_usd"), ZERO_USD),
        unowned=Coalesce(Sum("cost_usd", filter=Q(unit=None)), ZERO_USD),
        made=Coalesce(Sum("calls"), 0),
        unpriced=Coalesce(Sum("calls", filter=unpriced), 0),
        tokens=Coalesce(tokens, 0),
        in_unpriced=Coalesce(Sum("in_tokens", filter=unpriced), 0),
        out_unpriced=Coalesce(Sum("out_tokens", filter=unpriced), 0),
    )
    unpriced_tokens = int(found["in_unpriced"] + found["out_unpriced"])
    return Counts(
        usd=found["spent"],
        unallocated_usd=found["unowned"],
        calls=int(found["made"]),
        unpriced_calls=int(found["unpriced"]),
        priced_tokens=int(found["tokens"]) - unpriced_tokens,
        unpriced_tokens=unpriced_tokens,
    )


def compared_in(period: Period) -> Comparison:
    """Put the metered money of every account and UTC day beside what another source says.

    Of several other sources of a day the one that differs most is taken.
    """
    rows = (
        SliceDay.objects.filter(utc_day__gte=period.start, utc_day__lt=period.end)
        .order_by()
        .values("slice__provider", "slice__account", "utc_day", "metered", "slice__source")
        .annotate(usd=Sum("cost_usd"))
        .values_list("slice__provider", "slice__account", "utc_day", "metered", "usd")
    )
    metered: dict[tuple[str, str, date], Decimal] = defaultdict(Decimal)
    others: dict[tuple[str, str, date], list[Decimal]] = defaultdict(list)
    for provider, account, day, counts, usd in rows:
        if counts:
            metered[provider, account, day] += usd
        else:
            others[provider, account, day].append(usd)
    both = metered.keys() & others.keys()
    return Comparison(
        metered_usd=sum(metered.values(), ZERO_USD),
        compared_usd=sum((metered[key] for key in both), ZERO_USD),
        difference_usd=sum(
            (max(abs(usd - metered[key]) for usd in others[key]) for key in both), ZERO_USD
        ),
    )


def received_in(period: Period) -> Received:
    """Return what became of the rows that came in during the period's UTC days."""
    deliveries = Delivery.objects.filter(
        submitted_at__date__gte=period.start, submitted_at__date__lt=period.end
    )
    counts = Q(undone_at=None)
    found = deliveries.aggregate(
        **{name: Coalesce(Sum(name), 0) for name in ("rows", "duplicate", "conflict", "rejected")},
        counted=Coalesce(Sum("loaded", filter=counts), 0),
        came_late=Coalesce(Sum("late", filter=counts), 0),
        came_late_usd=Coalesce(Sum("late_usd", filter=counts), ZERO_USD),
    )
    pico = Conflict.objects.filter(delivery__in=deliveries).aggregate(
        first=Coalesce(Sum("first_cost_pico"), 0), again=Coalesce(Sum("cost_pico"), 0)
    )
    return Received(
        rows=found["rows"],
        duplicate=found["duplicate"],
        conflict=found["conflict"],
        rejected=found["rejected"],
        failed_deliveries=deliveries.filter(state__in=PROBLEMS).count(),
        conflict_usd=usd_of(abs(pico["again"] - pico["first"])),
        loaded=found["counted"],
        late=found["came_late"],
        late_usd=found["came_late_usd"],
    )


def troubled_deliveries(period: Period, *, most: int) -> QuerySet[Delivery]:
    """Return deliveries of the period with rejected or conflicting rows, or that failed."""
    troubled = Q(rejected__gt=0) | Q(conflict__gt=0) | Q(state__in=PROBLEMS)
    within = Q(submitted_at__date__gte=period.start, submitted_at__date__lt=period.end)
    return Delivery.objects.filter(troubled & within).order_by("-rejected", "-pk")[:most]


def source_days(*, shown: Period) -> list[SourceDays]:
    """Return every metered source with data of these days or of the four weeks before.

    What only compares, such as a monthly cost report, is missed by nobody day by day. Days
    are the provider's, UTC; the source with the most missing money stands first.
    """
    since = shown.start - WEEK * WEEKS_BEFORE
    rows = (
        SliceDay.objects.filter(metered=True, utc_day__gte=since, utc_day__lt=shown.end)
        .order_by()
        .values("slice__source", "slice__account", "utc_day")
        .annotate(made=Sum("calls"), usd=Sum("cost_usd"))
        .values_list("slice__source", "slice__account", "utc_day", "made", "usd")
    )
    by_source: dict[tuple[str, str], dict[date, tuple[int, Decimal]]] = {}
    for source, account, day, calls, usd in rows:
        by_source.setdefault((source, account), {})[day] = (int(calls), usd)
    found = [_source_days(*key, days, shown) for key, days in by_source.items()]
    return sorted(found, key=lambda row: (-len(row.missing) * row.usd_a_day, row.source))


def _source_days(
    source: str, account: str, days: Mapping[date, tuple[int, Decimal]], shown: Period
) -> SourceDays:
    all_shown = [shown.start + ONE_DAY * n for n in range((shown.end - shown.start).days)]
    expected = [day for day in all_shown if _is_expected(day, days)]
    return SourceDays(
        source=source,
        account=account,
        calls={day: calls for day, (calls, _) in days.items()},
        missing=frozenset(day for day in expected if day not in days),
        expected=len(expected),
        usd_a_day=_mean([usd for _, usd in days.values()]),
    )


def _is_expected(day: date, days: Mapping[date, object]) -> bool:
    before = (day - WEEK * weeks for weeks in range(1, WEEKS_BEFORE + 1))
    return day in days or sum(each in days for each in before) >= WEEKS_NEEDED


@calculated_in(ROUNDED)
def _mean(amounts: Sequence[Decimal]) -> Decimal:
    return sum(amounts, ZERO_USD) / len(amounts) if amounts else ZERO_USD
