"""The calls of experiments, which a gateway meters: so many dollars of them on each day."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from dashboard.demo.amounts import scaled, usd_per_call
from dashboard.demo.calls import Call, seeded, split_tokens
from dashboard.demo.catalogue import MODELS
from dashboard.demo.experiments import EXPERIMENTS, FUNDED, Ending, Experiment
from dashboard.demo.history import History
from finops.periods import ONE_DAY, Period

WEEKEND, FIRST_OF_WEEKEND = 0.22, 5
DAY_NOISE, CALL_NOISE = (0.75, 1.2), (0.6, 1.4)
MOST_OF_CAP = 0.94  # an ordinary day stays beneath its daily cap
STEADY = (1.0, 1.03, 0.98, 1.02, 0.97)  # a week is no multiple of it
FEWEST_TASKS = 10  # a day: a plan for a year rests on more than a handful
FEWEST_TODAY = 14  # so many small calls sum to what was meant


def gateway_calls(history: History, days: Period) -> Iterator[Call]:
    """Yield the calls of the days before today, but for those that were pushed at once."""
    for plan in EXPERIMENTS:
        if plan.ending in FUNDED:
            for step in range(days.days):
                yield from _ordinary_day(plan, history, days.start + ONE_DAY * step)


def calls_for(
    plan: Experiment,
    history: History,
    *,
    usd: Decimal,
    begins: datetime,
    ends: datetime,
    series: str,
    fewest: int = 1,
) -> list[Call]:
    """Return calls of the experiment that cost about so much together.

    `series` tells these calls from others of the same minute.
    """
    model = MODELS[plan.model]
    mean_usd = usd_per_call(plan.workload, passed=history.passed_by(history.today), at=begins)
    count = max(fewest, round(usd / mean_usd))
    chance = seeded(plan.workflow, series, begins.isoformat())
    sizes = [chance.uniform(*CALL_NOISE) for _ in range(count)]
    factor = float(usd / mean_usd) / sum(sizes)
    span = (ends - begins) / timedelta(milliseconds=1)
    return [
        Call(
            id=f"gw_{chance.getrandbits(64):016x}",
            started_at=begins + timedelta(milliseconds=int(chance.random() * span)),
            workload=plan.workload,
            model=model,
            key=plan.workload.key,
            person="",
            environment="prod",
            status="ok",
            tokens=split_tokens(plan.shape, model, size * factor, hit=plan.shape.hit),
        )
        for size in sizes
    ]


def daily_cap(plan: Experiment, history: History) -> Decimal:
    return scaled(plan.daily_cap_usd, history)


def _ordinary_day(plan: Experiment, history: History, day: date) -> list[Call]:
    ago = (history.today - day).days
    over = plan.ended if plan.ending in (Ending.STOPPED, Ending.EXPIRED) else 0
    if not over < ago < plan.decided or (plan.tripped and ago == plan.tripped):
        return []
    chance = seeded(plan.workflow, day)
    noise = STEADY[day.toordinal() % len(STEADY)] if plan.is_steady else chance.uniform(*DAY_NOISE)
    share = plan.burn * noise
    if day.weekday() >= FIRST_OF_WEEKEND:
        share *= WEEKEND
    usd = daily_cap(plan, history) * Decimal(str(round(min(share, MOST_OF_CAP), 4)))
    begins, ends = history.at(day, "07:30"), history.at(day, "19:30")
    fewest = FEWEST_TASKS if plan.is_steady else 1
    calls = calls_for(plan, history, usd=usd, begins=begins, ends=ends, series="day", fewest=fewest)
    for number, call in enumerate(calls):
        call.task = f"{plan.workflow}-{day:%y%m%d}-{number}" if plan.is_steady else ""
    return calls
