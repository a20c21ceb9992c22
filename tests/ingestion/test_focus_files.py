"""FOCUS files come in pieces: what is not asked for is not read."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import pyarrow.parquet
import pytest

from ingestion.exports import harmless, unharmed
from ingestion.focus.columns import COLUMNS
from ingestion.focus.files import (
    ROWS_PER_GROUP,
    ROWS_PER_PIECE,
    csv_pieces,
    parquet_pieces,
    plain_number,
)
from ingestion.focus.rows import Row

ROW: Row = dict.fromkeys(COLUMNS) | {
    "BilledCost": Decimal("1E-12"),
    "ChargePeriodStart": datetime(2026, 11, 1, tzinfo=UTC),
    "x_Workflow": "=1+1",
}


class Rows(Iterator[Row]):
    """So many rows, and how many of them were taken."""

    def __init__(self, count: int) -> None:
        self.count, self.taken = count, 0

    def __next__(self) -> Row:
        if self.taken == self.count:
            raise StopIteration
        self.taken += 1
        return ROW


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E-12"), "0.000000000001"),
        (Decimal("-0.250"), "-0.25"),
        (Decimal("1E+3"), "1000.0"),
        (Decimal("0E-12"), "0.0"),
        (Decimal(100), "100.0"),
    ],
)
def test_numbers_are_plain_and_keep_one_decimal(value: Decimal, text: str) -> None:
    assert plain_number(value) == text


def test_a_csv_without_rows_is_its_header() -> None:
    assert b"".join(csv_pieces([])).decode() == ",".join(COLUMNS) + "\r\n"


def test_a_csv_cell_is_exact_harmless_or_empty() -> None:
    header, row, end = b"".join(csv_pieces([ROW])).decode().split("\r\n")
    cells = dict(zip(header.split(","), row.split(","), strict=True))

    assert {name: cell for name, cell in cells.items() if cell} == {
        "BilledCost": "0.000000000001",
        "ChargePeriodStart": "2026-11-01T00:00:00Z",
        "x_Workflow": "'=1+1",
    }
    assert end == ""


def test_a_csv_is_written_as_rows_come() -> None:
    rows = Rows(3 * ROWS_PER_PIECE)
    pieces = csv_pieces(rows)

    first = next(pieces)

    assert rows.taken == ROWS_PER_PIECE
    assert (first + b"".join(pieces)).count(b"\r\n") == 3 * ROWS_PER_PIECE + 1


def test_a_parquet_file_holds_one_row_group_at_a_time() -> None:
    rows = Rows(ROWS_PER_GROUP + 1)
    pieces = parquet_pieces(rows)

    first = next(pieces)
    taken = rows.taken
    whole = pyarrow.parquet.ParquetFile(BytesIO(first + b"".join(pieces)))

    assert taken == ROWS_PER_GROUP
    assert (whole.metadata.num_row_groups, whole.metadata.num_rows) == (2, ROWS_PER_GROUP + 1)


def test_a_parquet_file_without_rows_has_its_columns() -> None:
    table = pyarrow.parquet.read_table(BytesIO(b"".join(parquet_pieces([]))))

    assert (table.num_rows, table.column_names) == (0, list(COLUMNS))


@pytest.mark.parametrize("text", ["=1+1", "-x", "@x", "+1 a", "'quoted", "plain", "-1.5", ""])
def test_what_was_made_harmless_is_taken_back(text: str) -> None:
    assert unharmed(str(harmless(text))) == text
