"""Stacks: few layers, nothing lost."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from dashboard.stacks import Stack, stacked


def stack_of(*rows: tuple[str, str, str]) -> Stack:
    listed = [{"name": name, "step": step, "value": Decimal(value)} for name, step, value in rows]
    return stacked(listed, name_of=lambda row: row["name"], step_of=lambda row: row["step"])


def test_the_biggest_six_stand_alone_and_the_rest_together() -> None:
    stack = stack_of(*((f"unit {n}", "1 Nov", str(n)) for n in range(1, 10)))

    assert [(series.name, series.total) for series in stack.series] == [
        *((f"unit {n}", n) for n in (9, 8, 7, 6, 5, 4)),
        ("Other", 6),
    ]


def test_unallocated_is_never_among_the_others_and_comes_last() -> None:
    units = [(f"unit {n}", "1 Nov", "5.00") for n in range(7)]

    stack = stack_of(("Unallocated", "1 Nov", "0.01"), *units)

    assert [series.name for series in stack.series][-2:] == ["Other", "Unallocated"]


def test_a_step_without_a_row_of_a_series_is_zero_there() -> None:
    stack = stack_of(("a", "1 Nov", "1.00"), ("b", "2 Nov", "2.00"), ("a", "2 Nov", "4.00"))

    assert stack.steps == ["1 Nov", "2 Nov"]
    assert [(s.name, list(s.values)) for s in stack.series] == [
        ("a", [Decimal("1.00"), Decimal("4.00")]),
        ("b", [0, Decimal("2.00")]),
    ]
    assert stack.rows()[1] == ("2 Nov", [Decimal("4.00"), Decimal("2.00")], Decimal("6.00"))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*"abcdefghij", "Unallocated"]),
            st.sampled_from("xyz"),
            st.decimals(0, 10**6, places=12).map(str),
        )
    )
)
def test_the_layers_add_up_to_the_rows(rows: list[tuple[str, str, str]]) -> None:
    stack = stack_of(*rows)

    assert sum(series.total for series in stack.series) == sum(Decimal(row[2]) for row in rows)
