"""How many people use what a cost object pays for, and how many of them are new."""

from datetime import date
from typing import NamedTuple

from django.db import connection

from finops.periods import Period
from org.models import CostObject

_PEOPLE = """
SELECT count(*) FILTER (WHERE was), count(*) FILTER (WHERE is_now),
       count(*) FILTER (WHERE is_now AND NOT was)
FROM (
  SELECT bool_or(d.reporting_day >= %(then_start)s AND d.reporting_day < %(then_end)s) AS was,
         bool_or(d.reporting_day >= %(now_start)s AND d.reporting_day < %(now_end)s) AS is_now
  FROM ingestion_assignment a
  JOIN ingestion_sliceday d ON d.slice_id = a.slice_id AND d.metered
    AND d.reporting_day >= a.starts_on AND d.reporting_day < a.ends_on
  JOIN ingestion_slice s ON s.id = a.slice_id
  WHERE a.cost_object_id = %(cost_object)s AND s.person <> ''
    AND d.calls > 0
    AND d.reporting_day >= least(%(then_start)s, %(now_start)s)
    AND d.reporting_day < greatest(%(then_end)s, %(now_end)s)
  GROUP BY s.person
) people
"""


class PeopleUsing(NamedTuple):
    """People whom calls name: in the earlier days, in the later ones, and only in the later."""

    then: int
    now: int
    new: int


def people_of(*, cost_object: CostObject, then: Period, now: Period) -> PeopleUsing:
    """Count who used it in two spans of days; calls that name nobody are left out."""
    days: dict[str, int | date] = {
        "cost_object": cost_object.pk,
        "then_start": then.start,
        "then_end": then.end,
        "now_start": now.start,
        "now_end": now.end,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, days)
        return PeopleUsing(*(int(count) for count in cursor.fetchone()))
