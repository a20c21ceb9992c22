"""Rejected rows as a file of their source's own shape, to be mended and sent again.

Two marks stand before each row: what is wrong with it, and which row of the file that came
first it is. Readers find columns and members by name, and so read past the marks.
"""

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ingestion.exports import BYTE_ORDER_MARK, harmless
from ingestion.framing.records import sniff_delimiter
from ingestion.readers.contract import Chunk
from ingestion.readers.csvtext import header_names, read_texts
from ingestion.readers.jsontext import objects_of
from ingestion.readers.lines import records_of

JSON_PROBLEM, JSON_ROW, JSON_RAW = "_problem", "_row", "_raw"
_MARKED = re.compile(
    rf'{{\s*"{JSON_PROBLEM}"\s*:\s*"(?:[^"\\]|\\.)*"\s*,\s*"{JSON_ROW}"\s*:\s*(\d+)\s*,?\s*'
)
_MOST_DIGITS = 15


class Rejected(NamedTuple):
    """A row that could not be used, on which line it stood, and what is wrong with it."""

    line: int
    problem: str
    raw: str


class Marks(NamedTuple):
    """The names of the two columns beside those of a CSV."""

    problem: str = "problem"
    row: str = "row"


def marks_beside(names: Collection[str]) -> Marks:
    """Return the marks, with underscores before them where the file has such columns."""
    marks = Marks()
    while not set(marks).isdisjoint(names):
        marks = Marks(*(f"_{mark}" for mark in marks))
    return marks


def csv_to_mend(
    header: bytes, rejected: Iterable[Rejected], *, marks: Marks, is_marked: bool
) -> Iterator[str]:
    """Yield a CSV of rejected rows; what is no CSV stands whole in the cell after the marks.

    `is_marked` says that the rows bear the marks already, of the file that came first.
    """
    names, delimiter = header_names(header), sniff_delimiter(header).decode()
    own = [place for place, name in enumerate(names) if not (is_marked and name in marks)]
    yield BYTE_ORDER_MARK
    yield _line([*marks, *(names[place] for place in own)], delimiter)
    for found in rejected:
        cells = _cells(found.raw, delimiter)
        row = "" if is_marked else str(found.line)
        if len(cells) == len(names):
            if is_marked and marks.row in names:
                row = cells[names.index(marks.row)]
            cells = [cells[place] for place in own]
        yield _line([found.problem, row, *cells], delimiter)


def ndjson_to_mend(rejected: Iterable[Rejected], *, is_marked: bool) -> Iterator[str]:
    """Yield NDJSON of rejected rows, each in its own digits; what is no object stands in one."""
    for found in rejected:
        text, row = found.raw.strip(), found.line
        marked = _MARKED.match(text) if is_marked else None
        rest = text[marked.end() :] if marked else text[1:].lstrip()
        if marked:
            row = int(marked[1])
        told = f'{{"{JSON_PROBLEM}": {json.dumps(found.problem)}, "{JSON_ROW}": {row}'
        if not text.startswith("{"):
            yield f'{told}, "{JSON_RAW}": {json.dumps(text)}}}\n'
        else:
            yield f"{told}{'' if rest.startswith('}') else ', '}{rest}\n"


def first_rows(chunk: Chunk, marks: Marks) -> Mapping[int, int]:
    """Return which row of the file that came first each line of a mended one is, where told."""
    if chunk.shape == "csv":
        if marks.row not in header_names(chunk.header):
            return {}
        texts = read_texts(chunk, {"row": marks.row})
        told: Iterable[object] = texts.columns["row"].to_pylist()
        lines = texts.lines
    else:
        objects = objects_of(chunk)
        told, lines = [value.get(JSON_ROW) for value in objects.values], objects.lines
    return {
        int(line): int(text)
        for line, row in zip(lines, told, strict=True)
        if (text := str(row).strip()).isdecimal() and len(text) <= _MOST_DIGITS
    }


def as_sent(chunk: Chunk) -> Chunk:
    """Return a mended CSV without the apostrophes that kept a spreadsheet from running cells."""
    delimiter = sniff_delimiter(chunk.header)
    if chunk.shape != "csv" or b"'" not in chunk.content:
        return chunk
    records, _ = records_of(chunk, delimiter=delimiter)
    content, done = io.BytesIO(), 0
    for start, end in zip(records.starts.tolist(), records.ends.tolist(), strict=True):
        content.write(chunk.content[done:start])
        content.write(_bare(chunk.content[start:end], delimiter.decode()))
        done = end
    content.write(chunk.content[done:])
    return replace(chunk, content=content.getvalue())


def _bare(record: bytes, delimiter: str) -> bytes:
    if b"'" not in record:
        return record
    cells = _cells(record.decode(), delimiter)
    bare = [_unguarded(cell) for cell in cells]
    return record if bare == cells else _written(bare, delimiter).encode()


def _cells(raw: str, delimiter: str) -> Sequence[str]:
    try:
        (cells,) = csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return [raw]
    return cells


def _line(cells: Iterable[str], delimiter: str) -> str:
    return _written(map(_guarded, cells), delimiter)


def _written(cells: Iterable[str], delimiter: str) -> str:
    line = io.StringIO()
    # Both breaks are named, for the writer only quotes cells that hold one of them.
    csv.writer(line, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def _guarded(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would run; `_unguarded` takes it away."""
    return f"'{cell}" if _runs(cell.lstrip("'")) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _runs(cell.lstrip("'")) else cell


def _runs(text: str) -> bool:
    return harmless(text) != text
