"""Single calls of whoever owns them on one day: the last ones, by the hour, and by key.

What stands here is as calls were first rated: what changed money afterwards names no call.
Only what counts is told: calls of the account's source of record, of deliveries not undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from finops.money import usd_of
from finops.periods import ONE_DAY
from finops.tokens import INPUT_CLASSES, OUTPUT_CLASSES
from ingestion.queries.metering import IS_METERED
from org.models import CostObject, Unit


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose calls: a cost object's, those of a unit and all beneath it, or everybody's."""

    unit: Unit | None = None
    cost_object: CostObject | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """One call; `usd` is None where it has no price. `key` and `person` as usage names them."""

    at: datetime
    provider: str
    model: str
    key: str
    person: str
    workflow: str
    task_type: str
    in_tokens: int
    out_tokens: int
    usd: Decimal | None


@dataclass(frozen=True, slots=True)
class KeySpend:
    """What came by one key; "" is calls that name none."""

    key: str
    usd: Decimal
    calls: int


_INPUT = " + ".join(f"coalesce(d.{name}, 0)" for name in INPUT_CLASSES)
_OUTPUT = " + ".join(f"coalesce(d.{name}, 0)" for name in OUTPUT_CLASSES)
_CALLS = f"""
FROM ingestion_event d
JOIN ingestion_slice s ON s.id = d.slice_id
JOIN ingestion_delivery f ON f.id = d.delivery_id
LEFT JOIN ingestion_assignment a ON a.slice_id = d.slice_id
 AND a.starts_on <= d.reporting_day AND d.reporting_day < a.ends_on
LEFT JOIN org_unit u ON u.id = a.unit_id
WHERE d.utc_day >= %(first_utc)s AND d.utc_day < %(end_utc)s AND d.reporting_day = %(on)s
  AND d.started_at <= %(until)s AND f.undone_at IS NULL AND {IS_METERED}
  AND (%(cost_object)s::bigint IS NULL OR a.cost_object_id = %(cost_object)s)
  AND (%(path)s::text IS NULL OR starts_with(u.path, %(path)s))
"""


def last_calls(owner: Owner, *, on: date, until: datetime, most: int) -> list[Made]:
    """Return the last calls of a day up to an instant, the newest first."""
    select = f"""
SELECT d.started_at, s.provider, s.model, s.key, s.person, s.workflow, s.task_type,
       {_INPUT}, {_OUTPUT}, d.cost_pico {_CALLS}
ORDER BY d.started_at DESC, d.key LIMIT %(most)s"""
    rows = _ask(select, owner, on=on, until=until, most=most)
    return [_made(row) for row in rows]


def _made(row: Sequence[Any]) -> Made:
    pico: int | None = row[-1]
    return Made(*(*row[:-1], None if pico is None else usd_of(pico)))


def spend_by_hour(owner: Owner, *, on: date, until: datetime) -> list[tuple[datetime, Decimal]]:
    """Return what each hour of a day with calls cost, as first rated."""
    select = f"""
SELECT date_trunc('hour', d.started_at), coalesce(sum(d.cost_pico), 0) {_CALLS}
GROUP BY 1 ORDER BY 1"""
    return [(hour, usd_of(int(pico))) for hour, pico in _ask(select, owner, on=on, until=until)]


def spend_by_key(owner: Owner, *, on: date, until: datetime, most: int) -> list[KeySpend]:
    """Return the keys by which most of a day's money went, the dearest first."""
    select = f"""
SELECT s.key, coalesce(sum(d.cost_pico), 0), count(*) {_CALLS}
GROUP BY s.key ORDER BY 2 DESC, 1 LIMIT %(most)s"""
    rows = _ask(select, owner, on=on, until=until, most=most)
    return [KeySpend(key, usd_of(int(pico)), calls) for key, pico, calls in rows]


def _ask(
    select: str, owner: Owner, *, on: date, until: datetime, **more: Any
) -> Sequence[tuple[Any, ...]]:
    parameters = {
        "on": on,
        "until": until,
        # A reporting day is at most a day away from the UTC day that parts the table.
        "first_utc": on - ONE_DAY,
        "end_utc": on + ONE_DAY * 2,
        "cost_object": owner.cost_object.pk if owner.cost_object else None,
        "path": owner.unit.path if owner.unit else None,
        **more,
    }
    with connection.cursor() as cursor:
        cursor.execute(select, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
