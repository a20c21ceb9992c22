"""A life in chapters: each is one function that yields what is done on a day, and when."""

from collections.abc import Callable, Iterator

from dashboard.simulation import founding, machines, people
from dashboard.simulation.beat import ticks_of
from dashboard.simulation.life import GATES_ON
from dashboard.simulation.stage import Act, Scene, Stage
from finops.stability.streak import NEEDED_DAYS

Chapter = Callable[[Stage, int], Iterator[Act]]


def found(stage: Stage, day: int) -> Iterator[Act]:
    return _on(stage, day, founding.found(stage))


def ask(stage: Stage, day: int) -> Iterator[Act]:
    return _on(stage, day, people.ask(stage))


def use(stage: Stage, day: int) -> Iterator[Act]:
    return machines.a_day(stage, day)


def first_gates(stage: Stage, day: int) -> Iterator[Act]:
    return _on(stage, day, people.first_gates(stage))


def stay_steady(stage: Stage, day: int) -> Iterator[Act]:
    """Let thirty days go by, renew the return where it moves, and submit gate 4 in the end."""
    if day > GATES_ON:
        yield from people.renewals(stage, day)
        yield from people.baseline(stage, day)


def graduate(stage: Stage, day: int) -> Iterator[Act]:
    """Let gate 5 be gathered and signed once gate 4 is passed; core begins by the clock."""
    if day > GATES_ON + NEEDED_DAYS:
        yield from people.graduation(stage, day)


# What comes after core began is the clock's: nobody does anything but use it.
CHAPTERS: tuple[Chapter, ...] = (found, ask, use, first_gates, stay_steady, graduate)


def scenes_of(stage: Stage, day: int) -> list[Scene]:
    """Return what happens on a day, in the order in which it happens."""
    acts = [act for chapter in CHAPTERS for act in chapter(stage, day)]
    scenes: list[Scene] = [*acts, *ticks_of(stage, day, acts)]
    return sorted(scenes, key=lambda scene: scene.at)


def _on(stage: Stage, day: int, acts: Iterator[Act]) -> Iterator[Act]:
    return (act for act in acts if stage.at(day, "00:00") <= act.at < stage.at(day + 1, "00:00"))
