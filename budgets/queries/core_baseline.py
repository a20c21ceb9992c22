"""The days a graduation rests on, measured once more: what late data made of them."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from budgets.models import Graduation
from budgets.queries.core_reviews import baseline_of
from finops.money import to_cents
from finops.periods import ONE_DAY, Period, day_bounds
from finops.stability.days import Effect
from finops.stability.figures import figures_of
from ingestion.queries.repriced_days import Wanted, repriced_days
from ingestion.queries.spend import ZERO_USD, daily_spend
from org.queries.calendar import company

COUNTED = (Effect.COUNTS.value, Effect.COUNTS_ANNOTATED.value)


@dataclass(frozen=True, slots=True)
class Remeasured:
    """The run rate of the same days, in cents, and those that lie above their daily cap now."""

    run_rate_usd: Decimal
    over: list[date]


def remeasured(graduation: Graduation) -> Remeasured:
    """Measure the days of the baseline by the ledger as it is now.

    The same thirty days, whatever else became of them: a day that late data put over its cap
    would begin a new run by the rules of gate 4, and another run is another rate.
    """
    caps = _counted(graduation)
    days = Period(min(caps), max(caps) + ONE_DAY)
    spent = dict(daily_spend(period=days, cost_object=graduation.initiative.cost_object))
    priced = _priced_alike(graduation, days)
    daily = [(day, priced.get(day, spent.get(day, ZERO_USD))) for day in sorted(caps)]
    figures = figures_of(daily)
    return Remeasured(
        run_rate_usd=to_cents(figures.run_rate_usd) if figures else Decimal("0.00"),
        over=[day for day in sorted(caps) if spent.get(day, ZERO_USD) > caps[day]],
    )


def _priced_alike(graduation: Graduation, days: Period) -> dict[date, Decimal]:
    """Return the days at the prices of the last one, where other prices held, as gate 4 does."""
    cost_object = graduation.initiative.cost_object_id
    if cost_object is None:
        return {}
    _, end = day_bounds(days.end - ONE_DAY, company().zone)
    found = repriced_days({cost_object: Wanted(days, end - timedelta(microseconds=1))})
    moved = found.get(cost_object, {}).items()
    return {day: each.to_usd for day, each in moved if each.to_usd is not None}


def _counted(graduation: Graduation) -> dict[date, Decimal]:
    """Return the days that counted when it was signed, with the daily cap of each."""
    window = graduation.evidence.measures["baseline"]
    return {
        date.fromisoformat(day["on"]): Decimal(day["cap_usd"])
        for day in baseline_of(graduation).measures["days"]
        if window["from"] <= day["on"] < window["until"] and day["effect"] in COUNTED
    }
