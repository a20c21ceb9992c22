"""Living on: day after day, each act in one transaction with the note that it was done."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from dashboard.simulation.beat import Hands
from dashboard.simulation.chapters import scenes_of
from dashboard.simulation.life import STORIES, Life
from dashboard.simulation.memory import DAY, DONE, Lived, lived, remember, remember_founding
from dashboard.simulation.stage import Act, Scene, Stage
from dashboard.simulation.told import sentence_of
from finops.periods import day_bounds, reporting_day
from org.refusals import Invalid, Refusal

ENDS = "23:59"
Tell = Callable[[str], None]


def found(*, story: str, seed: str, first_day: date) -> Lived:
    """Let a company begin on a day; raises NotOurs where there is one, Invalid without a story."""
    if (there := lived()) is not None:
        raise Refusal(f"The company lives already, since {there.first_day}: let it live on.")
    life_called(story)
    begins, _ = day_bounds(first_day, zone())
    return remember_founding(story=story, seed=seed, first_day=first_day, at=begins)


def live(*, until: datetime, hands: Hands, tell: Tell) -> int:
    """Live from where the company stands up to an instant; return how many days that were.

    Interrupted between two acts, it is lived on from there: what was done is not done again,
    and what beat rang for may be done twice.
    """
    company = lived()
    if company is None:
        raise Refusal("There is no company that could live: found one.")
    stage, days = stage_of(company), 0
    for day in _days(stage, company.until, until):
        _live_day(stage, day, since=company.until, until=until, hands=hands, tell=tell)
        days += 1
    return days


def stage_of(company: Lived) -> Stage:
    return Stage(life_called(company.story), company.seed, company.first_day, zone())


def life_called(story: str) -> Life:
    """Return a story by its name; raises Invalid with those there are."""
    if story not in STORIES:
        raise Invalid.of("story", f"There is no story “{story}”; there are {', '.join(STORIES)}.")
    return STORIES[story]


def zone() -> ZoneInfo:
    return ZoneInfo(settings.TOKENOPS_TIME_ZONE)


def _days(stage: Stage, since: datetime, until: datetime) -> Iterator[int]:
    """Yield the days of which something lies between two instants."""
    first = stage.number_of(reporting_day(since, stage.zone))
    last = stage.number_of(reporting_day(until, stage.zone))
    for day in range(first, last + 1):
        if since < stage.at(day, ENDS) and until > stage.at(day, "00:00"):
            yield day


def _live_day(
    stage: Stage, day: int, *, since: datetime, until: datetime, hands: Hands, tell: Tell
) -> None:
    for scene in scenes_of(stage, day):
        if since < scene.at <= until:
            _play(scene, hands, day=day)
    says = sentence_of(stage, day)
    if (ends := stage.at(day, ENDS)) <= until:
        remember(DAY, says, day=day, at=ends)
    tell(says)


def _play(scene: Scene, hands: Hands, *, day: int) -> None:
    if not isinstance(scene, Act):
        hands.tick(scene.task, at=scene.at)
        return
    with transaction.atomic():
        says = hands.act(scene)
        if says is not None:
            remember(DONE, says, day=day, at=scene.at)


def last_moment(day: date, *, now: datetime) -> datetime:
    """Return until when a day can be lived: its end, or now where it has not ended yet."""
    _, ends = day_bounds(day, zone())
    return min(ends - timedelta(seconds=1), now)
