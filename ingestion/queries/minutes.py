"""Minutes of the past, read from the calls themselves: those that cost more than a limit."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from finops.periods import Period
from ingestion.queries.metering import IS_METERED
from org.models import Unit


class CostlyMinutes(NamedTuple):
    """How many minutes of a day cost more than a limit, and what the dearest did."""

    day: date
    minutes: int
    most_usd: Decimal


_COSTLY = f"""
SELECT reporting_day, count(*), max(usd) FROM (
  SELECT d.reporting_day, date_trunc('minute', d.started_at) AS minute,
         coalesce(sum(d.cost_pico), 0) / 1000000000000::numeric AS usd
  FROM ingestion_event d
  JOIN ingestion_delivery l ON l.id = d.delivery_id AND l.undone_at IS NULL
  JOIN ingestion_assignment a ON a.slice_id = d.slice_id
   AND d.reporting_day >= a.starts_on AND d.reporting_day < a.ends_on
  LEFT JOIN org_unit u ON u.id = a.unit_id
  WHERE d.utc_day >= %(start)s::date - 1 AND d.utc_day <= %(end)s::date
    AND d.reporting_day >= %(start)s AND d.reporting_day < %(end)s
    AND (%(object)s::bigint IS NULL OR a.cost_object_id = %(object)s)
    AND (%(path)s::text IS NULL OR starts_with(u.path, %(path)s)) AND {IS_METERED}
  GROUP BY 1, 2) minutes
WHERE usd > %(limit)s GROUP BY 1 ORDER BY 1
"""  # noqa: S608 -- only names of this file


def costly_minutes(
    *, unit: Unit | None, cost_object_id: int | None, days: Period, limit_usd: Decimal
) -> list[CostlyMinutes]:
    """Return the days with minutes that cost more than the limit, of a unit, an object or all."""
    asked = {
        "start": days.start,
        "end": days.end,
        "object": cost_object_id,
        "path": unit.path if unit else None,
        "limit": limit_usd,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COSTLY, asked)
        return [CostlyMinutes(*row) for row in cursor.fetchall()]
