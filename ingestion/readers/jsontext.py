"""Reading NDJSON: the object on each line, and columns gathered from objects."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.readers.contract import Chunk, Problem
from ingestion.readers.convert import Texts
from ingestion.readers.fields import spoken
from ingestion.readers.lines import Records, hides_characters, records_of

# A sender's own word may be part of a field's name, and has no bounds.
FIELD_CHARACTERS = 120
# Fractions keep their own text: no digit of an amount passes through a float.
_DECODER = json.JSONDecoder(parse_float=str, parse_constant=str)
DECODE, DECODE_FROM = _DECODER.decode, _DECODER.raw_decode
# Nobody can have written it into a line, so it marks where one ends.
SEAM = secrets.token_hex(8)
SEAMED = f',"{SEAM}",'.encode()
KINDS = {int: pa.int64(), str: pa.string()}


@dataclass(frozen=True, slots=True)
class Objects:
    """JSON objects with their lines; `raw` gives one as it was sent.

    `problems` are the lines that held none.
    """

    values: list[dict[str, Any]]
    lines: npt.NDArray[np.int64]
    raw: Callable[[int], str]
    problems: list[Problem]

    def chosen(self, rows: Sequence[int]) -> "Objects":
        values, raw = self.values, self.raw
        return Objects(
            [values[row] for row in rows],
            self.lines[list(rows)],
            lambda row: raw(rows[row]),
            self.problems,
        )


def objects_of(chunk: Chunk) -> Objects:
    """Parse a chunk line by line."""
    return objects_from(*records_of(chunk, delimiter=None))


def objects_from(records: Records, problems: Sequence[Problem]) -> Objects:
    """Parse each record; `problems` are those that were lost before."""
    lines = records.each()
    together = None if any(map(hides_characters, lines)) else _decoded_together(lines)
    if together is not None:
        return Objects(together, records.lines, records.raw, list(problems))
    values, problems, good = [], list(problems), np.ones(len(records), dtype=bool)
    for row, line in enumerate(lines):
        try:
            values.append(_decoded(line))
        except (ValueError, RecursionError) as error:
            good[row] = False
            reason = f"The line is not a JSON object: {error}."
            problems.append(Problem(int(records.lines[row]), "", reason, records.raw(row)))
    records = records.chosen(good)
    return Objects(values, records.lines, records.raw, problems)


def _decoded(line: bytes) -> dict[str, Any]:
    value = DECODE(line.decode())
    check_characters(value)
    if not isinstance(value, dict):
        raise ValueError("it holds another value")  # noqa: TRY004 — a row's fault, not the code's
    return value


def _decoded_together(lines: Sequence[bytes]) -> list[dict[str, Any]] | None:
    """Decode all lines in one go, a third faster; None where they must be told apart.

    The seams stay in their places only if every line is whole by itself.
    """
    try:
        values = DECODE(f"[{SEAMED.join(lines).decode()}]")
    except (ValueError, RecursionError):
        return None
    objects, seams = values[::2], values[1::2]
    whole = len(objects) == len(lines) and all(seam == SEAM for seam in seams)
    return objects if whole and set(map(type, objects)) <= {dict} else None


def objects_in(records: Sequence[Any], *, first_line: int) -> Objects:
    """Take records that were parsed already; a line is the index in the list."""
    values, lines, problems = [], [], []
    for line, value in enumerate(records, first_line):
        reason = _unkept(value)
        if reason:
            problem = f"The record cannot be used: {reason}."
            problems.append(Problem(line, "", problem, _sent(value)))
        else:
            values.append(value)
            lines.append(line)
    found = np.array(lines, dtype=np.int64)
    return Objects(values, found, lambda row: _sent(values[row]), problems)


def _sent(value: Any) -> str:
    try:
        return json.dumps(value)
    except RecursionError:
        return "(nested too deeply to show)"


def _unkept(value: Any) -> str:
    """Say why a value is no record that can be kept, or return ''."""
    try:
        check_characters(value)
    except (ValueError, RecursionError) as error:
        return str(error)
    return "" if isinstance(value, dict) else "it is not a JSON object"


def check_characters(value: Any) -> None:
    """Raise ValueError where a text holds what no database can: zeros, half characters."""
    if isinstance(value, str):
        value.encode()
        if "\0" in value:
            raise ValueError("a text holds a zero character")
    elif isinstance(value, dict):
        for name, part in value.items():
            check_characters(name)
            check_characters(part)
    elif isinstance(value, list):
        for part in value:
            check_characters(part)


class Gathering:
    """Columns of cells gathered from objects; a row that cannot be used is noted once."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.good = np.ones(len(objects.values), dtype=bool)
        self.problems = list(objects.problems)
        self.columns: dict[str, Any] = {}

    def refuse(self, row: int, field: str, reason: str) -> None:
        if self.good[row]:
            self.good[row] = False
            line, raw = int(self.objects.lines[row]), self.objects.raw(row)
            self.problems.append(Problem(line, spoken(field)[:FIELD_CHARACTERS], reason, raw))

    def put(self, field: str, values: Sequence[Any]) -> None:
        """Set a column; None is an empty cell, and what is no text or number is refused."""
        # Arrow would cut a fraction off to make it whole, so types are looked at first.
        kinds = set(map(type, values)) - {type(None)}
        kind = KINDS.get(kinds.pop()) if len(kinds) == 1 else None
        try:
            column = None if kind is None else pa.array(values, type=kind)
        except OverflowError:
            column = None
        if column is None:
            texts = [self._text(row, field, value) for row, value in enumerate(values)]
            column = pa.array(texts, type=pa.string())
        self.columns[field] = column

    def put_tags(self, bags: Sequence[Any]) -> None:
        """Set the tags from objects, each different one written out once."""
        known: dict[str, str] = {}
        texts: list[Any] = []
        for bag in bags:
            if isinstance(bag, dict):
                spelling = repr(bag)
                if spelling not in known:
                    known[spelling] = json.dumps(bag)
                texts.append(known[spelling])
            else:
                texts.append(bag)
        self.put("tags", texts)

    def _text(self, row: int, field: str, value: Any) -> str | None:
        if isinstance(value, bool | list | dict):
            kind = {bool: "true or false", list: "a list", dict: "an object"}[type(value)]
            self.refuse(row, field, f"is {kind}, not a text or number")
            return None
        return value if value is None or isinstance(value, str) else repr(value)

    def texts(self, origin: Mapping[str, str] | None = None) -> Texts:
        """Return the rows that can be used."""
        keep, chosen = pa.array(self.good), np.flatnonzero(self.good)
        columns = {field: column.filter(keep) for field, column in self.columns.items()}
        raw = self.objects.raw
        return Texts(
            columns,
            self.objects.lines[self.good],
            lambda row: raw(int(chosen[row])),
            self.problems,
            origin or {},
        )
