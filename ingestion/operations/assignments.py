"""Which unit each slice falls to when, kept in step with the rule book in force."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Literal, NamedTuple

from django.db import connection

from finops import allocation
from finops.rules import Attributes
from ingestion.models import Assignment, Rule, Slice
from ingestion.queries.rules import attributes_of, dated_rules, rules_in_force

_RULES_LOCK = 7_305_020
ALWAYS_FROM = date(1, 1, 1)
ALWAYS_TO = date(9999, 12, 31)

_Answer = tuple[int | None, int | None, date, date]


class _Row(NamedTuple):
    """An assignment to be written; a first big file brings them by the ten thousand."""

    slice_id: int
    unit_id: int | None
    cost_object_id: int | None
    rule_id: int | None
    starts_on: date
    ends_on: date


def hold_rules_still() -> None:
    """Keep the rule book from changing until this transaction ends; loads share the hold."""
    _lock("pg_advisory_xact_lock_shared")


def hold_loads_still() -> None:
    """Keep loads out until this transaction ends, while the rule book changes."""
    _lock("pg_advisory_xact_lock")


def _lock(function: Literal["pg_advisory_xact_lock_shared", "pg_advisory_xact_lock"]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_RULES_LOCK])


def assign_slices(slices: Mapping[int, Attributes]) -> None:
    """Assign new slices, told by id and attributes, by the book in force.

    A slice that has its assignments keeps them.
    """
    rules = dated_rules(rules_in_force())
    _write([row for number, seen in slices.items() for row in _rows(number, seen, rules)])


def reassign_all() -> int:
    """Assign every slice anew by the book in force; return how many slices moved.

    A slice whose answer stays keeps its rows, and with them the rule that first gave it.
    """
    rules = dated_rules(rules_in_force())
    standing = _standing()
    moved: dict[int, list[_Row]] = {}
    for piece in Slice.objects.order_by("pk").iterator(chunk_size=2000):
        rows = _rows(piece.pk, attributes_of(piece), rules)
        if [_answer(row) for row in rows] != standing.get(piece.pk):
            moved[piece.pk] = rows
    Assignment.objects.filter(slice__in=list(moved)).delete()
    _write([row for rows in moved.values() for row in rows])
    return len(moved)


def _standing() -> dict[int, list[_Answer]]:
    standing: dict[int, list[_Answer]] = defaultdict(list)
    for row in Assignment.objects.order_by("slice", "starts_on").iterator(chunk_size=5000):
        standing[row.slice_id].append(_answer(row))
    return standing


def _answer(row: Assignment | _Row) -> _Answer:
    return row.unit_id, row.cost_object_id, row.starts_on, row.ends_on


def _rows(number: int, seen: Attributes, rules: list[allocation.DatedRule[Rule]]) -> list[_Row]:
    return [
        _Row(
            slice_id=number,
            unit_id=part.target.unit_id if part.target else None,
            cost_object_id=part.target.cost_object_id if part.target else None,
            rule_id=part.rule_id,
            starts_on=part.starts_on or ALWAYS_FROM,
            ends_on=part.ends_on or ALWAYS_TO,
        )
        for part in allocation.assignments(rules, seen)
    ]


_INSERT = f"""
INSERT INTO ingestion_assignment ({", ".join(_Row._fields)})
SELECT * FROM unnest(%s::integer[], %s::bigint[], %s::bigint[], %s::bigint[],
                     %s::date[], %s::date[])
ON CONFLICT ON CONSTRAINT assignment_starts_once DO NOTHING
"""  # noqa: S608 -- only names of this file


def _write(rows: list[_Row]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])
