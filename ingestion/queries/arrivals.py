"""When the calls of a cost object's day came in."""

from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection

from finops.periods import ONE_DAY

# Slices first: those of a cost object are few, and each has an index into the calls of a month.
_ARRIVED = """
SELECT min(d.submitted_at), max(d.submitted_at), count(*)
FROM ingestion_assignment a
JOIN ingestion_event e ON e.slice_id = a.slice_id
JOIN ingestion_delivery d ON d.id = e.delivery_id AND d.undone_at IS NULL
WHERE a.cost_object_id = %(cost_object)s
  AND a.starts_on <= %(day)s AND %(day)s < a.ends_on
  AND e.reporting_day = %(day)s AND e.utc_day >= %(first_utc)s AND e.utc_day < %(end_utc)s
"""


class Arrivals(NamedTuple):
    """When the first and the last calls of a day were handed in."""

    first_at: datetime
    last_at: datetime
    calls: int


def arrivals_of(*, cost_object_id: int, day: date) -> Arrivals | None:
    """Return when a day's calls came in; None where the ledger has no single calls of it."""
    parameters: dict[str, Any] = {
        "cost_object": cost_object_id,
        "day": day,
        # A reporting day is at most a day away from the UTC day that parts the table.
        "first_utc": day - ONE_DAY,
        "end_utc": day + ONE_DAY * 2,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVED, parameters)
        first_at, last_at, calls = cursor.fetchone()
    return Arrivals(first_at, last_at, int(calls)) if calls else None
