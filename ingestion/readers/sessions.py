"""What the local logs of coding agents have in common: a session's JSON lines, read whole.

The lines hold what people and models said. Only lines that tell usage are decoded, only
their figures and names are read, and nothing else is kept of a line that cannot be used.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ingestion.readers.contract import Chunk, Options, Problem, UsageBatch
from ingestion.readers.convert import usage_batch
from ingestion.readers.fields import ALIASES
from ingestion.readers.jsontext import DECODE, Gathering, Objects, check_characters
from ingestion.readers.lines import records_of
from ingestion.readers.takes import Setting, Takes

# Whose machine it was stands in no log, so the sender may say it.
WHOSE = Takes(
    settings=(
        Setting("user", "User", "Whose machine it was, such as ana@example.com."),
        Setting("key", "Key", "By which key it called."),
        Setting("environment", "Environment", "Such as dev."),
    )
)
NOT_KEPT = "(a line of a session is not kept)"

Row = dict[str, Any]


class Line(NamedTuple):
    """A decoded line that bears one of the marks asked for."""

    number: int
    value: Mapping[str, Any]


class Call(NamedTuple):
    """A usage row, the line it stands on, and the codes of what is odd about it."""

    line: int
    fields: Row
    codes: tuple[str, ...] = ()


def _field(name: str) -> str:
    return ALIASES.get(name, name)


def marked_lines(chunk: Chunk, marks: Sequence[bytes], problems: list[Problem]) -> Iterator[Line]:
    """Yield the lines that bear a mark; one that is no object becomes a problem."""
    records, unread = records_of(chunk, delimiter=None)
    problems += [Problem(bad.line, bad.field, bad.reason, NOT_KEPT) for bad in unread]
    for start, end, number in zip(
        records.starts.tolist(), records.ends.tolist(), records.lines.tolist(), strict=True
    ):
        line = chunk.content[start:end]
        if any(mark in line for mark in marks):
            value = _decoded(line)
            if isinstance(value, dict):
                yield Line(number, value)
            else:
                reason = "The line is not a JSON object; it may be cut off."
                problems.append(Problem(number, "", reason, NOT_KEPT))


def _decoded(line: bytes) -> Any:
    try:
        return DECODE(line.decode())
    except (ValueError, RecursionError):
        return None


def batch_of(calls: Sequence[Call], problems: list[Problem], options: Options) -> UsageBatch:
    """Make a batch of calls; what the sender set stands in every row."""
    fixed = {_field(name): value for name, value in options.set.items()}
    kept, lines = [], []
    for call in calls:
        if reason := _unstorable(call.fields):
            problems.append(Problem(call.line, "", reason, NOT_KEPT))
            continue
        kept.append(call)
        lines.append(call.line)
    rows = [call.fields | fixed for call in kept]
    objects = Objects(
        rows, np.array(lines, dtype=np.int64), lambda row: json.dumps(rows[row]), problems
    )
    gathering = Gathering(objects)
    for name in sorted({"native_id", "started_at"}.union(*rows)):
        gathering.put(name, [row.get(name) for row in rows])
    batch = usage_batch(gathering.texts())
    doubts = [
        Problem(call.line, "usage", code, json.dumps(call.fields))
        for call in kept
        for code in call.codes
    ]
    return UsageBatch(batch.frame, batch.problems, batch.rows, doubts)


def _unstorable(fields: Row) -> str:
    try:
        check_characters(fields)
    except ValueError as error:
        return f"The line cannot be used: {error}."
    return ""


def folder_of(path: Any) -> str:
    """Return the last folder of a path, which is how people call a project."""
    parts = str(path or "").replace("\\", "/").rstrip("/").split("/")
    return parts[-1]


def mapping(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object inside another; empty where there is none."""
    found = holder.get(name)
    return found if isinstance(found, Mapping) else {}
