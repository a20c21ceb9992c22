"""Hours of the week: when a price holds that does not hold all day long.

A week is the 10,080 minutes from Monday 00:00 UTC on; providers state their windows in
UTC, so no clock is ever put forward or back within it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise

MINUTES_OF_DAY = 24 * 60
MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY
EVERY_DAY = frozenset(range(7))

# Half-open stretches of minutes of the week, in order and apart from each other.
Hours = tuple[tuple[int, int], ...]


def minute_of_week(at: datetime) -> int:
    """Return the minute of the UTC week in which an instant lies."""
    there = at.astimezone(UTC)
    return there.weekday() * MINUTES_OF_DAY + there.hour * 60 + there.minute


def weekly_hours(days: Iterable[int], starts_minute: int, ends_minute: int) -> Hours:
    """Return the stretches of a window that opens on some days (0 is Monday).

    One that ends at or before its start runs past midnight, and belongs to the day on
    which it began. Raises ValueError for a minute or day that does not exist.
    """
    opened = sorted(set(days))
    if not opened or not set(opened) <= EVERY_DAY:
        raise ValueError(f"A window opens on days from 0 to 6, not {opened}.")
    if not (0 <= starts_minute < MINUTES_OF_DAY and 0 <= ends_minute <= MINUTES_OF_DAY):
        raise ValueError(f"No window of a day runs from minute {starts_minute} to {ends_minute}.")
    length = ends_minute - starts_minute
    length += MINUTES_OF_DAY if length <= 0 else 0
    starts = [day * MINUTES_OF_DAY + starts_minute for day in opened]
    return joined(part for start in starts for part in _wrapped(start, start + length))


def segments(windows: Iterable[Hours]) -> Hours:
    """Cut the week wherever one of the windows opens or closes."""
    cuts = {cut for window in windows for stretch in window for cut in stretch}
    return tuple(pairwise(sorted(cuts | {0, MINUTES_OF_WEEK})))


def joined(stretches: Iterable[tuple[int, int]]) -> Hours:
    """Return the stretches in order, those that touch or overlap made one."""
    whole: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return tuple(whole)


def contains(hours: Hours, minute: int) -> bool:
    """Test whether a minute of the week lies in the hours."""
    return any(start <= minute < end for start, end in hours)


def _wrapped(start: int, end: int) -> list[tuple[int, int]]:
    """Part a stretch that runs over the end of the week."""
    if end <= MINUTES_OF_WEEK:
        return [(start, end)]
    return [(start, MINUTES_OF_WEEK), (0, end - MINUTES_OF_WEEK)]
