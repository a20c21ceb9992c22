"""Rejected rows in their own shape: what stands in them comes back, whatever it is."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.exports import BYTE_ORDER_MARK
from ingestion.readers.contract import Chunk
from ingestion.readers.csvtext import read_texts
from ingestion.readers.mending import (
    Marks,
    Rejected,
    as_sent,
    csv_to_mend,
    first_rows,
    marks_beside,
    ndjson_to_mend,
)

HEADER = b"id,model,workflow"
MARKS = Marks("problem", "row")
# What parts cells and records, what a spreadsheet runs, and what is none of both.
cells = st.text(st.sampled_from("ab0.é=+-@'\",; \t\r\n"), min_size=1, max_size=12)


def written(row: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(row)
    return line.getvalue().removesuffix("\r\n")


def chunk_of(text: str) -> Chunk:
    header, _, content = text.removeprefix(BYTE_ORDER_MARK).partition("\n")
    return Chunk(content.encode(), header.encode(), "csv", 2)


def cells_of(chunk: Chunk) -> list[list[str]]:
    texts = read_texts(chunk, {name: name for name in ("id", "model", "workflow")})
    return [texts.columns[name].to_pylist() for name in texts.columns]


def csv_text(*rejected: Rejected, header: bytes = HEADER, is_marked: bool = False) -> str:
    return "".join(csv_to_mend(header, rejected, marks=MARKS, is_marked=is_marked))


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5))
def test_every_cell_of_a_csv_comes_back_as_it_was_sent(rows: list[list[str]]) -> None:
    rejected = [Rejected(n, "bad", written(row)) for n, row in enumerate(rows, 2)]

    chunk = as_sent(chunk_of(csv_text(*rejected)))

    first = Chunk("\n".join(map(written, rows)).encode(), HEADER, "csv", 2)
    assert cells_of(chunk) == cells_of(first)
    assert list(first_rows(chunk, MARKS).values()) == [found.line for found in rejected]


@pytest.mark.parametrize("cell", ["=1+1", "'=1+1", "''=1+1", "@team", "+49", "-5", "it's", "'"])
def test_a_cell_that_a_spreadsheet_would_run_is_guarded_and_comes_back(cell: str) -> None:
    text = csv_text(Rejected(2, "bad", written(["r1", "gpt-5", cell])))

    (_, row) = csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK)))
    sent = read_texts(as_sent(chunk_of(text)), {"workflow": "workflow"})

    assert not row[-1].startswith(("=", "@", "+"))
    assert sent.columns["workflow"].to_pylist() == [cell]


def test_the_marks_stand_before_the_source_s_own_columns() -> None:
    text = csv_text(Rejected(7, "in_text: is 'x', no number", "r1,gpt-5,reply"))

    assert text == (
        f"{BYTE_ORDER_MARK}problem,row,id,model,workflow\n"
        "\"in_text: is 'x', no number\",7,r1,gpt-5,reply\n"
    )


def test_a_file_with_such_columns_of_its_own_gets_other_marks() -> None:
    assert marks_beside(["id", "row"]) == ("_problem", "_row")
    assert marks_beside(["_row", "problem"]) == ("__problem", "__row")


def test_a_row_that_is_no_csv_stands_whole_in_one_cell() -> None:
    broken, whole = 'r1,"gpt-5"x,reply', "r2,gpt-5,reply"

    text = csv_text(Rejected(2, "cannot be read", broken), Rejected(3, "bad", whole))

    rows = list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK))))
    assert rows[1:] == [["cannot be read", "2", broken], ["bad", "3", "r2", "gpt-5", "reply"]]


def test_rows_that_are_mended_again_keep_the_row_of_the_first_file() -> None:
    raw = written(["old problem", "41", "r1", "gpt-5", "reply"])

    text = csv_text(
        Rejected(2, "still bad", raw), header=b"problem,row,id,model,workflow", is_marked=True
    )

    assert text.splitlines()[1] == "still bad,41,r1,gpt-5,reply"
    assert text.count("problem,row") == 1


@pytest.mark.parametrize("raw", ['{"id":"r1","cost":1.10}', "{}", '{ "a": {"b": [1, 2]}}'])
def test_an_object_keeps_its_own_digits_behind_the_marks(raw: str) -> None:
    (line,) = ndjson_to_mend([Rejected(3, 'is "bad"', raw)], is_marked=False)

    assert json.loads(line) == {"_problem": 'is "bad"', "_row": 3, **json.loads(raw)}
    assert raw.strip("{} ") in line


def test_an_object_that_is_mended_again_bears_its_marks_once() -> None:
    (first,) = ndjson_to_mend([Rejected(41, 'is "bad"', '{"id":"r1"}')], is_marked=False)

    (again,) = ndjson_to_mend([Rejected(1, "still bad", first)], is_marked=True)

    assert again == '{"_problem": "still bad", "_row": 41, "id":"r1"}\n'


def test_a_line_that_is_no_object_stands_in_one() -> None:
    (line,) = ndjson_to_mend([Rejected(3, "no object", "[1,2")], is_marked=False)

    assert json.loads(line) == {"_problem": "no object", "_row": 3, "_raw": "[1,2"}


def test_first_rows_are_told_by_lines_that_bear_a_number() -> None:
    lines = [
        '{"_row": 7}',
        '{"_row": "8"}',
        '{"_row": "x"}',
        '{"_row": true}',
        '{"_row": -1}',
        "{}",
    ]
    chunk = Chunk("\n".join(lines).encode(), b"", "ndjson", 1)

    assert first_rows(chunk, MARKS) == {1: 7, 2: 8}
