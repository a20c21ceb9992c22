"""Each different cell is looked at once, and every row has its answer."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ingestion.readers.convert import Texts
from ingestion.readers.distinct import by_distinct, chosen, taken, texts_of, without_faults

CELLS = st.lists(st.tuples(st.text(max_size=2), st.text(max_size=2), st.text(max_size=2)))


def three_rows() -> Texts:
    raw = ["first", "second", "third"]
    return Texts({"a": texts_of(["x", "y", "z"])}, np.array([2, 3, 5]), raw.__getitem__)


@given(CELLS)
def test_answers_are_those_of_a_look_at_every_row(rows: list[tuple[str, str, str]]) -> None:
    columns = [texts_of(row[place] for row in rows) for place in range(3)]
    looks = []

    def look(*cells: str) -> tuple[str, ...]:
        looks.append(cells)
        return cells

    assert by_distinct(columns, look) == rows
    assert sorted(looks) == sorted(set(rows))


def test_a_column_in_pieces_is_one_column() -> None:
    pieces = pa.chunked_array([["a"], ["b", "a"]])

    assert by_distinct([pieces], str.upper) == ["A", "B", "A"]


def test_rows_that_are_chosen_or_come_again_keep_their_line_and_text() -> None:
    last = chosen(three_rows(), np.array([False, True, True]))
    again = taken(last, np.array([1, 1, 0]))

    assert again.columns["a"].to_pylist() == ["z", "z", "y"]
    assert again.lines.tolist() == [5, 5, 3]
    assert [again.raw(row) for row in range(3)] == ["third", "third", "second"]


def test_a_row_at_fault_becomes_a_problem() -> None:
    texts = without_faults(three_rows(), ["", "is odd", ""], "a")

    assert texts.columns["a"].to_pylist() == ["x", "z"]
    assert [(p.line, p.field, p.reason, p.raw) for p in texts.problems] == [
        (3, "a", "is odd", "second")
    ]
