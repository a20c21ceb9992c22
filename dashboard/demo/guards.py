"""What is watched beside caps: minutes and tasks of experiments, and what a division earns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from dashboard.demo.amounts import CENT, round_figure, scaled, usd_per_call
from dashboard.demo.calls import Volume, seeded
from dashboard.demo.cast import Cast
from dashboard.demo.company import BY_SLUG, ROUTER
from dashboard.demo.history import History, Scene
from finops.periods import ONE_DAY, day_bounds
from finops.profiles import MarginWindows
from org.operations.profile import override_setting
from org.queries.profile import profile_version
from policy.models import Scope
from policy.operations.guards import GuardTerms, put_guard
from policy.operations.margins import record_margins

GUARDED_AGO, FED_SINCE = 5, 21  # days
GUARDED_EARLY_AGO = 51  # of what wanted to prove itself first
EARNER = "customer"
MARGIN_FLOOR = Decimal("0.45")
# What a day brings in and costs beside AI, as multiples of what its calls are expected to cost.
BRINGS, COSTS = Decimal("7.5"), Decimal("0.9")
DAY_NOISE = (0.9, 1.1)
WHY_DAYS = "Premiums are booked once a night, so a margin of an hour would be a guess."


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is watched of an experiment; dollars are those of the reference story."""

    requests: int
    tokens: int
    usd_per_minute: Decimal
    task_steps: int
    task_usd: Decimal
    ago: int = GUARDED_AGO


GUARDS: Mapping[str, Watched] = {
    "initiative:photo-damage-triage": Watched(
        requests=60,
        tokens=2_000_000,
        usd_per_minute=Decimal(6),
        task_steps=24,
        task_usd=Decimal("1.80"),
    ),
    "initiative:reply-autopilot": Watched(
        requests=90,
        tokens=3_000_000,
        usd_per_minute=Decimal(5),
        task_steps=12,
        task_usd=Decimal("0.60"),
    ),
    "initiative:submission-copilot": Watched(
        requests=40,
        tokens=3_500_000,
        usd_per_minute=Decimal(8),
        task_steps=40,
        task_usd=Decimal("4.00"),
    ),
    "initiative:recovery-letters": Watched(
        requests=40,
        tokens=900_000,
        usd_per_minute=Decimal(3),
        task_steps=10,
        task_usd=Decimal("0.50"),
        ago=GUARDED_EARLY_AGO,
    ),
    "initiative:call-notes": Watched(
        requests=60,
        tokens=1_200_000,
        usd_per_minute=Decimal(3),
        task_steps=10,
        task_usd=Decimal("0.40"),
        ago=GUARDED_EARLY_AGO,
    ),
}
LOOP_CALLS, LOOP_SECONDS = 8, 60


def scenes(history: History, cast: Cast, parts: Sequence[Volume]) -> Iterator[Scene]:
    for place, (slug, watched) in enumerate(GUARDS.items()):
        at = history.ago(watched.ago, f"10:{20 + place}")
        yield Scene(at, partial(_guard, history, cast, slug, watched))
    yield Scene(history.ago(FED_SINCE - 1, "08:50"), partial(_judge_by_days, cast))
    yield Scene(history.ago(FED_SINCE - 1, "09:05"), partial(_set_floor, cast))
    earners = [part for part in parts if part.workload.unit and _earns(part.workload.unit)]
    for back in range(FED_SINCE - 1, -1, -1):
        day = history.today - ONE_DAY * (back + 1)
        # Yesterday's calls are there at midnight, and its figures come after them.
        at = history.ago(back, "00:30") if back else history.moment_today(0.2)
        yield Scene(at, partial(_feed, history, cast, earners, day))


def _guard(history: History, cast: Cast, slug: str, watched: Watched, at: datetime) -> None:
    """Limit an experiment's minutes and tasks, and let routers report what repeats itself."""
    terms = GuardTerms(
        requests_per_minute=watched.requests,
        tokens_per_minute=watched.tokens,
        usd_per_minute=scaled(watched.usd_per_minute, history),
        task_steps=watched.task_steps,
        task_usd=scaled(watched.task_usd, history),
        loop_calls=LOOP_CALLS,
        loop_window_s=LOOP_SECONDS,
    )
    put_guard(scope=Scope.objects.get(slug=slug), terms=terms, by=cast.users["engineer"], at=at)


def _judge_by_days(cast: Cast, at: datetime) -> None:
    override_setting(
        name="margin_windows",
        value=MarginWindows.DAYS_1_AND_7,
        reason=WHY_DAYS,
        version=profile_version(),
        by=cast.users["cfo"],
        at=at,
    )


def _set_floor(cast: Cast, at: datetime) -> None:
    scope = Scope.objects.get(slug=f"unit:{EARNER}")
    terms = GuardTerms(margin_floor=MARGIN_FLOOR)
    put_guard(scope=scope, terms=terms, by=cast.users["cfo"], at=at)


def _feed(history: History, cast: Cast, earners: Sequence[Volume], day: date, at: datetime) -> None:
    """Tell what the division brought in on a day, and what it cost beside its calls."""
    begins, ends = day_bounds(day, history.zone)
    mean_usd = _usd_of_day(earners, history, day, at=at)
    noise = Decimal(str(round(seeded("margins", day).uniform(*DAY_NOISE), 3)))
    record = {
        "id": f"{EARNER}-{day}",
        "scope": f"unit:{EARNER}",
        "from": begins.isoformat(),
        "to": ends.isoformat(),
        "revenue_usd": str(round_figure(max(mean_usd * BRINGS * noise, CENT))),
        "other_cogs_usd": str(round_figure(max(mean_usd * COSTS, CENT))),
    }
    record_margins(records=[record], by=cast.users[ROUTER], at=at)


def _earns(unit: str) -> bool:
    return BY_SLUG[unit].parent == EARNER


def _usd_of_day(earners: Sequence[Volume], history: History, day: date, *, at: datetime) -> Decimal:
    passed = history.passed_by(day)
    costs = (part.on(day) * usd_per_call(part.workload, passed=passed, at=at) for part in earners)
    return sum(costs, Decimal(0))
