"""The state timeline's geometry: from moves of breakers to bars, marks and ticks. Pure.

Across, a place is a percentage of the stretch shown, so that a drawing fits any width; down,
it is in pixels of a lane. States differ in shape first: colour only repeats what shape says.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from finops.periods import ONE_DAY, day_bounds, reporting_day

LANE_PX = 24
# A bar narrower than this share of the width could not be seen, nor pointed at.
LEAST_WIDTH = 0.6
TICKS = 6


class Window(NamedTuple):
    """The stretch of time that is drawn; half-open."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


class Move(NamedTuple):
    """A breaker went from one state to another."""

    at: datetime
    before: str
    after: str


class Span(NamedTuple):
    """A breaker stood in a state for a while; `end` is the window's where it still stands."""

    state: str
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


class Shape(NamedTuple):
    """How a state looks: where its bar begins in the lane, how high it is, what fills it."""

    top_px: int
    height_px: int
    fill: str


# A thin line runs; half a lane is held back, from above or beneath; a whole lane is stopped,
# and hollow where it is tried again.
SHAPES = {
    "closed": Shape(10, 4, "plain"),
    "throttled": Shape(2, 12, "upright"),
    "downgraded": Shape(10, 12, "level"),
    "open": Shape(2, 20, "slanted"),
    "half_open": Shape(2, 20, "hollow"),
}


class Bar(NamedTuple):
    """A span as it is drawn: `x` and `width` in percent."""

    span: Span
    x: float
    width: float
    shape: Shape


class Tick(NamedTuple):
    """A day on the axis, at its midnight."""

    x: float
    day: date


def spans(moves: Iterable[Move], *, window: Window, at_first: str) -> list[Span]:
    """Return the states over the window, one after the other, without gap or overlap.

    `moves` are in the order of time; `at_first` is the state in which the window finds the
    breaker where nothing in it tells: the first move knows better what was before it.
    """
    inside = [move for move in moves if window.start <= move.at < window.end]
    state = inside[0].before if inside else at_first
    found, since = [], window.start
    for move in inside:
        if move.at > since:
            found.append(Span(state, since, move.at))
        state, since = move.after, move.at
    return list(_joined([*found, Span(state, since, window.end)]))


def _joined(found: Sequence[Span]) -> Iterator[Span]:
    """Yield the spans, those of one state that follow each other as one."""
    last = found[0]
    for span in found[1:]:
        if span.state == last.state:
            last = Span(last.state, last.start, span.end)
        else:
            yield last
            last = span
    yield last


def bars(found: Iterable[Span], *, window: Window) -> list[Bar]:
    """Return what is drawn: the running line beneath, and over it what did not run freely."""
    drawn = [_bar(span, window) for span in found]
    return sorted(drawn, key=lambda bar: bar.span.state != "closed")


def _bar(span: Span, window: Window) -> Bar:
    width = max(_percent(span.length, window), LEAST_WIDTH)
    x = min(place(span.start, window), 100 - width)
    return Bar(span, round(x, 2), round(width, 2), SHAPES[span.state])


def place(at: datetime, window: Window) -> float:
    """Return where an instant lies across the window, in percent; outside it, at the edge."""
    return round(min(max(_percent(at - window.start, window), 0.0), 100.0), 2)


def _percent(length: timedelta, window: Window) -> float:
    return length / window.length * 100


def ticks(window: Window, *, zone: ZoneInfo) -> list[Tick]:
    """Return about six midnights, evenly apart, counted back from the last one."""
    last = reporting_day(window.end, zone)
    days = window.length // ONE_DAY
    apart = max(days // TICKS, 1)
    found = []
    for back in range(0, days + 1, apart):
        day = last - ONE_DAY * back
        midnight = day_bounds(day, zone)[0]
        if window.start <= midnight < window.end:
            found.append(Tick(place(midnight, window), day))
    return found[::-1]


def time_in(state: str, found: Iterable[Span]) -> timedelta:
    """Return how long a breaker stood in a state."""
    return sum((span.length for span in found if span.state == state), timedelta())


def long(length: timedelta) -> str:
    """Return a length of time in its two largest units: 14 h 20 min, 2 d 3 h, under a minute."""
    minutes = int(length.total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min" if rest else "under a minute"
