"""Reading CSV into columns of text, each row with the line it stands on."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from ingestion.framing.records import sniff_delimiter
from ingestion.readers.contract import Chunk, Problem, Refused
from ingestion.readers.convert import Texts
from ingestion.readers.jsontext import Objects
from ingestion.readers.lines import Records, records_of

MAX_COLUMNS = 10_000


def header_names(header: bytes) -> list[str]:
    """Return the names of a header's columns without outer spaces.

    Raises Refused where the header holds no name, or more than anybody gives.
    """
    text = header.decode()
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=sniff_delimiter(header).decode())
    try:
        names = [name.strip() for name in next(rows, [])]
    except csv.Error as error:
        raise Refused(f"The header cannot be read as CSV: {error}.") from error
    if len(names) > MAX_COLUMNS:
        raise Refused(f"The header has {len(names):,} columns; {MAX_COLUMNS:,} are read at most.")
    if not any(names):
        raise Refused("The file has no header with the names of its columns.")
    return names


def read_texts(chunk: Chunk, fields: Mapping[str, str]) -> Texts:
    """Read the columns named in `fields` (field → column name) of a chunk of CSV.

    A row with more or fewer cells than the header becomes a problem. Raises Refused for a
    column that is not there, or there twice.
    """
    names = header_names(chunk.header)
    wanted = {field: column_index(names, column) for field, column in fields.items()}
    delimiter = sniff_delimiter(chunk.header)
    records, problems = records_of(chunk, delimiter=delimiter)
    columns, kept, misfits = _parsed(records, len(names), sorted(set(wanted.values())), delimiter)
    problems += misfits
    records = records.chosen(kept)
    origin = {field: column for field, column in fields.items() if field != column}
    by_field = {field: columns[index] for field, index in wanted.items()}
    return Texts(by_field, records.lines, records.raw, problems, origin)


def read_objects(chunk: Chunk) -> Objects:
    """Read each row of a chunk of CSV as an object of its cells, empty ones left out."""
    names = header_names(chunk.header)
    texts = read_texts(chunk, {name: name for name in names if name})
    columns = {name: column.to_pylist() for name, column in texts.columns.items()}
    values = [
        {name: cell for name, cell in zip(columns, row, strict=True) if cell}
        for row in zip(*columns.values(), strict=True)
    ]
    return Objects(values, texts.lines, texts.raw, texts.problems)


def check_columns(chunk: Chunk, *names: str, file: str) -> None:
    """Raise Refused where a file is no CSV with these columns; `file` says what it should be."""
    if chunk.shape != "csv":
        raise Refused(f"This is no CSV, and so not {file}.")
    known = header_names(chunk.header)
    missing = [name for name in names if name not in known]
    if missing:
        raise Refused(f"This is not {file}: it has no column {' or '.join(missing)}.")


def column_index(names: Sequence[str], column: str) -> int:
    """Return where a column stands; raise Refused, listing the columns, where it does not."""
    if names.count(column) > 1:
        raise Refused(f"The column {column!r} stands twice in the header.")
    if column not in names:
        listed = ", ".join(name for name in names if name)
        raise Refused(f"The file has no column {column!r}. Its columns are: {listed}.")
    return names.index(column)


Parsed = tuple[dict[int, Any], npt.NDArray[np.bool_], list[Problem]]


def _parsed(records: Records, width: int, wanted: list[int], delimiter: bytes) -> Parsed:
    """Return the wanted columns, which records they hold, and a problem for each other."""
    if not len(records):
        empty = {index: pa.array([], type=pa.string()) for index in wanted}
        return empty, np.ones(0, dtype=bool), []
    misfits: list[tuple[int, int]] = []

    def note(row: Any) -> str:
        misfits.append((row.number - 1, row.actual_columns))
        return "skip"

    table = _arrow_table(records.joined(), width, wanted, delimiter, note)
    if len(table) + len(misfits) != len(records):
        return _parsed_singly(records, width, wanted, delimiter)
    kept = np.ones(len(records), dtype=bool)
    kept[[row for row, _ in misfits]] = False
    problems = [_misfit(records, row, cells, width) for row, cells in misfits]
    return {index: table.column(str(index)).combine_chunks() for index in wanted}, kept, problems


def _arrow_table(content: bytes, width: int, wanted: list[int], delimiter: bytes, note: Any) -> Any:
    """Parse in one block and one thread, so that misfits know their row."""
    return pyarrow.csv.read_csv(
        pa.BufferReader(content),
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False,
            column_names=[str(index) for index in range(width)],
            block_size=len(content) + 1,
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=delimiter.decode(), newlines_in_values=True, invalid_row_handler=note
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=[str(index) for index in wanted],
            column_types={str(index): pa.string() for index in range(width)},
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )


def _parsed_singly(records: Records, width: int, wanted: list[int], delimiter: bytes) -> Parsed:
    """Parse each record by itself: slower, but a stray quotation mark harms only its row."""
    kept, problems = np.ones(len(records), dtype=bool), []
    cells: dict[int, list[str]] = {index: [] for index in wanted}
    for row in range(len(records)):
        try:
            (record,) = csv.reader([records.raw(row)], delimiter=delimiter.decode(), strict=True)
        except (csv.Error, ValueError) as error:
            kept[row] = False
            reason = f"The row cannot be read as CSV: {error}."
            problems.append(Problem(int(records.lines[row]), "", reason, records.raw(row)))
            continue
        if len(record) != width:
            kept[row] = False
            problems.append(_misfit(records, row, len(record), width))
            continue
        for index in wanted:
            cells[index].append(record[index])
    columns = {index: pa.array(texts, type=pa.string()) for index, texts in cells.items()}
    return columns, kept, problems


def _misfit(records: Records, row: int, cells: int, width: int) -> Problem:
    reason = f"The row has {cells} cells where the header has {width}."
    return Problem(int(records.lines[row]), "", reason, records.raw(row))
