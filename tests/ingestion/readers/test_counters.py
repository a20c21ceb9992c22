"""Counters that rise and restart: every hour gets what was counted in it."""

from hypothesis import given
from hypothesis import strategies as st

from ingestion.readers.counters import (
    HOUR_MICROS,
    Reading,
    cumulated,
    increases,
    whole_hours,
)


def test_a_fall_is_a_restart_and_counts_from_zero() -> None:
    readings = [Reading(1, 50), Reading(2, 70), Reading(3, 30), Reading(4, 31)]

    assert [point.value for point in cumulated(readings)] == [0, 20, 50, 51]


def test_readings_count_in_the_order_of_time_not_of_the_file() -> None:
    assert cumulated([Reading(2, 70), Reading(1, 50)]) == [Reading(1, 0), Reading(2, 20)]


def test_between_readings_counting_is_even_and_rounded_down() -> None:
    points = [Reading(0, 0), Reading(30, 10)]

    assert increases(points, [0, 10, 20, 30]) == [3, 3, 4]


def test_outside_the_readings_nothing_was_counted() -> None:
    assert increases([Reading(10, 0), Reading(20, 8)], [0, 10, 20, 30]) == [0, 8, 0]


def test_whole_hours_lie_between_the_first_and_the_last_moment() -> None:
    hour = HOUR_MICROS

    assert list(whole_hours(hour, 3 * hour)) == [hour, 2 * hour, 3 * hour]
    assert list(whole_hours(hour + 1, 3 * hour - 1)) == [2 * hour]
    assert list(whole_hours(hour + 1, 2 * hour - 1)) == []


values = st.lists(st.integers(0, 10**12), min_size=2, max_size=12)


@given(values, st.integers(1, 10))
def test_a_file_cut_at_a_reading_tells_the_same_hours(steps: list[int], cut: int) -> None:
    readings = [Reading(number * 7_000, value) for number, value in enumerate(steps)]
    cut = min(cut, len(readings) - 1)
    bounds = range(0, readings[-1].at_micros + 1, 1_000)
    seam = readings[cut].at_micros

    whole = increases(cumulated(readings), bounds)

    before = increases(cumulated(readings[: cut + 1]), [b for b in bounds if b <= seam])
    after = increases(cumulated(readings[cut:]), [b for b in bounds if b >= seam])
    assert before + after == whole
    assert sum(whole) == cumulated(readings)[-1].value
