"""Calls as gateways and tracers log them: one record of names and nested values each."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingestion.readers.contract import Chunk, Problem, UsageBatch
from ingestion.readers.convert import usage_batch
from ingestion.readers.csvtext import read_objects
from ingestion.readers.jsontext import Gathering, Objects, objects_of

# A call that answered nothing may have neither; it costs nothing, but it happened.
UNKNOWN = "unknown"

Record = Mapping[str, Any]
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A usage row in the making; `doubts` are the codes of what is odd about it."""

    fields: Fields
    doubts: tuple[str, ...] = ()


# Makes a record's calls: mostly one, none where it is no call at all. Raises ValueError,
# saying what is wrong with the record.
CallsOf = Callable[[Record], Sequence[Call]]


def records_of(chunk: Chunk) -> Objects:
    """Return the records of a chunk of NDJSON, or of CSV, whose empty cells are left out."""
    return read_objects(chunk) if chunk.shape == "csv" else objects_of(chunk)


def calls_batch(records: Objects, calls_of: CallsOf) -> UsageBatch:
    """Make a batch of the calls that `calls_of` finds in each record."""
    chosen: list[int] = []
    calls: list[Call] = []
    refused: dict[int, str] = {}
    for row, record in enumerate(records.values):
        try:
            found = calls_of(record)
        except ValueError as error:
            refused[len(chosen)] = str(error)
            found = (Call({}),)
        chosen += [row] * len(found)
        calls += found
    gathering = Gathering(_repeated(records, chosen))
    for row, reason in refused.items():
        gathering.refuse(row, "usage", reason)
    for name in sorted(set().union(*(call.fields for call in calls))):
        gathering.put(name, [call.fields.get(name) for call in calls])
    batch = usage_batch(gathering.texts())
    return UsageBatch(batch.frame, batch.problems, batch.rows, _doubts(records, chosen, calls))


def _repeated(records: Objects, chosen: list[int]) -> Objects:
    """Return one record for each call."""
    rows = np.array(chosen, dtype=np.int64)
    values = [records.values[row] for row in chosen]
    return Objects(
        values, records.lines[rows], lambda row: records.raw(chosen[row]), records.problems
    )


def _doubts(records: Objects, chosen: list[int], calls: list[Call]) -> list[Problem]:
    return [
        Problem(int(records.lines[row]), "usage", code, records.raw(row))
        for row, call in zip(chosen, calls, strict=True)
        for code in call.doubts
    ]


def first(values: Record, *names: str) -> Any:
    """Return the first of these values that is given and not empty, or None."""
    for name in names:
        if value := values.get(name):
            return value
    return None


def nested(name: str, value: Any, kind: type[dict[str, Any]] | type[list[Any]]) -> Any:
    """Return an object or a list that a CSV, or an export of a text column, has as text.

    An empty one where there is none; raises ValueError for anything else.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_float=str) if value.strip() else None
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{name} is not JSON: {error}") from error
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise ValueError(f"{name} is not {'an object' if kind is dict else 'a list'}")  # noqa: TRY004 — a row's fault, not the code's
    return value


def label_tags(labels: Iterable[Any]) -> dict[str, str]:
    """Part each 'name:value'; a label without a colon is a name with nothing beside it."""
    tags = {}
    for label in labels:
        name, _, value = str(label).partition(":")
        tags[name.strip()] = value.strip()
    return tags


def plain_tags(bag: Record) -> dict[str, str]:
    """Return the plain values of an object as texts; lists and objects are left out."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in bag.items()
        if isinstance(value, str | int) and value != ""
    }
