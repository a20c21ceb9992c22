"""What a change of prices would move, computed as the re-pricing would, nothing kept."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Sum

from ingestion.models import Adjustment, PriceChange, SliceDay
from ingestion.operations.adjust import gather_cells, open_booking, sum_booking
from ingestion.operations.prices import Draft, write_draft
from ingestion.queries.prices import price_book_version
from ingestion.queries.repricing import moves_on, newly_priced, slices_touched, total_usd
from ingestion.rerating import Cell, Measures
from org.models import User

# What a page can rate anew while somebody waits for it.
MOST_CALLS = 300_000

_Place = tuple[date, int | None]
_BY_MONTH_AND_UNIT = """
SELECT date_trunc('month', d.reporting_day)::date, a.unit_id, sum(d.cost_usd)
FROM {days} d
JOIN ingestion_assignment a ON a.slice_id = d.slice_id
 AND d.reporting_day >= a.starts_on AND d.reporting_day < a.ends_on
WHERE d.metered AND {condition}
GROUP BY 1, 2
"""


class Line(NamedTuple):
    """What the calls touched cost a unit in a month, before and after; None is nobody's."""

    month: date
    unit_id: int | None
    before_usd: Decimal
    change_usd: Decimal

    @property
    def after_usd(self) -> Decimal:
        return self.before_usd + self.change_usd


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would move in open periods, and what would stay in closed ones.

    `reaches_back_to` is the first UTC day that was looked at, where there are more calls
    before it than a page can rate.
    """

    lines: tuple[Line, ...]
    calls: int
    newly_priced: int
    stays_usd: Decimal
    reaches_back_to: date | None = None

    @property
    def change_usd(self) -> Decimal:
        return sum((line.change_usd for line in self.lines), Decimal(0))


def preview_draft(*, draft: Draft, by: User | None, at: datetime) -> Preview:
    """Return what a draft would move, newest days first as far as a page can wait.

    The book is changed, asked and changed back within one transaction, which locks out
    neither loads nor other changes. Raises Invalid where the draft cannot stand.
    """
    with transaction.atomic():
        change = write_draft(draft=draft, by=by, at=at)
        found = _preview(change)
        transaction.set_rollback(True)
    return found


def _preview(change: PriceChange) -> Preview:
    if change.starts_on is None or change.ends_on is None:
        return Preview((), 0, 0, Decimal(0))
    slice_ids = slices_touched(touches=change.touches, account=change.account)
    with_usage = SliceDay.objects.filter(
        slice__in=slice_ids, utc_day__gte=change.starts_on, utc_day__lt=change.ends_on
    )
    per_day = list(
        with_usage.values("utc_day").annotate(n=Sum("calls")).order_by("-utc_day")
        .values_list("utc_day", "n")
    )  # fmt: skip
    days = _affordable(per_day)
    moved: defaultdict[_Place, Decimal] = defaultdict(Decimal)
    priced, stays = 0, Decimal(0)
    version = price_book_version()
    for day in days:
        moves = moves_on(day, slice_ids, version=version)
        _add(moved, _by_month_and_unit(moves.open))
        priced += newly_priced(moves.open)
        stays += total_usd(moves.closed)
    before = dict(_standing(slice_ids, days)) if moved else {}
    return Preview(
        lines=tuple(
            Line(month, unit, before.get((month, unit), Decimal(0)), usd)
            for (month, unit), usd in sorted(moved.items(), key=lambda item: _order(item[0]))
        ),
        calls=sum(int(calls) for day, calls in per_day if day in set(days)),
        newly_priced=priced,
        stays_usd=stays,
        reaches_back_to=days[-1] if len(days) < len(per_day) else None,
    )


def _affordable(per_day: Sequence[tuple[date, int]]) -> list[date]:
    """Return the newest days whose calls a page can rate, and always the newest one."""
    days: list[date] = []
    calls = 0
    for day, more in per_day:
        calls += int(more)
        if days and calls > MOST_CALLS:
            break
        days.append(day)
    return days


def _by_month_and_unit(cells: dict[Cell, Measures]) -> list[tuple[_Place, Decimal]]:
    open_booking()
    gather_cells(cells, kind=Adjustment.Kind.REPRICE, cause="previewed")
    if not sum_booking():
        return []
    return _places(_BY_MONTH_AND_UNIT.format(days="delta", condition="true"), [])


def _standing(slice_ids: Sequence[int], days: Sequence[date]) -> list[tuple[_Place, Decimal]]:
    asked = _BY_MONTH_AND_UNIT.format(
        days="ingestion_sliceday", condition="d.slice_id = ANY(%s) AND d.utc_day = ANY(%s)"
    )
    return _places(asked, [list(slice_ids), list(days)])


def _places(sql: str, parameters: list[Any]) -> list[tuple[_Place, Decimal]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [((month, unit), usd) for month, unit, usd in cursor.fetchall()]


def _add(total: defaultdict[_Place, Decimal], more: Iterable[tuple[_Place, Decimal]]) -> None:
    for place, usd in more:
        total[place] += usd


def _order(place: _Place) -> tuple[date, int]:
    return place[0], place[1] or 0
