"""Settling a report: its buckets become current or change nothing, and usage is booked."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection
from django.db.models import Max

from ingestion.models import Delivery, ReportBucket, ReportLine
from ingestion.operations.adjust import open_booking, post_booking
from ingestion.operations.loaded import Loaded
from ingestion.operations.metering import claim_metering
from ingestion.operations.report_booking import gather_usage, hold_versions_still, take_back
from ingestion.operations.reports import State, current_buckets, hold_source_still
from ingestion.readers.registry import source as source_named
from org.refusals import Refusal

_MONEY = """
SELECT coalesce(sum(cost_usd), 0), count(*) FILTER (WHERE status = 0)
FROM ingestion_reportline WHERE bucket_id = ANY(%s) AND charge_category = 'usage'
"""
_SPEAKS_OF = """
SELECT s.provider, s.account, l.utc_day
FROM ingestion_reportline l JOIN ingestion_slice s ON s.id = l.slice_id
WHERE l.bucket_id = {bucket} AND l.charge_category = 'usage'
"""
_OVERLAP = f"""
SELECT mine.starts_at, mine.ends_at, other.starts_at, other.ends_at, other.delivery_id
FROM ingestion_reportbucket mine JOIN ingestion_reportbucket other
  ON other.source = mine.source AND other.account = mine.account
 AND other.state = 'current' AND other.delivery_id <> mine.delivery_id
 AND other.starts_at < mine.ends_at AND mine.starts_at < other.ends_at
 AND (other.starts_at, other.ends_at) <> (mine.starts_at, mine.ends_at)
WHERE mine.id = ANY(%s)
  AND EXISTS ({_SPEAKS_OF.format(bucket="mine.id")}
              INTERSECT {_SPEAKS_OF.format(bucket="other.id")})
ORDER BY mine.starts_at LIMIT 1
"""  # noqa: S608 -- only names of this file

INCOMPLETE = "The report has further pages: days known before were left as they were."
OVERTAKEN = "A report that was handed in later had been loaded already: what it says stands."


class CountedTwice(Refusal):
    """Two reports tell the same usage in buckets of different length."""

    title = "Counted twice"


class Settled(NamedTuple):
    """The counts of a report's lines, and what is to be said beside them."""

    loaded: Loaded
    notes: tuple[str, ...]


def settle_report(delivery: Delivery, *, at: datetime) -> Settled:
    """Let the buckets of a locked delivery take their places, with its last part.

    A bucket that says what the current version says changes nothing, and so does every
    known one of a report with pages missing, or of one handed in before the current
    version was. Raises CountedTwice and PeriodClosed.
    """
    hold_source_still(delivery)
    building = list(delivery.buckets.filter(state=State.BUILDING).order_by("starts_at", "ends_at"))
    current = current_buckets(delivery)
    is_complete = not delivery.chunks.filter(is_complete=False).exists()
    fresh = [row for row in building if _replaces(row, _known(row, current), is_complete)]
    _refuse_overlap(fresh)
    replaced = [known for row in fresh if (known := _known(row, current))]
    _take_places(fresh, replaced, at=at)
    taken = {row.pk for row in fresh}
    unchanged = [row for row in building if row.pk not in taken]
    _drop(unchanged)
    _book(delivery, fresh, replaced, at=at)
    usd, unpriced = _money(fresh)
    count, same = _lines(fresh), _lines(unchanged)
    loaded = Loaded(count + same, loaded=count, duplicate=same, unpriced=unpriced, usd=usd)
    return Settled(loaded, _notes(unchanged, current, is_complete=is_complete))


def _book(
    delivery: Delivery, fresh: list[ReportBucket], replaced: list[ReportBucket], *, at: datetime
) -> None:
    """Book the usage of new versions, and take back what is booked of those they replace."""
    open_booking()
    gather_usage(fresh, cause="reported")
    take_back(replaced, cause=f"superseded by import {delivery.pk}")
    # A statement of costs meters nobody by itself: it may be made so by hand.
    if source_named(delivery.source).kind == "usage":
        claim_metering("booking")
    post_booking(at=at)


def _money(fresh: list[ReportBucket]) -> tuple[Decimal, int]:
    """Return what new versions cost as they were first rated, and how many lines have no price."""
    with connection.cursor() as cursor:
        cursor.execute(_MONEY, [_ids(fresh)])
        usd, unpriced = cursor.fetchone()
    return usd, int(unpriced)


def _known(
    row: ReportBucket, current: dict[tuple[datetime, datetime], ReportBucket]
) -> ReportBucket | None:
    return current.get((row.starts_at, row.ends_at))


def _replaces(row: ReportBucket, known: ReportBucket | None, is_complete: bool) -> bool:  # noqa: FBT001 -- read beside its name
    if known is None:
        return True
    is_same = (known.line_count, known.content_hash) == (row.line_count, row.content_hash)
    return is_complete and not is_same and known.delivery_id < row.delivery_id


def _take_places(fresh: list[ReportBucket], replaced: list[ReportBucket], *, at: datetime) -> None:
    hold_versions_still(ReportBucket.objects.filter(pk__in=_ids(replaced)))
    ReportBucket.objects.filter(pk__in=_ids(replaced)).update(
        state=State.SUPERSEDED, superseded_at=at
    )
    newest = _newest_versions(fresh)
    for row in fresh:
        row.state = State.CURRENT
        row.version = newest.get((row.starts_at, row.ends_at), 0) + 1
    ReportBucket.objects.bulk_update(fresh, ["state", "version"], batch_size=500)


def _newest_versions(rows: list[ReportBucket]) -> dict[tuple[datetime, datetime], int]:
    if not rows:
        return {}
    numbered = ReportBucket.objects.filter(
        source=rows[0].source,
        account=rows[0].account,
        starts_at__in=[row.starts_at for row in rows],
        version__isnull=False,
    )
    newest = numbered.order_by().values("starts_at", "ends_at").annotate(newest=Max("version"))
    return {(row["starts_at"], row["ends_at"]): row["newest"] for row in newest}


def _drop(unchanged: list[ReportBucket]) -> None:
    ids = _ids(unchanged)
    ReportLine.objects.filter(bucket__in=ids).delete()
    ReportBucket.objects.filter(pk__in=ids).update(state=State.UNCHANGED)


def _refuse_overlap(fresh: list[ReportBucket]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_OVERLAP, [_ids(fresh)])
        found = cursor.fetchone()
    if found:
        mine, other = _span(*found[:2]), _span(*found[2:4])
        raise CountedTwice(
            f"The bucket {mine} overlaps {other}, which import {found[4]} brought: the same"
            f" usage would count twice. Undo import {found[4]} first."
        )


def _span(starts_at: datetime, ends_at: datetime) -> str:
    return f"{starts_at:%Y-%m-%d %H:%M} to {ends_at:%Y-%m-%d %H:%M} UTC"


def _notes(
    unchanged: list[ReportBucket],
    current: dict[tuple[datetime, datetime], ReportBucket],
    *,
    is_complete: bool,
) -> tuple[str, ...]:
    if not is_complete:
        return (INCOMPLETE,)
    known = [(row, current[row.starts_at, row.ends_at]) for row in unchanged]
    differs = any(row.content_hash != stands.content_hash for row, stands in known)
    return (OVERTAKEN,) if differs else ()


def _lines(rows: list[ReportBucket]) -> int:
    return sum(row.line_count for row in rows)


def _ids(rows: Iterable[ReportBucket]) -> list[int]:
    return [row.pk for row in rows]
