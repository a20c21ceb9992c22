"""Windows of the week: when they open, that they wrap, and how they cut the week."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.hours import (
    EVERY_DAY,
    MINUTES_OF_DAY,
    MINUTES_OF_WEEK,
    contains,
    joined,
    minute_of_week,
    segments,
    weekly_hours,
)


def test_the_week_begins_on_monday_at_midnight_utc() -> None:
    assert minute_of_week(datetime(2026, 11, 23, 0, 0, 59, tzinfo=UTC)) == 0
    assert minute_of_week(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == MINUTES_OF_WEEK - 1


def test_an_instant_is_asked_in_utc_whatever_zone_it_is_told_in() -> None:
    in_beijing = datetime(2026, 11, 23, 8, 30, tzinfo=timezone(timedelta(hours=8)))

    assert minute_of_week(in_beijing) == 30


def test_a_window_opens_on_each_of_its_days() -> None:
    assert weekly_hours([1, 0], 30, 60) == ((30, 60), (1470, 1500))


def test_a_window_that_runs_past_midnight_belongs_to_the_day_it_began_on() -> None:
    # Sunday 16:30 to Monday 00:30.
    assert weekly_hours([6], 990, 30) == ((0, 30), (9630, 10080))


def test_a_window_of_a_whole_day_joins_with_the_next() -> None:
    assert weekly_hours([0, 1], 0, 1440) == ((0, 2880),)
    assert weekly_hours(EVERY_DAY, 600, 600) == ((0, MINUTES_OF_WEEK),)


@pytest.mark.parametrize(
    ("days", "start", "end", "sentence"),
    [
        ([], 0, 60, "opens on days"),
        ([7], 0, 60, "opens on days"),
        ([0], -1, 60, "from minute -1 to 60"),
        ([0], 1440, 60, "from minute 1440 to 60"),
        ([0], 0, 1441, "from minute 0 to 1441"),
    ],
)
def test_a_window_that_no_week_has_is_refused(
    days: list[int], start: int, end: int, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        weekly_hours(days, start, end)


def test_a_week_without_windows_is_one_segment() -> None:
    assert segments([]) == ((0, MINUTES_OF_WEEK),)


def test_the_week_is_cut_at_both_ends_of_every_window() -> None:
    assert segments([((60, 120),), ((90, 240),)]) == (
        (0, 60), (60, 90), (90, 120), (120, 240), (240, MINUTES_OF_WEEK),
    )  # fmt: skip


def test_stretches_that_touch_are_made_one() -> None:
    assert joined([(5, 9), (0, 5), (20, 30), (22, 25)]) == ((0, 9), (20, 30))


MINUTES = st.integers(0, MINUTES_OF_DAY - 1)


@given(st.sets(st.integers(0, 6), min_size=1), MINUTES, MINUTES, st.datetimes())
def test_a_window_holds_what_its_clock_says(
    days: set[int], start: int, end: int, naive: datetime
) -> None:
    at = naive.replace(tzinfo=UTC)
    clock = at.hour * 60 + at.minute
    since_yesterday = (at.weekday() - 1) % 7 in days

    if start < end:
        expected = at.weekday() in days and start <= clock < end
    else:
        expected = (at.weekday() in days and clock >= start) or (since_yesterday and clock < end)
    assert contains(weekly_hours(days, start, end), minute_of_week(at)) is expected
