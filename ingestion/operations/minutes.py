"""Counting usage by the minute: added with every load, made anew where the past changes.

Only what is watched is counted, and a load asks first, once, whether anything is.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from django.db import connection

from finops.money import usd_text
from finops.tokens import TOKEN_CLASSES
from ingestion.models import MinuteUse, MinuteWatch
from ingestion.operations.assignments import hold_loads_still
from ingestion.operations.event_rows import copy_rows
from ingestion.pricing import UNPRICED
from ingestion.queries.metering import IS_METERED

# Calls further back than this change no minute: no breaker reads them as they come.
RECENT = timedelta(hours=2)
KEPT = timedelta(hours=26)
Watched = Collection[tuple[int | None, int | None]]

_KEY = ["utc_day", "reporting_day", "minute", "slice_id"]
_MAKE_ARRIVED = """
CREATE TEMPORARY TABLE IF NOT EXISTS arrived (
  utc_day date, reporting_day date, minute timestamptz, slice_id integer,
  calls bigint, tokens bigint, cost_usd numeric) ON COMMIT DELETE ROWS;
TRUNCATE arrived
"""
_TOKENS = " + ".join(f"coalesce({name}, 0)" for name in TOKEN_CLASSES)
# Beside what a load inserts as `new`: the same rows, by the minute.
ARRIVED = f"""minutes AS (
  INSERT INTO arrived
  SELECT utc_day, reporting_day, date_trunc('minute', started_at), slice_id, count(*),
         sum({_TOKENS}), coalesce(sum(cost_pico), 0) / 1000000000000::numeric
  FROM new WHERE started_at >= %(recent)s GROUP BY 1, 2, 3, 4
)"""  # noqa: S608 -- only names of this file
_IS_WATCHED = """EXISTS (
  SELECT FROM ingestion_minutewatch w LEFT JOIN org_unit wu ON wu.id = w.unit_id
  WHERE (w.unit_id IS NULL AND w.cost_object_id IS NULL)
     OR w.cost_object_id = a.cost_object_id
     OR EXISTS (SELECT FROM org_unit u WHERE u.id = a.unit_id AND starts_with(u.path, wu.path)))"""
# In the order of the key, so that two loads never lock crosswise.
_ADD = f"""
INSERT INTO ingestion_minuteuse (minute, unit_id, cost_object_id, calls, tokens, cost_usd)
SELECT d.minute, a.unit_id, a.cost_object_id, sum(d.calls), sum(d.tokens), sum(d.cost_usd)
FROM {{arrived}} d
JOIN ingestion_assignment a ON a.slice_id = d.slice_id
 AND d.reporting_day >= a.starts_on AND d.reporting_day < a.ends_on
WHERE {IS_METERED} AND {_IS_WATCHED}
GROUP BY d.minute, a.unit_id, a.cost_object_id
ORDER BY d.minute, a.unit_id, a.cost_object_id
ON CONFLICT ON CONSTRAINT minute_is_summed_once
DO UPDATE SET calls = ingestion_minuteuse.calls + EXCLUDED.calls,
              tokens = ingestion_minuteuse.tokens + EXCLUDED.tokens,
              cost_usd = ingestion_minuteuse.cost_usd + EXCLUDED.cost_usd
"""  # noqa: S608 -- only names of this file
_OF_EVENTS = f"""(
  SELECT e.utc_day, e.reporting_day, date_trunc('minute', e.started_at) AS minute, e.slice_id,
         count(*) AS calls, sum({_TOKENS}) AS tokens,
         coalesce(sum(e.cost_pico), 0) / 1000000000000::numeric AS cost_usd
  FROM ingestion_event e JOIN ingestion_delivery l ON l.id = e.delivery_id
  WHERE e.utc_day >= %(day)s AND e.started_at >= %(since)s AND l.undone_at IS NULL
  GROUP BY 1, 2, 3, 4)"""  # noqa: S608 -- only names of this file


def open_minutes(cursor: Any) -> bool:
    """Make the temporary table `arrived` where any minutes are watched; say whether they are."""
    cursor.execute("SELECT EXISTS (SELECT FROM ingestion_minutewatch)")
    (is_watched,) = cursor.fetchone()
    if is_watched:
        cursor.execute(_MAKE_ARRIVED)
    return bool(is_watched)


def note_minutes(cursor: Any, rows: pd.DataFrame, *, since: datetime) -> None:
    """Sum calls that were stored into `arrived`, those from `since` on."""
    recent = rows[rows["started_at"] >= pd.Timestamp(since)]
    if recent.empty:
        return
    priced = recent.assign(
        minute=recent["started_at"].dt.floor("min"),
        tokens=recent[list(TOKEN_CLASSES)].sum(axis=1),
        cost_pico=recent["cost_pico"].mask(recent["cost_pico"] == UNPRICED, 0),
    )
    groups = priced.groupby(_KEY, sort=True)
    sums = groups[["tokens", "cost_pico"]].sum()
    sums["calls"] = groups.size()
    sums["cost_usd"] = [usd_text(pico) for pico in sums["cost_pico"].tolist()]
    copy_rows(cursor, "arrived", sums.reset_index(), (*_KEY, "calls", "tokens", "cost_usd"))


def add_minutes(cursor: Any) -> None:
    """Add `arrived` to the minutes of the units and cost objects that are watched."""
    cursor.execute(_ADD.format(arrived="arrived"))


def watch_minutes(watched: Watched, *, at: datetime) -> None:
    """Let the minutes of these be counted and no others: pairs of a unit and a cost object.

    The last hours are counted at once, from the calls as they were stored. Nothing is loaded
    meanwhile, for what is stored by who does not know yet would be missing.
    """
    wanted = set(watched)
    if set(MinuteWatch.objects.values_list("unit_id", "cost_object_id")) == wanted:
        return
    hold_loads_still()
    MinuteWatch.objects.all().delete()
    MinuteWatch.objects.bulk_create(
        MinuteWatch(unit_id=unit, cost_object_id=cost_object) for unit, cost_object in wanted
    )
    _make_anew(at=at)


def rebuild_minutes(*, at: datetime) -> None:
    """Count the last hours anew, after who owns them or what counts of them has changed.

    The caller holds loads still.
    """
    if MinuteWatch.objects.exists():
        _make_anew(at=at)


def prune_minutes(*, at: datetime) -> int:
    """Drop the minutes that nobody reads any more, and return how many."""
    gone, _ = MinuteUse.objects.filter(minute__lt=at - KEPT).delete()
    return gone


def _make_anew(*, at: datetime) -> None:
    since = at - KEPT
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ingestion_minuteuse")
        cursor.execute(
            _ADD.format(arrived=_OF_EVENTS), {"day": (since - RECENT).date(), "since": since}
        )
