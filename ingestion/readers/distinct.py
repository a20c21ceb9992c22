"""Working on columns of text: rows chosen, and each different cell looked at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.readers.contract import Problem
from ingestion.readers.convert import Column, Mask, Texts

T = TypeVar("T")


def texts_of(values: Iterable[str]) -> Column:
    return pa.array(list(values), type=pa.string())


def with_columns(texts: Texts, columns: Mapping[str, Column]) -> Texts:
    return Texts(columns, texts.lines, texts.raw, texts.problems, texts.origin)


def chosen(texts: Texts, rows: Mask) -> Texts:
    """Return these rows alone; problems stay."""
    at = np.flatnonzero(rows)
    return taken(texts, at)


def without_faults(texts: Texts, faults: Sequence[str], field: str) -> Texts:
    """Return the rows without a fault; the others become problems of this field."""
    if not any(faults):
        return texts
    problems = [
        Problem(int(texts.lines[row]), field, fault, texts.raw(row))
        for row, fault in enumerate(faults)
        if fault
    ]
    kept = chosen(texts, np.array([not fault for fault in faults]))
    return Texts(kept.columns, kept.lines, kept.raw, [*texts.problems, *problems], texts.origin)


def taken(texts: Texts, at: npt.NDArray[np.int64]) -> Texts:
    """Return the rows at these places, which may come again."""
    columns = {name: column.take(pa.array(at)) for name, column in texts.columns.items()}
    raw = texts.raw
    return Texts(
        columns, texts.lines[at], lambda row: raw(int(at[row])), texts.problems, texts.origin
    )


def for_cells(texts: Texts, decide: Callable[..., T], *fields: str) -> list[T]:
    """Call `decide` once for each different combination of cells; return all rows' answers."""
    return by_distinct([texts.columns[field] for field in fields], decide)


def by_distinct(columns: Sequence[Column], decide: Callable[..., T]) -> list[T]:
    """Call `decide` once for each different row of these columns; return all rows' answers."""
    answers, at = decided(columns, decide)
    return [answers[index] for index in at.tolist()]


def decided(
    columns: Sequence[Column], decide: Callable[..., T]
) -> tuple[list[T], npt.NDArray[np.int64]]:
    """Return the answers for each different row of these columns, and whose is whose."""
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        encoded = _whole(column).dictionary_encode()
        codes = codes * max(len(encoded.dictionary), 1) + np.array(encoded.indices)
        # Renumbered at each step, so that the product of many columns stays small.
        codes = np.unique(codes, return_inverse=True)[1]
    _, first, at = np.unique(codes, return_index=True, return_inverse=True)
    picked = [column.take(pa.array(first)).to_pylist() for column in columns]
    return [decide(*cells) for cells in zip(*picked, strict=True)], at


def _whole(column: Column) -> Column:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
