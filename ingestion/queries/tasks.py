"""How the cost of work falls on its tasks, from the calls themselves, in one question.

A task costs what all its calls cost as they were first rated: what changes money afterwards
is booked by slice and day and names no task.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from django.db import connection

from finops.money import ROUNDED, calculated_in, usd_of
from finops.periods import ONE_DAY, Period
from ingestion.queries.work import Work

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class TaskCosts:
    """What single tasks cost, retries and failed calls included, as first rated.

    A quantile is the cost of a real task: the least that so large a share of tasks does not
    exceed (nearest rank). A task with an unpriced call is in `unpriced_tasks` and in no quantile.
    `users` are distinct people who had a task done.
    """

    tasks: int = 0
    unpriced_tasks: int = 0
    p50_usd: Decimal | None = None
    p90_usd: Decimal | None = None
    named_usd: Decimal = Decimal(0)
    unnamed_usd: Decimal = Decimal(0)
    users: int = 0

    @property
    def n(self) -> int:
        """How many tasks the quantiles are read from."""
        return self.tasks - self.unpriced_tasks

    @property
    @calculated_in(ROUNDED)
    def coverage(self) -> Decimal | None:
        """The share of the spend that names a task; None where nothing was spent."""
        spent = self.named_usd + self.unnamed_usd
        return self.named_usd / spent if spent else None


NO_TASKS = TaskCosts()


def per_task_costs(work: Work, *, period: Period) -> TaskCosts:
    """Return how the cost of the work falls on its tasks in the period."""
    return task_costs_of({"": work}, period=period)[""]


def task_costs_of(works: Mapping[K, Work], *, period: Period) -> dict[K, TaskCosts]:
    """Return the same for each piece of work, all in one question."""
    keys = list(works)
    workflows = [(name, n) for n, key in enumerate(keys) for name in works[key].workflows]
    objects = [(pk, n) for n, key in enumerate(keys) for pk in works[key].objects]
    parameters: dict[str, Any] = {
        "workflows": [name for name, _ in workflows],
        "of_workflows": [n for _, n in workflows],
        "objects": [pk for pk, _ in objects],
        "of_objects": [n for _, n in objects],
        "start": period.start,
        "end": period.end,
        # A reporting day is at most a day away from the UTC day that parts the table.
        "first_utc": period.start - ONE_DAY,
        "end_utc": period.end + ONE_DAY,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BY_TASK, parameters)
        found = {keys[work]: _costs(row) for work, *row in cursor.fetchall()}
    return {key: found.get(key, NO_TASKS) for key in keys}


def _costs(row: Sequence[Any]) -> TaskCosts:
    tasks, unpriced, p50, p90, named, unnamed, users, reported = row
    return TaskCosts(
        tasks=tasks,
        unpriced_tasks=unpriced,
        p50_usd=None if p50 is None else usd_of(int(p50)),
        p90_usd=None if p90 is None else usd_of(int(p90)),
        named_usd=usd_of(int(named)),
        unnamed_usd=usd_of(int(unnamed)) + reported,
        users=users,
    )


# `chosen`: the slices of each piece of work, with the UTC days on which their source counts
# and the reporting days on which they are the work's.
_CHOSEN = """
WITH chosen AS (
  SELECT w.work, s.id, s.person, m.starts_on AS counts_from, m.ends_on AS counts_until,
         NULL::date AS owned_from, NULL::date AS owned_until
  FROM unnest(%(workflows)s::text[], %(of_workflows)s::int[]) AS w (workflow, work)
  JOIN ingestion_slice s ON s.workflow = w.workflow
  JOIN ingestion_meteringsource m
    ON m.provider = s.provider AND m.account = s.account AND m.source = s.source
  UNION ALL
  SELECT w.work, s.id, s.person, m.starts_on, m.ends_on, a.starts_on, a.ends_on
  FROM unnest(%(objects)s::bigint[], %(of_objects)s::int[]) AS w (cost_object, work)
  JOIN ingestion_assignment a ON a.cost_object_id = w.cost_object
  JOIN ingestion_slice s ON s.id = a.slice_id
  JOIN ingestion_meteringsource m
    ON m.provider = s.provider AND m.account = s.account AND m.source = s.source
)"""
_HELD = """e.utc_day >= %(first_utc)s AND e.utc_day < %(end_utc)s
    AND e.reporting_day >= %(start)s AND e.reporting_day < %(end)s
    AND (c.counts_from IS NULL OR c.counts_from <= e.utc_day)
    AND (c.counts_until IS NULL OR e.utc_day < c.counts_until)
    AND (c.owned_from IS NULL OR c.owned_from <= e.reporting_day)
    AND (c.owned_until IS NULL OR e.reporting_day < c.owned_until)"""
_BY_TASK = f"""{_CHOSEN}, call AS MATERIALIZED (
  SELECT c.work, c.person, e.task, e.cost_pico
  FROM chosen c JOIN ingestion_event e ON e.slice_id = c.id
  JOIN ingestion_delivery d ON d.id = e.delivery_id AND d.undone_at IS NULL
  WHERE {_HELD}
), of_task AS (
  SELECT work, task, sum(cost_pico) AS pico, count(*) - count(cost_pico) AS unpriced
  FROM call GROUP BY work, task
), counted AS (
  SELECT work, count(task) AS tasks,
         count(task) FILTER (WHERE unpriced > 0) AS unpriced_tasks,
         percentile_disc(0.5) WITHIN GROUP (ORDER BY pico)
           FILTER (WHERE task IS NOT NULL AND unpriced = 0) AS p50,
         percentile_disc(0.9) WITHIN GROUP (ORDER BY pico)
           FILTER (WHERE task IS NOT NULL AND unpriced = 0) AS p90,
         coalesce(sum(pico) FILTER (WHERE task IS NOT NULL), 0) AS named,
         coalesce(sum(pico) FILTER (WHERE task IS NULL), 0) AS unnamed
  FROM of_task GROUP BY work
), people AS (
  SELECT work, count(DISTINCT person) AS users
  FROM call WHERE task IS NOT NULL AND person <> '' GROUP BY work
), reported AS (
  SELECT c.work, sum(e.cost_usd) AS usd
  FROM chosen c JOIN ingestion_adjustment e ON e.slice_id = c.id AND e.kind = 'report'
  WHERE {_HELD} GROUP BY c.work
)
SELECT work, coalesce(tasks, 0), coalesce(unpriced_tasks, 0), p50, p90, coalesce(named, 0),
       coalesce(unnamed, 0), coalesce(users, 0), coalesce(usd, 0)
FROM counted FULL JOIN reported USING (work) LEFT JOIN people USING (work)
"""  # noqa: S608 -- only names of this file
