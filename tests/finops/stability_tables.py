"""The tables of the stability baseline in docs/arithmetic.md, recalculated."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from finops.gates.stability import Baseline, judge_stability
from finops.money import to_cents
from finops.periods import ONE_DAY
from finops.stability.days import Day
from finops.stability.figures import (
    MOST_CUSUM,
    MOST_GROWTH,
    MOST_PEAK,
    Figures,
    figures_of,
)
from finops.stability.streak import streak_of, window_of
from tests.finops.document import Row
from tests.finops.stability.test_days import PLAIN
from tests.finops.stability.test_figures import a_month
from tests.finops.stability.test_streak import LETTERS

LAG_DAYS, CV_LIMIT = 3, Decimal("0.35")
ENOUGH_TASKS = 300


def judged(rows: list[Row]) -> None:
    for row in rows:
        days, cap_usd = _days(row["days"], Decimal(row["cap"])), Decimal(row["cap"])
        on = days[-1].on + ONE_DAY
        streak = streak_of(days, today=on, lag_days=LAG_DAYS)
        counted = [each.day for each in window_of(streak.current) if each.counts]
        found = figures_of([(day.on, day.spent_usd or Decimal(0)) for day in counted])
        assert found is not None
        breaks = [each.day.on for each in streak.judged if each.effect == "restarts"]
        assert {
            "length": str(streak.length),
            "anew": str((breaks[-1] - days[0].on).days + 1) if breaks else "",
            "earliest pass": streak.earliest_pass.isoformat(),
            "run rate": f"{to_cents(found.run_rate_usd)}",
            "P95": f"{to_cents(found.p95_usd)}",
            "growth within": _yes(found.growth is not None and found.growth <= MOST_GROWTH),
            "P95 / median within": _yes(found.peak is not None and found.peak <= MOST_PEAK),
            "CUSUM within": _yes(found.cusum_sigma < MOST_CUSUM),
            "outcome": _outcome(found, streak.length, cap_usd),
        }.items() <= row.items()


def runs(rows: list[Row]) -> None:
    for row in rows:
        letters = row["days"]
        days = [
            replace(PLAIN, on=PLAIN.on + ONE_DAY * place, **LETTERS.get(letter, {}))  # type: ignore[arg-type]  # fields by name
            for place, letter in enumerate(letters)
        ]
        lifts = [days[place].on for place, letter in enumerate(letters) if letter == "l"]
        found = streak_of(days, today=days[-1].on + ONE_DAY, lag_days=LAG_DAYS, lifts=lifts)
        assert (str(found.length), _yes(found.is_frozen)) == (row["length"], row["frozen"])


def _days(words: str, cap_usd: Decimal) -> list[Day]:
    amounts = a_month()
    match words.split():
        case ["day", number, "at", usd]:
            amounts[int(number) - 1] = Decimal(usd)
        case [usd, "more", "on", "day", number]:
            amounts[int(number) - 1] += Decimal(usd)
        case [percent, "%", "more", "each", "day"]:
            factor = 1 + Decimal(percent) / 100
            amounts = [usd * factor**place for place, usd in enumerate(amounts)]
    return [
        replace(
            PLAIN, on=PLAIN.on + timedelta(days=place), spent_usd=usd, cap_usd=cap_usd,
            least_cap_usd=cap_usd, left_usd=None,
        )
        for place, usd in enumerate(amounts)
    ]  # fmt: skip


def _outcome(found: Figures, length: int, cap_usd: Decimal) -> str:
    known = Baseline(
        length=length,
        paused_days=0,
        final_days=length,
        is_frozen=False,
        earliest_pass=PLAIN.on,
        active_days=length,
        tasks=ENOUGH_TASKS,
        cap_usd=cap_usd,
        cv_limit=CV_LIMIT,
        figures=found,
    )
    return judge_stability(known).outcome.value


def _yes(fact: bool) -> str:  # noqa: FBT001 -- the one thing that it writes
    return "yes" if fact else "no"
