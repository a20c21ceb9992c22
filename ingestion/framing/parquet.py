"""From a Parquet file to rows of text, in pieces that fit into memory whatever they repeat."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from ingestion.framing.records import MAX_RECORD_BYTES, Refused
from ingestion.framing.rows import line_of
from ingestion.framing.unpack import Limits

BATCH_ROWS = 1 << 15
# A value that stands once in the file may be repeated on every row: a piece is measured
# before its values are written out.
PIECE_BYTES = 16 << 20
# A column may be packed this well without being looked at twice.
PLAIN_COLUMN_BYTES = 64 << 20


def parquet_to_text(path: Path, target: Path, *, limits: Limits) -> Literal["csv", "ndjson"]:
    """Write a Parquet file as CSV, or as NDJSON where columns are nested; return which."""
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _check_columns(file.metadata, limits)
            nested = any(pa.types.is_nested(field.type) for field in file.schema_arrow)
            repeated = [] if nested else _texts(file.schema_arrow)
        with pyarrow.parquet.ParquetFile(path, read_dictionary=repeated) as file:
            batches = file.iter_batches(batch_size=_batch_rows(file.metadata, nested=nested))
            pieces = _bounded(batches, path, target, limits)
            if nested:
                _write_ndjson(pieces, target)
            else:
                _write_csv(pieces, file.schema_arrow.names, target)
    # A map with the same key twice is a KeyError.
    except (pa.ArrowException, OSError, KeyError) as error:
        raise Refused(f"The Parquet file cannot be read: {error}.") from error
    return "ndjson" if nested else "csv"


def _check_columns(metadata: Any, limits: Limits) -> None:
    """Raise Refused for a column that unpacks like a bomb, before it is unpacked."""
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            if column.total_uncompressed_size > PLAIN_COLUMN_BYTES:
                bytewise = Limits(limits.ratio, PLAIN_COLUMN_BYTES)
                bytewise.check(
                    packed=column.total_compressed_size, expanded=column.total_uncompressed_size
                )


def _texts(schema: Any) -> list[str]:
    """Return the columns of texts, which are read as they are kept: each value once."""
    kinds = (pa.types.is_string, pa.types.is_binary, pa.types.is_large_string)
    return [
        field.name for field in schema if any(is_kind(_plain_type(field.type)) for is_kind in kinds)
    ]


def _plain_type(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _batch_rows(metadata: Any, *, nested: bool) -> int:
    """Return how many rows to read at once.

    Nested texts are written out as they are read, so what a column holds once is taken to
    be what every row may repeat.
    """
    if not nested:
        return BATCH_ROWS
    chunks = (
        metadata.row_group(group).column(place)
        for group in range(metadata.num_row_groups)
        for place in range(metadata.num_columns)
        if metadata.row_group(group).column(place).has_dictionary_page
    )
    largest = max((chunk.total_uncompressed_size for chunk in chunks), default=0)
    return min(max(PIECE_BYTES // max(largest, 1), 1), BATCH_ROWS)


def _bounded(batches: Any, path: Path, target: Path, limits: Limits) -> Iterator[Any]:
    packed = path.stat().st_size
    for batch in batches:
        for piece in _pieces(batch):
            yield piece
            limits.check(packed=packed, expanded=target.stat().st_size)


def _pieces(batch: Any) -> Iterator[Any]:
    """Cut a batch in halves until each writes out to a bearable size."""
    if not batch.num_rows:
        return
    if batch.num_rows == 1 or _written_bytes(batch) <= PIECE_BYTES:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _pieces(batch.slice(0, half))
    yield from _pieces(batch.slice(half))


def _written_bytes(batch: Any) -> int:
    return sum(_column_bytes(column) for column in batch.columns)


def _column_bytes(column: Any) -> int:
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary.cast(pa.large_binary()))
    if (pc.max(lengths).as_py() or 0) > MAX_RECORD_BYTES:
        raise Refused(f"A value of the Parquet file is longer than {MAX_RECORD_BYTES >> 20} MiB.")
    return int(pc.sum(pc.take(lengths, column.indices)).as_py() or 0)


def _write_ndjson(pieces: Iterator[Any], target: Path) -> None:
    with target.open("wb") as rows:
        for piece in pieces:
            rows.writelines(line_of(row) for row in piece.to_pylist(maps_as_pydicts="strict"))
            rows.flush()


def _write_csv(pieces: Iterator[Any], names: list[str], target: Path) -> None:
    schema = pa.schema([(name, pa.string()) for name in names])
    with pyarrow.csv.CSVWriter(target, schema) as rows:
        for piece in pieces:
            columns = [pc.cast(column, pa.string()) for column in piece.columns]
            rows.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
