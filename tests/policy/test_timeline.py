"""The geometry of the state timeline, worked out by hand."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from policy.timeline import (
    SHAPES,
    Bar,
    Move,
    Span,
    Tick,
    Window,
    bars,
    long,
    place,
    spans,
    ticks,
    time_in,
)

ZONE = ZoneInfo("UTC")
START = datetime(2026, 11, 10, tzinfo=UTC)
TEN_DAYS = Window(START, START + timedelta(days=10))


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def test_a_breaker_that_never_moved_is_one_line() -> None:
    assert spans([], window=TEN_DAYS, at_first="closed") == [Span("closed", START, day(10))]


def test_moves_part_the_window_without_gap() -> None:
    moves = [Move(day(2), "closed", "open"), Move(day(3.5), "open", "closed")]

    assert spans(moves, window=TEN_DAYS, at_first="closed") == [
        Span("closed", START, day(2)),
        Span("open", day(2), day(3.5)),
        Span("closed", day(3.5), day(10)),
    ]


def test_the_first_move_tells_what_was_before_it() -> None:
    found = spans([Move(day(1), "open", "closed")], window=TEN_DAYS, at_first="closed")

    assert found == [Span("open", START, day(1)), Span("closed", day(1), day(10))]


def test_a_move_on_the_first_instant_leaves_no_empty_span() -> None:
    found = spans([Move(START, "closed", "open")], window=TEN_DAYS, at_first="closed")

    assert found == [Span("open", START, day(10))]


def test_what_lies_outside_the_window_is_not_drawn() -> None:
    moves = [Move(day(-1), "closed", "open"), Move(day(10), "open", "closed")]

    assert spans(moves, window=TEN_DAYS, at_first="open") == [Span("open", START, day(10))]


def test_a_block_that_another_cap_took_over_is_one_bar() -> None:
    moves = [Move(day(1), "closed", "open"), Move(day(2), "open", "open")]

    assert spans(moves, window=TEN_DAYS, at_first="closed") == [
        Span("closed", START, day(1)),
        Span("open", day(1), day(10)),
    ]


def test_bars_are_percentages_and_the_running_line_lies_beneath() -> None:
    blocked, running = Span("open", START, day(2.5)), Span("closed", day(2.5), day(10))

    assert bars([blocked, running], window=TEN_DAYS) == [
        Bar(running, 25.0, 75.0, SHAPES["closed"]),
        Bar(blocked, 0.0, 25.0, SHAPES["open"]),
    ]


def test_a_short_block_is_still_seen_and_stays_inside() -> None:
    minute = timedelta(minutes=1)
    late = Span("open", day(10) - minute, day(10))

    assert bars([late], window=TEN_DAYS) == [Bar(late, 99.4, 0.6, SHAPES["open"])]


def test_an_instant_outside_lies_at_the_edge() -> None:
    assert [place(day(at), TEN_DAYS) for at in (-3, 0, 5, 12)] == [0.0, 0.0, 50.0, 100.0]


def test_a_week_has_a_tick_each_day_and_a_month_one_in_five() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    week, month = (Window(noon - timedelta(days=days), noon) for days in (7, 30))

    assert [tick.day.day for tick in ticks(week, zone=ZONE)] == [14, 15, 16, 17, 18, 19, 20]
    assert [tick.day.day for tick in ticks(month, zone=ZONE)] == [26, 31, 5, 10, 15, 20]
    assert ticks(week, zone=ZONE)[-1] == Tick(92.86, date(2026, 11, 20))


def test_ticks_are_midnights_of_the_company() -> None:
    first = ticks(TEN_DAYS, zone=ZoneInfo("Europe/Berlin"))[-1]

    assert first == Tick(99.58, date(2026, 11, 20))  # 23:00 UTC of the 19th


def test_time_in_a_state_adds_up() -> None:
    found = [
        Span("open", day(0), day(1)),
        Span("closed", day(1), day(2)),
        Span("open", day(2), day(2.5)),
    ]

    assert time_in("open", found) == timedelta(hours=36)


def test_a_length_is_told_in_its_two_largest_units() -> None:
    minutes = {0.5: "under a minute", 20: "20 min", 60: "1 h", 860: "14 h 20 min", 1440: "1 d"}

    assert {m: long(timedelta(minutes=m)) for m in minutes} == minutes
    assert long(timedelta(hours=51, minutes=59)) == "2 d 3 h"


def test_states_differ_in_shape_and_not_in_colour_alone() -> None:
    assert len(set(SHAPES.values())) == len(SHAPES)


STATES = st.sampled_from(sorted(SHAPES))


@given(st.lists(st.tuples(st.integers(-5 * 1440, 15 * 1440), STATES), max_size=12))
def test_spans_always_cover_the_window_once(found: list[tuple[int, str]]) -> None:
    state, moves = "closed", []
    for minute, after in sorted(found):
        moves.append(Move(START + timedelta(minutes=minute), state, after))
        state = after

    drawn = spans(moves, window=TEN_DAYS, at_first="closed")

    assert (drawn[0].start, drawn[-1].end) == TEN_DAYS
    assert all(one.end == two.start for one, two in itertools.pairwise(drawn))
    assert all(one.state != two.state for one, two in itertools.pairwise(drawn))
    assert all(span.length > timedelta() for span in drawn)
    for bar in bars(drawn, window=TEN_DAYS):
        assert 0 <= bar.x <= 100
        assert bar.x + bar.width <= 100.02
