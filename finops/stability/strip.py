"""The strip of thirty days: which shape tells of each, and which runs came before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from finops.periods import ONE_DAY
from finops.stability.days import Effect, Judged
from finops.stability.streak import NEEDED_DAYS, Run, Streak, final_part, is_final, window_of


class Shape(StrEnum):
    """What a day looks like; the shape alone tells, colour repeats it."""

    FULL = "full"  # counts, and is final
    DOTTED = "dotted"  # counts with a note
    HALF = "half"  # counts so far: late data may still come
    HALF_DOTTED = "half_dotted"
    CROSSED = "crossed"  # broke the run
    DASHED = "dashed"  # paused
    HOLLOW = "hollow"  # to come


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the strip; `judged` is None for one that is to come."""

    on: date
    shape: Shape
    judged: Judged | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """A run that is over: its days, and the days in a row that broke it, the first one first."""

    days: Sequence[Judged]
    broken_by: Sequence[Judged]

    @property
    def counted(self) -> int:
        return sum(1 for each in self.days if each.counts)

    @property
    def started_on(self) -> date:
        return (self.days or self.broken_by)[0].day.on


def strip_of(streak: Streak, *, today: date, lag_days: int) -> list[Cell]:
    """Return the present run, after the day that broke the one before, and what is to come.

    Of a run longer than thirty days the strip begins with the thirty that a pass rests on.
    """
    shown = shown_days(streak, today=today, lag_days=lag_days)
    counted = sum(1 for each in shown if each.counts)
    to_come = max(NEEDED_DAYS - counted, 0)
    return [
        *cells_of(shown, today=today, lag_days=lag_days),
        *(Cell(today + ONE_DAY * number, Shape.HOLLOW) for number in range(to_come)),
    ]


def shown_days(streak: Streak, *, today: date, lag_days: int) -> list[Judged]:
    """Return the days of the strip that are over."""
    run = streak.current
    if len(run.counted) > NEEDED_DAYS:
        final = final_part(run, today=today, lag_days=lag_days)
        rests_on = final if len(final.counted) >= NEEDED_DAYS else Run(_first_counted(run))
        first = window_of(rests_on)[0].day.on
        return [each for each in run.days if each.day.on >= first]
    return [*streak.judged[: -len(run.days) or None][-1:], *run.days]


def cells_of(days: Iterable[Judged], *, today: date, lag_days: int) -> list[Cell]:
    """Return a cell for each day that is over."""
    return [
        Cell(
            each.day.on,
            _shape(each, final=is_final(each.day.on, today=today, lag_days=lag_days)),
            each,
        )
        for each in days
    ]


def earlier_runs(streak: Streak) -> list[Past]:
    """Return the runs that are over, the last one first; days that broke one in a row are one."""
    found: list[Past] = []
    for run in streak.runs[:-1]:
        if run.ended_by is None:
            continue
        if found and not run.days:
            found[-1] = Past(found[-1].days, [*found[-1].broken_by, run.ended_by])
        else:
            found.append(Past(run.days, [run.ended_by]))
    return found[::-1]


def _first_counted(run: Run) -> list[Judged]:
    """Return the run as far as its thirtieth day that counts."""
    last = run.counted[NEEDED_DAYS - 1].day.on
    return [each for each in run.days if each.day.on <= last]


def _shape(judged: Judged, *, final: bool) -> Shape:
    match judged.effect:
        case Effect.RESTARTS:
            return Shape.CROSSED
        case Effect.PAUSES:
            return Shape.DASHED
        case Effect.COUNTS_ANNOTATED:
            return Shape.DOTTED if final else Shape.HALF_DOTTED
        case Effect.COUNTS:
            return Shape.FULL if final else Shape.HALF
