"""Rollups: slice days from events, unit days from slice days; sums that can be proved."""

from typing import Any, Literal

from django.db import connection

from finops.tokens import INPUT_CLASSES, OUTPUT_CLASSES, TOKEN_CLASSES
from ingestion.queries.core import CORE_SPANS, IS_CORE
from ingestion.queries.rules import book_number
from org.refusals import Refusal

_IN_TOKENS = " + ".join(INPUT_CLASSES)
_OUT_TOKENS = " + ".join(OUTPUT_CLASSES)
_SLICE_DAY_MEASURES = ("calls", "requests", "cost_usd", "list_usd", *TOKEN_CLASSES)
_UNIT_DAY_MEASURES = ("calls", "in_tokens", "out_tokens", "cost_usd", "list_usd")


def _added(table: str, measures: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = {table}.{name} + EXCLUDED.{name}" for name in measures)


# What was taken back whole leaves no row behind: a day without usage is no day of usage.
def _id_where_empty(measures: tuple[str, ...]) -> str:
    return f" RETURNING CASE WHEN {' AND '.join(f'{name} = 0' for name in measures)} THEN id END"


# `delta` holds what a load really added: one row per reporting day, UTC day, slice and
# status.
MAKE_DELTA = """
CREATE TEMPORARY TABLE IF NOT EXISTS delta (LIKE ingestion_sliceday) ON COMMIT DELETE ROWS;
ALTER TABLE delta ALTER id DROP NOT NULL;
TRUNCATE delta
"""

_CLOSED = """
SELECT p.label FROM org_fiscalperiod p
WHERE p.state = 'closed' AND EXISTS (
  SELECT FROM delta d WHERE d.reporting_day >= p.starts_on AND d.reporting_day < p.ends_on)
ORDER BY p.starts_on LIMIT 1
"""

# Rows are written in key order, so that two loads never lock crosswise.
_ADD_SLICE_DAYS = f"""
INSERT INTO ingestion_sliceday
  (reporting_day, utc_day, slice_id, status, metered, {", ".join(_SLICE_DAY_MEASURES)})
SELECT reporting_day, utc_day, slice_id, status, metered, {", ".join(_SLICE_DAY_MEASURES)}
FROM delta ORDER BY reporting_day, utc_day, slice_id, status
ON CONFLICT ON CONSTRAINT slice_day_is_summed_once
DO UPDATE SET {_added("ingestion_sliceday", _SLICE_DAY_MEASURES)}
"""  # noqa: S608 -- only names of this file

_UNIT_DAYS_FROM = """
INSERT INTO ingestion_unitday
  (reporting_day, unit_id, cost_object_id, provider, model, status, metered, rule_book, is_core,
   calls, in_tokens, out_tokens, cost_usd, list_usd)
SELECT d.reporting_day, a.unit_id, a.cost_object_id, s.provider, s.model, d.status, d.metered, %s,
       {is_core},
       sum(d.calls), sum({in_tokens}), sum({out_tokens}), sum(d.cost_usd), sum(d.list_usd)
FROM {days} d
JOIN ingestion_slice s ON s.id = d.slice_id
JOIN ingestion_assignment a ON a.slice_id = d.slice_id
 AND d.reporting_day >= a.starts_on AND d.reporting_day < a.ends_on
{core_spans}
GROUP BY d.reporting_day, a.unit_id, a.cost_object_id, s.provider, s.model, d.status, d.metered,
         {is_core}
HAVING sum(d.calls) <> 0 OR sum({in_tokens}) <> 0 OR sum({out_tokens}) <> 0
    OR sum(d.cost_usd) <> 0 OR sum(d.list_usd) <> 0
ORDER BY d.reporting_day, a.unit_id, a.cost_object_id, s.provider, s.model, d.status, d.metered
"""


_EMPTY_SLICE_DAY = _id_where_empty(_SLICE_DAY_MEASURES)
_EMPTY_UNIT_DAY = _id_where_empty(_UNIT_DAY_MEASURES)

_TOUCHED = """
SELECT coalesce(array_agg(DISTINCT a.unit_id) FILTER (WHERE a.unit_id IS NOT NULL), '{}'),
       coalesce(array_agg(DISTINCT a.cost_object_id) FILTER (WHERE a.cost_object_id IS NOT NULL),
                '{}')
FROM delta d JOIN ingestion_assignment a ON a.slice_id = d.slice_id
 AND d.reporting_day >= a.starts_on AND d.reporting_day < a.ends_on
"""


class PeriodClosed(Refusal):
    """The figures of a closed period cannot change."""

    title = "Period closed"


def add_delta(*, takes_back: bool = False) -> tuple[list[int], list[int]]:
    """Add the temporary table `delta` to the rollups.

    `takes_back` says that sums may fall to nothing. Returns the ids of the units and of
    the cost objects whose spend it changed. Raises PeriodClosed.
    """
    refuse_closed_periods()
    with connection.cursor() as cursor:
        cursor.execute(_ADD_SLICE_DAYS + (_EMPTY_SLICE_DAY if takes_back else ""))
        if takes_back:
            _drop_empty(cursor, "ingestion_sliceday")
    return add_to_unit_days(takes_back=takes_back)


def refuse_closed_periods() -> None:
    """Raise PeriodClosed where `delta` holds a day of a closed period."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOSED)
        if closed := cursor.fetchone():
            raise PeriodClosed(f"Period {closed[0]} is closed: its figures cannot change.")


def add_to_unit_days(*, takes_back: bool = False) -> tuple[list[int], list[int]]:
    """Add `delta` to the unit days alone; return whose spend it changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            _unit_days_from("delta")
            + " ON CONFLICT ON CONSTRAINT unit_day_is_summed_once DO UPDATE SET rule_book ="
            + " EXCLUDED.rule_book, "
            + _added("ingestion_unitday", _UNIT_DAY_MEASURES)
            + (_EMPTY_UNIT_DAY if takes_back else ""),
            [book_number()],
        )
        if takes_back:
            _drop_empty(cursor, "ingestion_unitday")
        cursor.execute(_TOUCHED)
        unit_ids, cost_object_ids = cursor.fetchone()
    return unit_ids, cost_object_ids


def _drop_empty(cursor: Any, table: Literal["ingestion_sliceday", "ingestion_unitday"]) -> None:
    """Drop the rows that the statement just executed left with nothing in them.

    They are locked by it, so nobody adds to them meanwhile.
    """
    empty = [row[0] for row in cursor.fetchall() if row[0] is not None]
    cursor.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", [empty])  # noqa: S608 -- two tables


def rebuild_unit_days() -> None:
    """Make every unit day anew from the slice days, after assignments changed."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ingestion_unitday")
        cursor.execute(_unit_days_from("ingestion_sliceday"), [book_number()])


def _unit_days_from(days: str) -> str:
    return _UNIT_DAYS_FROM.format(
        days=days,
        in_tokens=_IN_TOKENS,
        out_tokens=_OUT_TOKENS,
        is_core=IS_CORE,
        core_spans=CORE_SPANS,
    )
