"""Counters that only rise, read again and again: what they counted in each hour."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

HOUR_MICROS = 3_600_000_000


class Reading(NamedTuple):
    """What a counter stood at, in microseconds since 1970."""

    at_micros: int
    value: int


def cumulated(readings: Iterable[Reading]) -> list[Reading]:
    """Return how much was counted since the first reading, at each reading.

    A counter that fell was started anew, and counted from zero what it shows since.
    """
    points: list[Reading] = []
    total, before = 0, 0
    for reading in sorted(readings):
        if points:
            fell = reading.value < before
            total += reading.value if fell else reading.value - before
        points.append(Reading(reading.at_micros, total))
        before = reading.value
    return points


def increases(points: Sequence[Reading], bounds: Sequence[int]) -> list[int]:
    """Return how much was counted from each bound to the next.

    Between two readings counting is taken to be even, and what it came to at a bound is
    rounded down; so the hours of a day add up to the day, wherever files were cut.
    """
    counts = [_at(points, bound) for bound in bounds]
    return [after - before for before, after in pairwise(counts)]


def _at(points: Sequence[Reading], micros: int) -> int:
    following = bisect_right(points, micros, key=lambda point: point.at_micros)
    if following == 0:
        return 0
    last = points[following - 1]
    if following == len(points):
        return last.value
    after = points[following]
    elapsed, width = micros - last.at_micros, after.at_micros - last.at_micros
    return last.value + (after.value - last.value) * elapsed // width


def whole_hours(first_micros: int, last_micros: int) -> range:
    """Return the bounds of the hours that lie between two moments, the last one's end too."""
    start = -(-first_micros // HOUR_MICROS) * HOUR_MICROS
    return range(start, last_micros + 1, HOUR_MICROS)
