"""The hard daily caps of experiments day by day, and the days on which they moved."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from budgets.models import Initiative
from budgets.queries.baseline_usage import Watched, days_in
from finops.money import to_cents
from finops.periods import ONE_DAY, Period, reporting_day
from finops.stability.days import Event, Kind
from policy.models import Cap, Override

Rows = dict[int, list[Cap]]
Happened = tuple[int, date, Event]


class CapDay(NamedTuple):
    """The daily cap at the end of a day, and the lowest from that day on up to now."""

    cap_usd: Decimal
    least_usd: Decimal


def cap_rows(watched: Sequence[Watched]) -> Rows:
    """Return the hard daily caps there were of each experiment, the first one first."""
    by_object = {each.initiative.cost_object_id: each.initiative.pk for each in watched}
    caps = Cap.objects.filter(
        scope__cost_object__in=list(by_object), window=Cap.Window.DAY, mode=Cap.Mode.HARD
    )
    found: Rows = defaultdict(list)
    for cap in caps.select_related("scope").order_by("pk"):
        found[by_object[cap.scope.cost_object_id]].append(cap)
    return found


def daily_caps(
    initiative: Initiative, rows: Sequence[Cap], *, period: Period, zone: ZoneInfo
) -> dict[date, CapDay]:
    """Return the hard daily cap of each day; days before there was one have that of the first."""
    ends = [(row, reporting_day(row.retired_at, zone) if row.retired_at else None) for row in rows]
    caps = {
        day: next(
            (row.limit_usd for row, end in ends if end is None or end > day),
            initiative.daily_cap_usd,
        )
        for day in days_in(period)
    }
    least, found = initiative.daily_cap_usd, {}
    for day in sorted(caps, reverse=True):
        least = min(least, caps[day])
        found[day] = CapDay(caps[day], least)
    return found


def cap_moves(rows: Rows, *, zone: ZoneInfo) -> Iterator[Happened]:
    """Yield the days on which a cap was replaced by a higher or a lower one."""
    for pk, caps in rows.items():
        for before, after in pairwise(caps):
            if before.retired_at is None or before.limit_usd == after.limit_usd:
                continue
            kind = Kind.CAP_RAISED if after.limit_usd > before.limit_usd else Kind.CAP_LOWERED
            words = f"from {_usd(before.limit_usd)} to {_usd(after.limit_usd)} a day."
            yield pk, reporting_day(before.retired_at, zone), Event(kind=kind, text=words)


def cap_overrides(rows: Rows, *, zone: ZoneInfo) -> Iterator[Happened]:
    """Yield the days on which an override let more through than the cap."""
    owners = {cap.pk: pk for pk, caps in rows.items() for cap in caps}
    for each in Override.objects.filter(cap__in=list(owners), started_at__isnull=False):
        started_at = each.started_at or each.requested_at
        first = reporting_day(started_at, zone)
        last = reporting_day(each.ended_at or each.expires_at, zone)
        words = f"to {_usd(each.limit_usd)} for some hours, by an override."
        for day in days_in(Period(first, max(first, last) + ONE_DAY)):
            yield owners[each.cap_id], day, Event(kind=Kind.CAP_RAISED, text=words)


def _usd(value: Decimal) -> str:
    return f"${to_cents(value):,}"
