"""FOCUS rows as a file, piece by piece: CSV line by line, Parquet by row groups."""

import csv
import io
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from ingestion.exports import harmless
from ingestion.focus.columns import COLUMNS, Kind
from ingestion.focus.rows import Row

ROWS_PER_PIECE = 2_000
ROWS_PER_GROUP = 20_000
ARROW_TYPES: dict[Kind, Any] = {
    "text": pa.string(),
    "json": pa.string(),
    "time": pa.timestamp("us", tz="UTC"),
    "cost": pa.decimal128(38, 12),
    "price": pa.decimal128(38, 21),
    "quantity": pa.decimal128(38, 6),
}
SCHEMA = pa.schema([(name, ARROW_TYPES[kind]) for name, kind in COLUMNS.items()])


def csv_pieces(rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield a CSV file: nulls are empty cells, times end with Z, numbers are plain decimals.

    It has no byte order mark, since programs read it, and a text that a spreadsheet would
    run as a formula has an apostrophe before it.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    taken = iter(rows)
    while True:
        batch = list(islice(taken, ROWS_PER_PIECE))
        writer.writerows([_cell(row[name]) for name in COLUMNS] for row in batch)
        yield buffer.getvalue().encode()
        if len(batch) < ROWS_PER_PIECE:
            return
        buffer.seek(0)
        buffer.truncate()


@lru_cache(maxsize=100_000)  # names, days and prices come again in row after row
def _cell(value: Hashable) -> str:
    match value:
        case str():
            return str(harmless(value))
        case Decimal():
            return plain_number(value)
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return ""


def plain_number(value: Decimal) -> str:
    """Return a number without exponent and without zeros that say nothing.

    One decimal stays, so that programs which guess types do not take a column for integers.
    """
    text = f"{value:f}"
    if "." not in text:
        return f"{text}.0"
    text = text.rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def parquet_pieces(rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield a Parquet file; no more than one row group is held at a time."""
    taken, sink = iter(rows), _Sink()
    with pyarrow.parquet.ParquetWriter(sink, SCHEMA, compression="zstd") as writer:
        while batch := list(islice(taken, ROWS_PER_GROUP)):
            columns = [[row[name] for row in batch] for name in COLUMNS]
            arrays = [
                pa.array(cells, type=field.type)
                for cells, field in zip(columns, SCHEMA, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Collects what a writer writes until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._position += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._position

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


PIECES: dict[str, Callable[[Iterable[Row]], Iterator[bytes]]] = {
    "csv": csv_pieces,
    "parquet": parquet_pieces,
}
CONTENT_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
