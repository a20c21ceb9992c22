"""What a change of the price book touches, and what rating it anew would move."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Min, Q, QuerySet

from finops.tokens import TOKEN_CLASSES
from ingestion.models import Adjustment, CostStatus, ReportBucket, Slice, SliceDay
from ingestion.queries.events import event_frames
from ingestion.queries.prices import covers, names_of
from ingestion.queries.report_lines import current_versions_on, line_frames
from ingestion.rerating import MEASURES, Cell, Measures, calls_moved_by, lines_moved_by
from org.models import FiscalPeriod

_PICO = Decimal(10) ** 12


class Moves(NamedTuple):
    """What rating usage anew moves: in open days, and in days that stay as they are."""

    open: dict[Cell, Measures]
    closed: dict[Cell, Measures]


def slices_touched(
    *, touches: Iterable[Sequence[str]], account: str, using: str = DEFAULT_DB_ALIAS
) -> list[int]:
    """Return the slices whose calls a change of the book may price otherwise."""
    found = Slice.objects.using(using)
    if account:
        found = found.filter(account=account)
    patterns = [tuple(pair) for pair in touches]
    touched = Q(pk__in=[])
    for provider, model in found.values_list("provider", "model").distinct():
        names = names_of(provider, model)
        if any(covers(pair[0], pair[1], names) for pair in patterns):
            touched |= Q(provider=provider, model=model)
    return sorted(found.filter(touched).values_list("pk", flat=True))


def days_touched(
    *, touches: Iterable[Sequence[str]], account: str, using: str = DEFAULT_DB_ALIAS
) -> tuple[date, date] | None:
    """Return the first and last UTC day with usage that a change may price otherwise."""
    slices = slices_touched(touches=touches, account=account, using=using)
    with_usage = SliceDay.objects.using(using).filter(slice__in=slices)
    days = with_usage.order_by("utc_day").values_list("utc_day", flat=True)
    first, last = days.first(), days.last()
    return (first, last) if first and last else None


def next_day_touched(slice_ids: Sequence[int], *, start: date, end: date) -> date | None:
    """Return the first UTC day in [start, end) on which one of the slices has usage."""
    days = SliceDay.objects.filter(slice__in=slice_ids, utc_day__gte=start, utc_day__lt=end)
    found: date | None = days.aggregate(first=Min("utc_day"))["first"]
    return found


def moves_on(day: date, slice_ids: Sequence[int], *, version: int) -> Moves:
    """Return what rating a UTC day's usage of the slices by the book anew moves."""
    versions = list(current_versions_on(day, slice_ids))
    return parted(
        calls_moved_on(day, slice_ids, version=version)
        | lines_moved_on(day, slice_ids, versions, version=version)
    )


def calls_moved_on(day: date, slice_ids: Sequence[int], *, version: int) -> dict[Cell, Measures]:
    """Return what rating calls of a UTC day anew moves.

    What they were last rated at is their first cost and the re-pricings since.
    """
    moved = _nothing()
    for frame in event_frames(day, slice_ids):
        _add(moved, calls_moved_by(frame, version=version), sign=1)
    rows = Adjustment.objects.filter(bucket__isnull=True, delivery__isnull=False)
    of_calls = rows.filter(delivery__undone_at__isnull=True)
    _add(moved, _repriced_before(of_calls, day, slice_ids), sign=-1)
    return moved


def lines_moved_on(
    day: date, slice_ids: Sequence[int], versions: Sequence[ReportBucket], *, version: int
) -> dict[Cell, Measures]:
    """Return the same for lines of the current versions of reports."""
    moved = _nothing()
    bucket_ids = [bucket.pk for bucket in versions]
    for frame in line_frames(bucket_ids, day=day, slice_ids=slice_ids):
        _add(moved, lines_moved_by(frame, version=version), sign=1)
    of_lines = Adjustment.objects.filter(bucket__in=bucket_ids)
    _add(moved, _repriced_before(of_lines, day, slice_ids), sign=-1)
    return moved


def lines_moved(versions: Sequence[ReportBucket], *, version: int) -> dict[Cell, Measures]:
    """Return what rating lines anew moves whose versions have had no re-pricing."""
    moved = _nothing()
    for frame in line_frames([bucket.pk for bucket in versions]):
        _add(moved, lines_moved_by(frame, version=version), sign=1)
    return _real(moved)


def parted(moved: Mapping[Cell, Measures]) -> Moves:
    """Part what really moves by whether its day is open."""
    real = _real(moved)
    closed_days = _closed_days({cell.reporting_day for cell in real})
    return Moves(
        {cell: each for cell, each in real.items() if cell.reporting_day not in closed_days},
        {cell: each for cell, each in real.items() if cell.reporting_day in closed_days},
    )


def _nothing() -> defaultdict[Cell, Measures]:
    return defaultdict(lambda: [0] * len(MEASURES))


def _real(moved: Mapping[Cell, Measures]) -> dict[Cell, Measures]:
    return {cell: measures for cell, measures in moved.items() if any(measures)}


def _add(
    total: defaultdict[Cell, Measures], more: Mapping[Cell, Sequence[int]], *, sign: int
) -> None:
    for cell, measures in more.items():
        total[cell] = [had + sign * has for had, has in zip(total[cell], measures, strict=True)]


def _repriced_before(
    adjustments: QuerySet[Adjustment], day: date, slice_ids: Sequence[int]
) -> dict[Cell, Measures]:
    rows = adjustments.filter(
        kind=Adjustment.Kind.REPRICE, utc_day=day, slice__in=slice_ids
    ).order_by("pk")
    before = _nothing()
    for row in rows.iterator(chunk_size=5000):
        whose = row.slice_id, row.delivery_id or 0, row.bucket_id or 0
        cell = Cell(row.reporting_day, row.utc_day, *whose, row.status)
        _add(before, {cell: _measures_of(row)}, sign=1)
    return before


def _measures_of(row: Adjustment) -> list[int]:
    money = [int(row.cost_usd * _PICO), int(row.list_usd * _PICO)]
    return [row.calls, row.requests, *money, *(getattr(row, name) for name in TOKEN_CLASSES)]


def _closed_days(days: set[date]) -> set[date]:
    if not days:
        return set()
    closed = list(
        FiscalPeriod.objects.filter(
            state=FiscalPeriod.State.CLOSED, starts_on__lte=max(days), ends_on__gt=min(days)
        )
    )
    return {day for day in days if any(p.starts_on <= day < p.ends_on for p in closed)}


def newly_priced(cells: Mapping[Cell, Measures]) -> int:
    """Return how many calls lose the status unpriced, less those that gain it."""
    return -sum(each[0] for cell, each in cells.items() if cell.status == CostStatus.UNPRICED)


def total_usd(cells: Mapping[Cell, Measures]) -> Decimal:
    return _usd(sum(measures[2] for measures in cells.values()))


def total_list_usd(cells: Mapping[Cell, Measures]) -> Decimal:
    return _usd(sum(measures[3] for measures in cells.values()))


def _usd(pico: int) -> Decimal:
    return Decimal(pico).scaleb(-12)
