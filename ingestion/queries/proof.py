"""Proof of the spend ledger: every rollup against the detail it sums."""

from typing import Any

from django.db import connection

from finops.tokens import INPUT_CLASSES, OUTPUT_CLASSES, TOKEN_CLASSES
from ingestion.queries.core import CORE_SPANS, IS_CORE
from ingestion.queries.detail import DAY_KEY, MEASURES, detail
from ingestion.queries.metering import IS_METERED

_ROLLUPS_EQUAL_DETAIL = f"""
SELECT coalesce(d.reporting_day, r.reporting_day), coalesce(d.slice_id, r.slice_id),
       coalesce(d.cost_usd, 0), coalesce(r.cost_usd, 0)
FROM ({detail()}) d FULL JOIN ingestion_sliceday r USING ({DAY_KEY})
WHERE {" OR ".join(f"coalesce(d.{n}, 0) <> coalesce(r.{n}, 0)" for n in MEASURES)}
LIMIT 1
"""  # noqa: S608 -- only names of this file

_UNIT_KEY = "reporting_day, unit_id, cost_object_id, provider, model, status, metered, is_core"
_UNIT_MEASURES = "calls, in_tokens, out_tokens, cost_usd, list_usd"
_UNITS_EQUAL_SLICES = f"""
WITH slices AS (
  SELECT d.reporting_day, a.unit_id, a.cost_object_id, s.provider, s.model, d.status, d.metered,
         {IS_CORE} AS is_core,
         sum(d.calls)::bigint AS calls,
         sum({" + ".join(INPUT_CLASSES)})::bigint AS in_tokens,
         sum({" + ".join(OUTPUT_CLASSES)})::bigint AS out_tokens,
         sum(d.cost_usd) AS cost_usd, sum(d.list_usd) AS list_usd
  FROM ingestion_sliceday d
  JOIN ingestion_slice s ON s.id = d.slice_id
  LEFT JOIN ingestion_assignment a ON a.slice_id = d.slice_id
   AND d.reporting_day >= a.starts_on AND d.reporting_day < a.ends_on
  {CORE_SPANS}
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8)
SELECT reporting_day, unit_id, model, sum(sign * cost_usd)
FROM (SELECT {_UNIT_KEY}, {_UNIT_MEASURES}, 1 AS sign FROM slices
      UNION ALL SELECT {_UNIT_KEY}, {_UNIT_MEASURES}, -1 FROM ingestion_unitday) both_sides
GROUP BY {_UNIT_KEY}
HAVING {" OR ".join(f"sum(sign * {name}) <> 0" for name in _UNIT_MEASURES.split(", "))}
LIMIT 1
"""  # noqa: S608 -- only names of this file

_UNITS_AND_UNALLOCATED = """
SELECT (SELECT coalesce(sum(cost_usd), 0) FROM ingestion_unitday WHERE unit_id IS NOT NULL),
       (SELECT coalesce(sum(cost_usd), 0) FROM ingestion_unitday WHERE unit_id IS NULL),
       (SELECT coalesce(sum(cost_usd), 0) FROM ingestion_sliceday)
"""

_ASSIGNMENT_GAP = """
SELECT s.id FROM ingestion_slice s LEFT JOIN (
  SELECT slice_id, min(starts_on) AS first, max(ends_on) AS last,
         bool_and(joined) AS joined
  FROM (SELECT slice_id, starts_on, ends_on,
               coalesce(lead(starts_on) OVER (PARTITION BY slice_id ORDER BY starts_on) = ends_on,
                        true) AS joined
        FROM ingestion_assignment) pieces
  GROUP BY slice_id) a ON a.slice_id = s.id
WHERE a.slice_id IS NULL OR a.first <> '0001-01-01' OR a.last <> '9999-12-31' OR NOT a.joined
LIMIT 1
"""

# A delivery's rows are calls, or lines of buckets that counted at some time.
_DELIVERY_OFF = """
SELECT d.id, d.loaded, stored.rows FROM ingestion_delivery d
JOIN (SELECT delivery_id, count(*) AS rows FROM ingestion_event GROUP BY delivery_id
      UNION ALL
      SELECT b.delivery_id, count(l.id)
      FROM ingestion_reportbucket b LEFT JOIN ingestion_reportline l ON l.bucket_id = b.id
      WHERE b.version IS NOT NULL GROUP BY b.delivery_id) stored ON stored.delivery_id = d.id
WHERE stored.rows <> d.loaded LIMIT 1
"""

_REPORT_KEY = f"delivery_id, bucket_id, {DAY_KEY}"
_TOKENS = " + ".join(TOKEN_CLASSES)
# Of a version that counts, its lines are booked, and what re-pricing moved since stands
# beside them. Of one that does not, nothing may be left, re-pricing included.
_REPORT_OFF = f"""
WITH told AS (
  SELECT b.delivery_id, bucket_id, {DAY_KEY}, coalesce(cost_usd, 0) AS cost_usd,
         coalesce(list_usd, 0) AS list_usd, {_TOKENS} AS tokens
  FROM ingestion_reportline l JOIN ingestion_reportbucket b ON b.id = l.bucket_id
  WHERE b.state = 'current' AND l.charge_category = 'usage'),
booked AS (
  SELECT a.delivery_id, a.bucket_id, {DAY_KEY}, a.cost_usd, a.list_usd, {_TOKENS} AS tokens
  FROM ingestion_adjustment a JOIN ingestion_delivery d ON d.id = a.delivery_id
  LEFT JOIN ingestion_reportbucket b ON b.id = a.bucket_id
  WHERE CASE WHEN b.id IS NULL THEN a.kind = 'report' AND d.undone_at IS NULL
             ELSE a.kind = 'report' OR b.state <> 'current' END)
SELECT delivery_id, reporting_day, sum(cost_usd) FROM (
  SELECT {_REPORT_KEY}, cost_usd, list_usd, tokens FROM told
  UNION ALL
  SELECT {_REPORT_KEY}, -cost_usd, -list_usd, -tokens FROM booked) both_sides
GROUP BY {_REPORT_KEY} HAVING sum(cost_usd) <> 0 OR sum(list_usd) <> 0 OR sum(tokens) <> 0
LIMIT 1
"""  # noqa: S608 -- only names of this file

_UNDONE_COUNTS = f"""
SELECT delivery_id, reporting_day, cost_usd
FROM ({
    detail(
        where="delivery_id IN (SELECT id FROM ingestion_delivery WHERE undone_at IS NOT NULL)",
        of_each="delivery_id",
    )
}) d
WHERE {" OR ".join(f"{name} <> 0" for name in MEASURES)} LIMIT 1
"""  # noqa: S608 -- only names of this file

_METERED_OFF = f"""
SELECT d.reporting_day, d.slice_id, d.metered FROM ingestion_sliceday d
WHERE d.metered <> {IS_METERED} LIMIT 1
"""  # noqa: S608 -- only names of this file


def rollups_equal_detail() -> str | None:
    """Return where a slice day is not the sum of its events and adjustments."""
    row = _first(_ROLLUPS_EQUAL_DETAIL)
    if row is None:
        return None
    return (
        f"Slice {row[1]} on {row[0]}: events and adjustments make {row[2]},"
        f" the slice day says {row[3]}."
    )


def unit_days_equal_slice_days() -> str | None:
    """Return where a unit day is not the sum of its slice days."""
    row = _first(_UNITS_EQUAL_SLICES)
    return (
        None
        if row is None
        else f"Unit {row[1]} on {row[0]}, model {row[2]}: off by {row[3]} dollars."
    )


def units_and_unallocated_equal_total() -> str | None:
    """Return by how much units and Unallocated miss the total."""
    units, unallocated, total = _first(_UNITS_AND_UNALLOCATED) or (0, 0, 0)
    if units + unallocated == total:
        return None
    return f"Units {units} + unallocated {unallocated} are not the total {total}."


def assignments_cover_all_days() -> str | None:
    """Return a slice with a day that belongs to nobody or to two."""
    row = _first(_ASSIGNMENT_GAP)
    return None if row is None else f"Slice {row[0]} has days without exactly one assignment."


def deliveries_equal_events() -> str | None:
    """Return a delivery that counted other than it stored, calls or lines of a report."""
    row = _first(_DELIVERY_OFF)
    return (
        None
        if row is None
        else f"Delivery {row[0]} says it loaded {row[1]} rows; {row[2]} are stored."
    )


def reports_are_booked() -> str | None:
    """Return a report of which not exactly the current lines are booked."""
    row = _first(_REPORT_OFF)
    return (
        None
        if row is None
        else f"Delivery {row[0]} on {row[1]}: its lines and what is booked are off by {row[2]}"
        " dollars, or by tokens."
    )


def undone_counts_nothing() -> str | None:
    """Return an undone delivery of which something still counts."""
    row = _first(_UNDONE_COUNTS)
    return (
        None
        if row is None
        else f"Delivery {row[0]} is undone: {row[2].normalize():f} dollars of {row[1]} still count."
    )


def one_source_meters() -> str | None:
    """Return a slice day that counts although its source is not of record, or the reverse."""
    row = _first(_METERED_OFF)
    if row is None:
        return None
    counts = "counts" if row[2] else "does not count"
    return f"Slice {row[1]} on {row[0]} {counts}: the source of record says otherwise."


def _first(sql: str) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
