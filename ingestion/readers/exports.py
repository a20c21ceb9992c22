"""Columns of a cloud's billing export by their names, out of CSV or nested JSON."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from ingestion.readers.contract import Chunk, Refused
from ingestion.readers.convert import Texts
from ingestion.readers.csvtext import header_names, read_texts
from ingestion.readers.distinct import with_columns
from ingestion.readers.jsontext import Gathering, objects_of

# Field → the spellings of its column, the preferred one first.
Spellings = Mapping[str, Sequence[str]]


def plain(name: str) -> str:
    """Return a column's name as all spellings have it: lineItem/UsageType, line_item_usage_type."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def named(head: bytes, names: Iterable[str]) -> bool:
    """Test whether a file's start has all these columns, in a header or as JSON keys."""
    text = head.decode(errors="replace").lstrip()
    if text.startswith(("{", "[")):
        found = set(map(plain, re.findall(r'"([^"]{1,80})"\s*:', text)))
    else:
        found = set(map(plain, re.split(r"[,;\t]", text.partition("\n")[0])))
    return found >= set(map(plain, names))


def check_columns(chunk: Chunk, spellings: Spellings, required: Iterable[str], what: str) -> None:
    """Raise Refused where a CSV lacks a column that every line needs."""
    if chunk.shape != "csv":
        return
    found = _found(header_names(chunk.header), spellings)
    missing = [spellings[field][0] for field in required if field not in found]
    if missing:
        raise Refused(f"{what} has no column {' or '.join(missing)} here.")


def export_texts(chunk: Chunk, spellings: Spellings, *, bags: Iterable[str] = ()) -> Texts:
    """Read the fields' columns of a chunk as text; those the file lacks are empty.

    The columns `bags` hold tags and the like: of NDJSON their values stay JSON.
    """
    if chunk.shape == "csv":
        found = _found(header_names(chunk.header), spellings)
        texts = read_texts(chunk, found)
        texts = Texts(texts.columns, texts.lines, texts.raw, texts.problems)
    else:
        texts = _of_objects(chunk, spellings, frozenset(bags))
    missing = {field: pa.repeat("", len(texts.lines)) for field in spellings}
    return with_columns(texts, missing | dict(texts.columns))


def _found(names: Sequence[str], spellings: Spellings) -> dict[str, str]:
    """Return which column of a header gives each field; raise Refused for two alike."""
    plain_names = [plain(name) for name in names]
    found = {}
    for field, columns in spellings.items():
        for column in map(plain, columns):
            at = [index for index, name in enumerate(plain_names) if name == column]
            if len(at) > 1:
                raise Refused(f"The column {names[at[0]]!r} stands twice in the header.")
            if at:
                found[field] = names[at[0]]
                break
    return found


def _of_objects(chunk: Chunk, spellings: Spellings, bags: Iterable[str]) -> Texts:
    """Gather the fields of objects, nested ones by their path: service.description."""
    gathering = Gathering(objects_of(chunk))
    ranks = {
        plain(column): (field, rank)
        for field, columns in spellings.items()
        for rank, column in enumerate(columns)
    }
    rows = [_cells_of(value, ranks, frozenset(bags)) for value in gathering.objects.values]
    for field in spellings:
        gathering.put(field, [row[field][1] if field in row else None for row in rows])
    texts = gathering.texts()
    columns = {
        name: column.cast(pa.string()).fill_null("") for name, column in texts.columns.items()
    }
    return with_columns(texts, columns)


Cells = dict[str, tuple[int, Any]]


def _cells_of(
    value: Mapping[str, Any],
    ranks: Mapping[str, tuple[str, int]],
    bags: frozenset[str],
    above: str = "",
) -> Cells:
    """Return the cells of an object by field, each with the rank of its spelling."""
    cells: Cells = {}
    for name, cell in value.items():
        path = above + _plain(name)
        field, rank = ranks.get(path, ("", 0))
        if field and cell not in (None, ""):
            text = json.dumps(cell) if field in bags and not isinstance(cell, str) else cell
            if rank <= cells.get(field, (rank, None))[0]:
                cells[field] = rank, text
        elif isinstance(cell, dict):
            cells = _cells_of(cell, ranks, bags, path) | cells
    return cells


_plain = lru_cache(maxsize=10_000)(plain)
