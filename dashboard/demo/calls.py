"""The calls of a workload on a day: the same ones every time they are asked for."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import Any

from dashboard.demo.catalogue import MODELS, Model
from dashboard.demo.company import BY_SLUG, email_of
from dashboard.demo.history import History, busyness, share_of_day_passed
from dashboard.demo.workflows import Shape, Workload
from finops.periods import ONE_DAY

SEED = "northwind-1"
SPREAD = 0.45  # of the logarithm of a call's size
PREFIX = 0.8  # the part of a context that can come out of a cache
STAGING, FAILED = 0.05, 0.006  # shares of calls
RAMP_DAYS = 25
DAY_NOISE = (0.88, 1.12)
_HOUR_S = 3600


@dataclass(slots=True)
class Call:
    """One call, in the fields of a usage record."""

    id: str
    started_at: datetime
    workload: Workload
    model: Model
    key: str
    person: str
    environment: str
    status: str
    tokens: dict[str, int]
    searches: int = 0
    task: str = ""

    @property
    def account(self) -> str:
        return self.workload.account or self.model.account


def seeded(*names: object) -> Random:
    """Return a source of chance that depends on nothing but these names."""
    return Random("/".join(map(str, (SEED, *names))))  # noqa: S311 -- a demo, not a secret


def split_tokens(shape: Shape, model: Model, size: float, *, hit: float) -> dict[str, int]:
    """Return the disjoint token classes of a call whose prefix hit the cache to this share."""
    context = min(int(shape.context * size), model.context_limit)
    prefix = int(context * PREFIX) if shape.hit else 0
    read = int(prefix * hit)
    write = prefix - read if model.charges_cache_writes else 0
    return {
        "in_text": context - read - write,
        "in_cache_read": read,
        "in_cache_write_5m": 0 if shape.long_cache else write,
        "in_cache_write_1h": write if shape.long_cache else 0,
        "out_text": int(shape.out * size),
        "out_reasoning": int(shape.reasoning * size),
    }


def as_record(call: Call) -> Mapping[str, Any]:
    """Return the call as a router reports it; only where calls name tasks, with its task."""
    named = {"task": call.task, "task_type": call.workload.task_type} if call.task else {}
    return {
        "id": call.id,
        "started_at": call.started_at.astimezone(UTC).isoformat(),
        "provider": call.model.provider,
        "account": call.account,
        "model": call.model.name,
        "key": call.key,
        "project": call.workload.project,
        "workflow": call.workload.name,
        "environment": call.environment,
        "tokens": {name: count for name, count in call.tokens.items() if count},
        "status": call.status,
        **named,
    }


class Volume:
    """How many calls a workload makes on each day of a history."""

    def __init__(self, workload: Workload, history: History, *, calls: Decimal) -> None:
        self.workload, self.history = workload, history
        self._weights = [self._weight(day) for day in history.days()]
        self._total = sum(self._weights)
        self._calls = float(calls)
        self._sums = list(accumulate(self._weights, initial=0.0))

    def on(self, day: date) -> int:
        """Return the day's calls; over all days they make the workload's calls, rounded."""
        place = (day - self.history.start).days
        per_weight = self._calls / self._total
        return round(self._sums[place + 1] * per_weight) - round(self._sums[place] * per_weight)

    def expected(self, start: date, end: date) -> float:
        """Return the calls of any stretch of days at the same growth, as a plan would."""
        days = (start + ONE_DAY * step for step in range((end - start).days))
        planned = sum(self._shaped(day) for day in days)
        return planned * self._calls / sum(self._shaped(day) for day in self.history.days())

    def _weight(self, day: date) -> float:
        noise = seeded(self.workload.name, self.workload.key, day, "day").uniform(*DAY_NOISE)
        done = share_of_day_passed(self.history, day, self.workload.rhythm)
        return self._shaped(day) * noise * done

    def _shaped(self, day: date) -> float:
        workload, history = self.workload, self.history
        days_on = (day - history.day_at(workload.since)).days
        if days_on < 0:
            return 0.0
        ramp = 1.0 if workload.since == 0 else min(1.0, (days_on + 1) / RAMP_DAYS)
        weight = busyness(history, day, workload.rhythm) * ramp
        for burst in workload.bursts:
            if 0 <= (day - history.day_at(burst.after)).days < burst.days:
                weight *= burst.factor
        return weight


def calls_on(volume: Volume, day: date) -> Iterator[Call]:
    """Yield a workload's calls of one day, in no order."""
    workload, history = volume.workload, volume.history
    chance = seeded(workload.name, workload.key, day)
    count = volume.on(day)
    mix = workload.models_at(history.passed_by(day))
    models = chance.choices(list(mix), weights=list(mix.values()), k=count)
    callers = _callers(workload, chance, count)
    called = zip(models, callers, _instants(volume, day, chance, count), strict=True)
    for number, (model, (key, person), at) in enumerate(called):
        call = _call(workload, MODELS[model], chance, at=at, key=key, person=person)
        call.task = _task(workload, day, number)
        yield call


def _task(workload: Workload, day: date, number: int) -> str:
    """Return the task of the day's call of this number, or nothing where calls name none."""
    if not workload.calls_per_task:
        return ""
    return f"{workload.name}-{day:%y%m%d}-{number // workload.calls_per_task}"


def _call(
    workload: Workload, model: Model, chance: Random, *, at: datetime, key: str, person: str
) -> Call:
    shape = workload.shape
    size = math.exp(chance.gauss(-SPREAD * SPREAD / 2, SPREAD))
    hit = 1.0 if chance.random() < shape.hit else 0.0
    tokens = split_tokens(shape, model, size, hit=hit)
    fate = chance.random()
    if fate < FAILED:
        tokens |= {"out_text": 0, "out_reasoning": 0}
    return Call(
        id=f"req_{chance.getrandbits(64):016x}",
        started_at=at,
        workload=workload,
        model=model,
        key=key,
        person=person,
        environment="staging" if not person and fate > 1 - STAGING else "prod",
        status="error" if fate < FAILED else "ok",
        tokens=tokens,
        searches=int(chance.random() < shape.searches) if shape.searches else 0,
    )


def _callers(workload: Workload, chance: Random, count: int) -> Sequence[tuple[str, str]]:
    """Return (key, person) of each call; few people make most of a unit's calls."""
    if workload.by_staff and workload.unit:
        names = BY_SLUG[workload.unit].people
        pairs = [(f"{workload.key}-{name.split()[0].lower()}", email_of(name)) for name in names]
    else:
        pairs = [(workload.key, person) for person in workload.people or ("",)]
    eagerness = [1 / (1 + place) for place in range(len(pairs))]
    order = sorted(pairs, key=lambda pair: seeded(workload.name, *pair).random())
    return chance.choices(order, weights=eagerness, k=count)


def _instants(volume: Volume, day: date, chance: Random, count: int) -> Iterator[datetime]:
    """Yield when the calls start, by the rhythm's hours and never after now."""
    history = volume.history
    begins = history.at(day, "00:00").astimezone(UTC)
    hours = list(accumulate(volume.workload.rhythm.hours))
    reach = hours[-1] * share_of_day_passed(history, day, volume.workload.rhythm)
    latest = history.now.astimezone(UTC) - begins
    for _ in range(count):
        drawn = chance.random() * reach
        seconds = (bisect_left(hours, drawn) + chance.random()) * _HOUR_S
        yield begins + min(timedelta(seconds=round(seconds, 3)), latest)
