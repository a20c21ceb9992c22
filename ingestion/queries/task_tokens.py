"""What one unit of business work takes: the tokens of a task, over all its calls."""

from datetime import date
from typing import NamedTuple

from django.db import connection

from finops.periods import ONE_DAY, Period
from finops.tokens import TOKEN_CLASSES
from org.models import CostObject

_TOKENS = " + ".join(f"coalesce(e.{name}, 0)" for name in TOKEN_CLASSES)
# The days of the provider lie at most one beside those of the company: they choose the
# partitions, the reporting day chooses the calls.
_MEDIAN = f"""
SELECT coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY tokens), 0), count(*)
FROM (
  SELECT e.task, sum({_TOKENS}) AS tokens
  FROM ingestion_assignment a
  JOIN ingestion_event e ON e.slice_id = a.slice_id
    AND e.reporting_day >= a.starts_on AND e.reporting_day < a.ends_on
  JOIN ingestion_delivery d ON d.id = e.delivery_id AND d.undone_at IS NULL
  WHERE a.cost_object_id = %(cost_object)s
    AND e.utc_day >= %(first)s AND e.utc_day < %(last)s
    AND e.reporting_day >= %(start)s AND e.reporting_day < %(end)s
    AND e.task <> ''
  GROUP BY e.task
) tasks
"""  # noqa: S608 -- only names of this file


class TaskTokens(NamedTuple):
    """The median of the tokens that a task took, and of how many tasks."""

    median_tokens: int
    tasks: int


def median_tokens_per_task(*, cost_object: CostObject, period: Period) -> TaskTokens:
    """Return the lower median over the tasks that calls of the period name.

    Retries and failed calls count to their task. Calls that name no task are left out:
    of them nothing is known.
    """
    days: dict[str, int | date] = {
        "cost_object": cost_object.pk,
        "start": period.start,
        "end": period.end,
        "first": period.start - ONE_DAY,
        "last": period.end + ONE_DAY,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, days)
        median, tasks = cursor.fetchone()
    return TaskTokens(int(median), int(tasks))
