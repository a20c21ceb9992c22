"""Adjustments: booking what changes spend after the calls were rated, or without calls.

A change is gathered in the temporary table `booking`, one statement or several, and posted
once: as adjustments, which are kept for ever, and to the rollups that sum them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from finops.money import usd_of
from finops.tokens import TOKEN_CLASSES
from ingestion.models import Adjustment, SpendChange
from ingestion.operations.leased import Leased, as_json
from ingestion.operations.rollups import MAKE_DELTA, add_delta
from ingestion.queries.detail import DAY_KEY, MEASURES
from ingestion.queries.metering import IS_METERED
from ingestion.rerating import Cell, Measures
from org import doorbell
from org.models import User

JUDGE = "policy.tasks.look"

BOOKING_COLUMNS = f"delivery_id, bucket_id, kind, cause, {DAY_KEY}, {', '.join(MEASURES)}"

_MAKE_BOOKING = """
CREATE TEMPORARY TABLE IF NOT EXISTS booking (LIKE ingestion_adjustment) ON COMMIT DELETE ROWS;
ALTER TABLE booking ALTER id DROP NOT NULL, ALTER recorded_at DROP NOT NULL;
TRUNCATE booking
"""
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in MEASURES)
_POST = f"""
INSERT INTO ingestion_adjustment ({BOOKING_COLUMNS}, recorded_at, recorded_by_id)
SELECT {BOOKING_COLUMNS}, %(at)s, %(by)s FROM booking
ORDER BY {DAY_KEY}, delivery_id, bucket_id
"""  # noqa: S608 -- only names of this file
# What cancels out moves nothing: a report that came again with one line changed.
_FILL_DELTA = f"""
INSERT INTO delta (metered, {DAY_KEY}, {", ".join(MEASURES)})
SELECT {IS_METERED}, d.* FROM (
  SELECT {DAY_KEY}, {_SUMS} FROM booking GROUP BY {DAY_KEY}
  HAVING {" OR ".join(f"sum({name}) <> 0" for name in MEASURES)}) d
"""  # noqa: S608 -- only names of this file


_OF_CELL = ", ".join(Cell._fields)
_CELL_TYPES = ("date", "date", "integer", "bigint", "bigint", "smallint")
_MEASURE_TYPES = ("bigint", "bigint", "numeric", "numeric", *["bigint"] * len(TOKEN_CLASSES))
_FROM_CELLS = f"""
SELECT m.delivery_id, nullif(m.bucket_id, 0), %s, %s, {DAY_KEY}, {", ".join(MEASURES)}
FROM unnest({", ".join(f"%s::{name}[]" for name in (*_CELL_TYPES, *_MEASURE_TYPES))})
  AS m ({_OF_CELL}, {", ".join(MEASURES)})
"""  # noqa: S608 -- only names of this file


class Posted(NamedTuple):
    """Whose spend a booking changed."""

    unit_ids: tuple[int, ...] = ()
    cost_object_ids: tuple[int, ...] = ()


def open_booking() -> None:
    """Make the temporary table `booking`, empty."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_BOOKING)


def gather(sql: str, parameters: Mapping[str, Any] | Sequence[Any]) -> None:
    """Add the rows of a SELECT of BOOKING_COLUMNS to the booking."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO booking ({BOOKING_COLUMNS}) {sql}", parameters)


def gather_cells(cells: Mapping[Cell, Measures], *, kind: Adjustment.Kind, cause: str) -> None:
    """Add what re-rating moves to the booking."""
    if not cells:
        return
    rows = [(*cell, *_in_dollars(measures)) for cell, measures in cells.items()]
    gather(_FROM_CELLS, [kind.value, cause, *(list(column) for column in zip(*rows, strict=True))])


def _in_dollars(measures: Sequence[int]) -> list[int | Decimal]:
    calls, requests, cost_pico, list_pico, *tokens = measures
    return [calls, requests, usd_of(cost_pico), usd_of(list_pico), *tokens]


def sum_booking() -> bool:
    """Sum the booking into the temporary table `delta`; return whether anything moves."""
    with connection.cursor() as cursor:
        cursor.execute(MAKE_DELTA)
        cursor.execute(_FILL_DELTA)
        return bool(cursor.rowcount)


def post_booking(*, at: datetime, by: User | None = None) -> Posted:
    """Write the booking as adjustments, add it to the rollups, and say that spend changed.

    The caller holds the rules still. Raises PeriodClosed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_POST, {"at": at, "by": by.pk if by else None})
    if not sum_booking():
        return Posted()
    unit_ids, cost_object_ids = add_delta(takes_back=True)
    announce(unit_ids, cost_object_ids, at=at)
    return Posted(tuple(unit_ids), tuple(cost_object_ids))


def announce(
    unit_ids: list[int],
    cost_object_ids: list[int],
    *,
    at: datetime,
    leased: Sequence[Leased] = (),
    sender: User | None = None,
) -> None:
    """Write the outbox row that spend changed, and ring once it is committed."""
    SpendChange.objects.create(
        unit_ids=unit_ids,
        cost_object_ids=cost_object_ids,
        leased=as_json(leased),
        sender=sender,
        recorded_at=at,
    )
    doorbell.ring(JUDGE)
