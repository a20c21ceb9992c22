"""Storing staged calls: what is new is inserted, duplicates are told from conflicts."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd
from django.db import connection

from finops.tokens import TOKEN_CLASSES
from ingestion.operations.event_rows import EVENT_COLUMNS, copy_rows, in_key_order, with_content
from ingestion.operations.fresh import store_fresh
from ingestion.operations.leased import (
    KEEP_ADDED,
    Leased,
    names_leases,
    open_leased,
    sum_leased,
)
from ingestion.operations.metering import claim_metering
from ingestion.operations.minutes import (
    ARRIVED,
    RECENT,
    add_minutes,
    note_minutes,
    open_minutes,
)
from ingestion.operations.rollups import MAKE_DELTA, add_delta
from ingestion.queries.metering import IS_METERED

_COLUMNS = ("line", *(name for name in EVENT_COLUMNS if name != "delivery_id"))
_EVENT_COLUMNS = ", ".join(EVENT_COLUMNS)

_MAKE_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS stage
  (LIKE ingestion_event INCLUDING DEFAULTS, line bigint NOT NULL) ON COMMIT DELETE ROWS;
ALTER TABLE stage ALTER delivery_id DROP NOT NULL;
TRUNCATE stage
"""

_CLASSES = ", ".join(TOKEN_CLASSES)
_SUMS = ", ".join(f"coalesce(sum(i.{name}), 0)" for name in TOKEN_CLASSES)
_INSERT = f"""
WITH new AS (
  INSERT INTO ingestion_event ({_EVENT_COLUMNS})
  SELECT {_EVENT_COLUMNS.replace("delivery_id", "%(delivery)s")} FROM stage
  ON CONFLICT DO NOTHING
  RETURNING reporting_day, utc_day, slice_id, status, requests, cost_pico, list_pico, key,
            started_at, {_CLASSES}
){{beside}}
INSERT INTO delta (metered, reporting_day, utc_day, slice_id, status, calls, requests,
                   cost_usd, list_usd, {_CLASSES})
SELECT {IS_METERED}, d.* FROM (
  SELECT i.reporting_day, i.utc_day, i.slice_id, i.status, count(*), sum(i.requests),
         coalesce(sum(i.cost_pico), 0) / 1000000000000::numeric,
         coalesce(sum(i.list_pico), 0) / 1000000000000::numeric, {_SUMS}
  FROM new i GROUP BY i.reporting_day, i.utc_day, i.slice_id, i.status) d
"""  # noqa: S608 -- only names of this file

# A call of a delivery that was undone may come again: it opens the next generation of its
# key. One that came again already meets that generation. A call with an id of its own is
# looked for on the neighbouring days too.
_ANY_UNDONE = "SELECT EXISTS (SELECT FROM ingestion_delivery WHERE undone_at IS NOT NULL)"
_NEXT_GENERATION = """
UPDATE stage s SET generation = found.generation
FROM (
  SELECT t.line, e.generation + CASE WHEN e.is_undone THEN 1 ELSE 0 END AS generation
  FROM stage t CROSS JOIN LATERAL (
    SELECT e.generation, d.undone_at IS NOT NULL AS is_undone
    FROM ingestion_event e JOIN ingestion_delivery d ON d.id = e.delivery_id
    WHERE e.utc_day = ANY(ARRAY[{days}]) AND e.key = t.key
    ORDER BY e.generation DESC, is_undone LIMIT 1) e) found
WHERE s.line = found.line
"""
_SAME_DAY, _DAYS_AROUND = "t.utc_day", "t.utc_day - 1, t.utc_day, t.utc_day + 1"

_DAYS_BESIDE = "SELECT array_agg(DISTINCT utc_day {direction} 1) FROM stage"
_ANY_BESIDE = "SELECT EXISTS (SELECT FROM ingestion_event WHERE utc_day = ANY(%s))"
# The same key a day earlier or later is the same call come back with another time. A line
# may hold several calls, so a call is found by line and key. The
# limit keeps the planner, which knows nothing of a table just filled, to one look into
# the index for each staged call.
_MOVED = """
WITH moved AS (
  DELETE FROM stage t USING (
    SELECT s.line, s.key, e.delivery_id, e.utc_day AS first_day, e.cost_pico AS first_cost
    FROM stage s CROSS JOIN LATERAL (
      SELECT e.delivery_id, e.utc_day, e.cost_pico FROM ingestion_event e
      WHERE e.utc_day = s.utc_day {direction} 1 AND e.key = s.key
        AND e.generation = s.generation LIMIT 1) e) found
  WHERE t.line = found.line AND t.key = found.key
  RETURNING t.line, t.utc_day, t.key, t.cost_pico,
            found.delivery_id, found.first_day, found.first_cost
)
INSERT INTO ingestion_conflict (delivery_id, line, utc_day, key, cost_pico,
                                first_delivery_id, first_utc_day, first_cost_pico)
SELECT %(delivery)s, line, utc_day, key, cost_pico, delivery_id, first_day, first_cost FROM moved
"""
_CONFLICTS = """
INSERT INTO ingestion_conflict (delivery_id, line, utc_day, key, cost_pico,
                                first_delivery_id, first_utc_day, first_cost_pico)
SELECT %(delivery)s, s.line, s.utc_day, s.key, s.cost_pico,
       e.delivery_id, e.utc_day, e.cost_pico
FROM stage s JOIN ingestion_event e
  ON e.utc_day = s.utc_day AND e.key = s.key AND e.generation = s.generation
WHERE e.content_hash <> s.content_hash
"""
_LOADED = "SELECT coalesce(sum(calls), 0) FROM delta"
_TOTALS = """
SELECT coalesce(sum(calls), 0)::bigint, coalesce(sum(calls) FILTER (WHERE status = 0), 0)::bigint,
       coalesce(sum(calls) FILTER (WHERE is_late), 0)::bigint,
       coalesce(sum(cost_usd) FILTER (WHERE is_late), 0), coalesce(sum(cost_usd), 0)
FROM delta, LATERAL (
  SELECT reporting_day >= %(history_before)s AND reporting_day < %(late_before)s AS is_late) came
"""
# A row is late whose day is further back than this when it comes: its figures may have been
# read. Further back than the other it is history that somebody loads, such as a year's file.
LATE_AFTER, HISTORY_AFTER = timedelta(days=3), timedelta(days=35)


class Stored(NamedTuple):
    """What became of staged calls: loaded + duplicate + conflict is their number."""

    loaded: int
    duplicate: int
    conflict: int
    unpriced: int
    late: int
    late_usd: Decimal
    usd: Decimal
    unit_ids: list[int]
    cost_object_ids: list[int]
    leased: tuple[Leased, ...] = ()


def store(
    staged: pd.DataFrame, *, delivery_id: int, own_keys: bool, today: date, at: datetime
) -> Stored:
    """Store staged calls and add what was new to the rollups, in the open transaction.

    `own_keys` says that rows carry ids of their source, which may come back on another
    day; keys made of the content cannot. `today` is the reporting day on which they came.
    """
    if staged.empty:
        return Stored(0, 0, 0, 0, 0, Decimal(0), Decimal(0), [], [])
    conflict, recent, has_leases = 0, at - RECENT, names_leases(staged)
    leased: tuple[Leased, ...] = ()
    with connection.cursor() as cursor:
        cursor.execute(MAKE_DELTA)
        by_minute = open_minutes(cursor)
        if has_leases:
            open_leased(cursor, staged)
        _open_months(cursor, staged)
        undone = _any_undone(cursor)
        are_all_new = not undone and store_fresh(
            cursor, staged, delivery_id=delivery_id, own_keys=own_keys
        )
        if not are_all_new:
            conflict = _sort_out(
                cursor,
                staged,
                delivery_id=delivery_id,
                own_keys=own_keys,
                undone=undone,
                recent=recent if by_minute else None,
            )
        elif by_minute:
            note_minutes(cursor, staged, since=recent)
        bounds = {"late_before": today - LATE_AFTER, "history_before": today - HISTORY_AFTER}
        cursor.execute(_TOTALS, bounds)
        loaded, unpriced, late, late_usd, usd = cursor.fetchone()
        if has_leases:
            leased = sum_leased(cursor, are_all_new=are_all_new)
    duplicate = len(staged) - loaded - conflict
    changed = add_delta()
    if by_minute:
        with connection.cursor() as cursor:
            add_minutes(cursor)
    return Stored(loaded, duplicate, conflict, unpriced, late, late_usd, usd, *changed, leased)


def _open_months(cursor: Any, staged: pd.DataFrame) -> None:
    days = (day.date() for day in staged["utc_day"].unique())
    for month in sorted({day.replace(day=1) for day in days}):
        cursor.execute("SELECT ingestion_open_month(%s)", [month])


def _any_undone(cursor: Any) -> bool:
    cursor.execute(_ANY_UNDONE)
    return bool(cursor.fetchone()[0])


def _sort_out(
    cursor: Any,
    staged: pd.DataFrame,
    *,
    delivery_id: int,
    own_keys: bool,
    undone: bool,
    recent: datetime | None,
) -> int:
    """Store what is new of calls some of which are known, and return how many conflict.

    With `recent` those from then on are summed by the minute, too.
    """
    cursor.execute(_MAKE_STAGE)
    rows = in_key_order(staged)
    copy_rows(cursor, "stage", rows, with_content(rows, _COLUMNS))
    claim_metering("stage")
    if undone:
        cursor.execute(_NEXT_GENERATION.format(days=_DAYS_AROUND if own_keys else _SAME_DAY))
    conflict = _set_moved_aside(cursor, delivery_id) if own_keys else 0
    beside = f", {ARRIVED}" if recent else ""
    beside += KEEP_ADDED if names_leases(staged) else ""
    cursor.execute(_INSERT.format(beside=beside), {"delivery": delivery_id, "recent": recent})
    cursor.execute(_LOADED)
    (loaded,) = cursor.fetchone()
    if loaded + conflict < len(staged):
        cursor.execute(_CONFLICTS, {"delivery": delivery_id})
        conflict += cursor.rowcount
    return conflict


def _set_moved_aside(cursor: Any, delivery_id: int) -> int:
    """Take calls out of the stage that are known under a neighbouring day."""
    moved = 0
    for direction in ("-", "+"):
        cursor.execute(_DAYS_BESIDE.format(direction=direction))
        (days,) = cursor.fetchone()
        cursor.execute(_ANY_BESIDE, [days])
        if cursor.fetchone()[0]:
            cursor.execute(_MOVED.format(direction=direction), {"delivery": delivery_id})
            moved += cursor.rowcount
    return moved
