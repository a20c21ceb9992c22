"""Lives of tests: in this process, until a day, in a database that is empty before and after."""

from datetime import date

from budgets.models import Gate, GateStep
from dashboard.simulation.beat import Hands, InProcess
from dashboard.simulation.run import found, live, stage_of
from dashboard.simulation.stage import Stage
from dashboard.simulation.streaks import streak_on
from finops.periods import ONE_DAY
from finops.stability.streak import Streak

FIRST_DAY = date(2026, 8, 3)  # a Monday


def founded(story: str, *, seed: str = "1") -> Stage:
    return stage_of(found(story=story, seed=seed, first_day=FIRST_DAY))


def lived_until(stage: Stage, day: int, *, hands: Hands | None = None) -> list[str]:
    """Live on up to the end of a day, and return what was told of each."""
    told: list[str] = []
    live(until=stage.at(day, "23:59"), hands=hands or InProcess(), tell=told.append)
    return told


def streak_after(stage: Stage, day: int) -> Streak:
    """Return the runs as they are known when a day has ended."""
    initiative = stage.initiative()
    assert initiative is not None
    return streak_on(initiative, stage.date_of(day) + ONE_DAY)


def restarts(stage: Stage, streak: Streak) -> dict[int, str]:
    """Return the days on which a run began anew after gates 1 to 3 were passed, and the rule."""
    return {
        stage.number_of(run.ended_by.day.on): run.ended_by.rule.value
        for run in streak.runs
        if run.ended_by is not None and run.ended_by.rule.value != "gate_not_passed"
    }


def missed(number: int) -> list[str]:
    """Return the criteria that the newest evidence of a gate does not meet."""
    evidence = Gate.objects.get(number=number).evidence
    assert evidence is not None
    return [each["code"] for each in evidence.criteria if each["verdict"] == "missed"]


def days_of_passes(stage: Stage) -> list[tuple[int, int]]:
    """Return every pass as (gate, day), in order."""
    steps = GateStep.objects.filter(action="pass").order_by("pk")
    return [
        (number, stage.number_of(at.date()))
        for number, at in steps.values_list("gate__number", "at")
    ]
