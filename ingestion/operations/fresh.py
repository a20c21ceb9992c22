"""Calls none of which is known yet: one COPY straight into the months' partitions.

Most files bring only new calls. Going by way of a temporary table, as calls must that may
be known, writes every row twice. Whether a call is known is decided by the primary key
alone: where it refuses one, nothing of this was done.
"""

from typing import Any

import pandas as pd
from django.db import transaction
from psycopg.errors import UniqueViolation

from finops.money import usd_text
from finops.tokens import TOKEN_CLASSES
from ingestion.operations.event_rows import EVENT_COLUMNS, copy_rows, in_key_order, with_content
from ingestion.operations.metering import claim_metering
from ingestion.pricing import UNPRICED
from ingestion.queries.metering import IS_METERED

_LARGEST = 2**63 - 1
_DELTA_KEY = ["reporting_day", "utc_day", "slice_id", "status"]
_DELTA_SUMS = ("requests", *TOKEN_CLASSES)
_DELTA_COLUMNS = (
    *_DELTA_KEY, "metered", "calls", *_DELTA_SUMS, "cost_usd", "list_usd",
)  # fmt: skip

_MAKE_ARRIVALS = """
CREATE TEMPORARY TABLE IF NOT EXISTS arrivals (utc_day date, key uuid) ON COMMIT DELETE ROWS;
TRUNCATE arrivals
"""
# The same call may have come before with a time that put it on a neighbouring day. The
# limit keeps the planner, which knows nothing of a table just filled, to one look into
# the index for each arrival.
_ANY_MOVED = """
SELECT EXISTS (
  SELECT FROM arrivals a CROSS JOIN LATERAL (
    SELECT FROM ingestion_event e
    WHERE e.utc_day IN (a.utc_day - 1, a.utc_day + 1) AND e.key = a.key LIMIT 1) known)
"""
_MARK_METERED = f"UPDATE delta d SET metered = {IS_METERED}"  # noqa: S608 -- our own condition


def store_fresh(cursor: Any, staged: pd.DataFrame, *, delivery_id: int, own_keys: bool) -> bool:
    """Store calls and sum them into `delta`; False, and nothing done, where one is known."""
    rows = in_key_order(staged).assign(delivery_id=delivery_id)
    if _may_overflow(rows) or (own_keys and _any_moved(cursor, rows)):
        return False
    try:
        with transaction.atomic():
            copy_rows(cursor, "ingestion_event", rows, with_content(rows, EVENT_COLUMNS))
    except UniqueViolation:
        return False
    copy_rows(cursor, "delta", _summed(rows), _DELTA_COLUMNS)
    claim_metering("delta")
    cursor.execute(_MARK_METERED)
    return True


def _may_overflow(rows: pd.DataFrame) -> bool:
    """Test whether sums of pico-dollars could leave 64 bits: the database adds those up."""
    most = max(int(rows["cost_pico"].max()), int(rows["list_pico"].max()))
    return most * len(rows) > _LARGEST


def _any_moved(cursor: Any, rows: pd.DataFrame) -> bool:
    cursor.execute(_MAKE_ARRIVALS)
    copy_rows(cursor, "arrivals", rows, ("utc_day", "key"))
    cursor.execute(_ANY_MOVED)
    return bool(cursor.fetchone()[0])


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum rows as the rollups do: one row per reporting day, UTC day, slice and status."""
    priced = rows.assign(
        **{name: rows[name].mask(rows[name] == UNPRICED, 0) for name in ("cost_pico", "list_pico")}
    )
    groups = priced.groupby(_DELTA_KEY, sort=True)
    sums = groups[[*_DELTA_SUMS, "cost_pico", "list_pico"]].sum()
    sums["calls"] = groups.size()
    sums["metered"] = False
    for name in ("cost", "list"):
        sums[f"{name}_usd"] = [usd_text(pico) for pico in sums[f"{name}_pico"].tolist()]
    return sums.reset_index()
