"""Sliding windows and small tables agree with slow ones that keep everything."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tokenops_sidecar.window import SLOTS, Recent, Window

SPAN_S = 60
STEPS = st.lists(
    st.tuples(st.floats(0, 40, allow_nan=False), st.integers(0, 9)), min_size=1, max_size=40
)


def counted(added: list[tuple[float, int]], at_s: float, span_s: int = SPAN_S) -> int:
    """Sum what fell into the slot of this instant or one of the sixty before."""
    width_s = span_s / SLOTS
    return sum(n for when_s, n in added if when_s // width_s >= at_s // width_s - SLOTS)


@given(STEPS, st.floats(0, 200, allow_nan=False))
def test_a_window_counts_what_a_list_of_everything_would(
    steps: list[tuple[float, int]], later_s: float
) -> None:
    window, added, at_s = Window(SPAN_S), list[tuple[float, int]](), 1_000.0
    for pause_s, amount in steps:
        at_s += pause_s
        window.add(amount, at_s=at_s)
        added.append((at_s, amount))
        assert window.total(at_s) == counted(added, at_s)

    assert window.total(at_s + later_s) == counted(added, at_s + later_s)


@given(STEPS)
def test_no_stretch_of_the_span_ever_holds_more_than_is_counted(
    steps: list[tuple[float, int]],
) -> None:
    window, added, at_s = Window(SPAN_S), list[tuple[float, int]](), 1_000.0
    for pause_s, amount in steps:
        at_s += pause_s
        window.add(amount, at_s=at_s)
        added.append((at_s, amount))

        really = sum(n for when_s, n in added if at_s - when_s < SPAN_S)
        assert window.total(at_s) >= really


@given(STEPS, st.integers(1, 30))
def test_so_much_is_free_when_it_was_said_to_be_and_no_second_earlier(
    steps: list[tuple[float, int]], wanted: int
) -> None:
    window, at_s = Window(SPAN_S), 1_000.0
    for pause_s, amount in steps:
        at_s += pause_s
        window.add(amount, at_s=at_s)
    before = window.total(at_s)

    free_at_s = at_s + window.frees_s(wanted, at_s=at_s)

    freed = min(Decimal(wanted), before)
    assert window.total(free_at_s + 1e-6) <= before - freed
    if freed:
        assert window.total(free_at_s - 1 - 1e-6) > before - freed


@given(STEPS, st.integers(-9, 9), st.floats(0, 200, allow_nan=False))
def test_a_correction_counts_with_what_it_corrects_and_goes_with_it(
    steps: list[tuple[float, int]], more: int, later_s: float
) -> None:
    window, added, at_s = Window(SPAN_S), list[tuple[float, int]](), 1_000.0
    for pause_s, amount in steps:
        at_s += pause_s
        window.add(amount, at_s=at_s)
        added.append((at_s, amount))
    taken_s, amount = added[0]

    window.correct(more, taken_s=taken_s)

    if counted([(taken_s, 1)], at_s):
        added[0] = (taken_s, amount + more)
    assert window.total(at_s + later_s) == counted(added, at_s + later_s)


def test_a_window_keeps_sixty_one_slots_at_most() -> None:
    window = Window(SPAN_S)
    for second in range(1_000):
        window.add(1, at_s=float(second))

    assert len(window) == SLOTS + 1


def test_a_table_forgets_what_nobody_touched_for_long_and_of_too_many_the_oldest() -> None:
    table = Recent[str, int](keep_s=100, most=3)
    for place, name in enumerate("abc"):
        table.put(name, place, at_s=float(place))
    table.put("a", 0, at_s=10.0)

    table.put("d", 3, at_s=11.0)

    assert [table.get(name, at_s=11.0) for name in "abcd"] == [0, None, 2, 3]
    assert table.get("c", at_s=102.0) == 2
    assert table.get("c", at_s=102.1) is None
    table.put("e", 4, at_s=120.0)
    assert len(table) == 1
