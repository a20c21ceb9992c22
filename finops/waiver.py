"""Margin waivers: a product may stay below its floor for a while, for a stated goal and price."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from finops.money import EXACT, ROUNDED, calculated_in
from finops.periods import ONE_DAY, Period

LEAST_TARGET_MARGIN = Decimal("0.60")
LONGEST_QUARTERS = 2
GRACE_DAYS = 30
LEAST_COST_FALL = Decimal("0.10")


class End(StrEnum):
    """Why a waiver is over."""

    TARGET = "target reached"
    EXPIRY = "expired"
    SPENT = "amount used up"


@dataclass(frozen=True, slots=True)
class Earned:
    """What a product made in some days: its revenue and the margin on it."""

    days: Period
    revenue_usd: Decimal
    margin: Decimal


@dataclass(frozen=True, slots=True)
class Waiver:
    """What was allowed: a lower floor until a goal is met, a day comes or an amount is used."""

    floor: Decimal
    waived_floor: Decimal
    target: Decimal
    starts_on: date
    expires_on: date
    most_usd: Decimal


@dataclass(frozen=True, slots=True)
class Ended:
    """The first day after a waiver, and why it is over."""

    on: date
    why: End


@calculated_in(EXACT)
def cost_usd(*, floor: Decimal, earned: Iterable[Earned]) -> Decimal:
    """Return what staying below the floor cost: what the margin lacked, of the revenue."""
    return sum(
        (max(floor - each.margin, Decimal(0)) * each.revenue_usd for each in earned), Decimal(0)
    )


@calculated_in(ROUNDED)
def lasts(*, most_usd: Decimal, usd_per_month: Decimal) -> Decimal | None:
    """Return for how many months an amount lasts; None where nothing is used."""
    return most_usd / usd_per_month if usd_per_month > 0 else None


def ended(
    waiver: Waiver, *, earned: Iterable[Earned], reached_on: date | None, on: date
) -> Ended | None:
    """Return the earliest of goal, day and amount that has come by `on`; None while it holds.

    An amount is used up at the end of the days in which it was passed.
    """
    candidates = [Ended(waiver.expires_on, End.EXPIRY)]
    if reached_on is not None:
        candidates.append(Ended(max(reached_on, waiver.starts_on), End.TARGET))
    if (spent := _spent_on(waiver, earned)) is not None:
        candidates.append(Ended(spent, End.SPENT))
    first = min(candidates, key=lambda end: end.on)
    return first if first.on <= on else None


def _spent_on(waiver: Waiver, earned: Iterable[Earned]) -> date | None:
    used = Decimal(0)
    for each in sorted(earned, key=lambda each: each.days):
        used += cost_usd(floor=waiver.floor, earned=[each])
        if used >= waiver.most_usd:
            return each.days.end
    return None


@calculated_in(ROUNDED)
def floor_on(waiver: Waiver, *, end: Ended | None, day: date) -> Decimal:
    """Return the floor that holds on a day: waived, back in even steps over the grace, or full."""
    if day < waiver.starts_on:
        return waiver.floor
    if end is None or day < end.on:
        return waiver.waived_floor
    passed = min((day - end.on) / ONE_DAY, GRACE_DAYS)
    step = (waiver.floor - waiver.waived_floor) / GRACE_DAYS
    return waiver.waived_floor + step * int(passed)


@calculated_in(ROUNDED)
def fell_enough(*, unit_cost_then_usd: Decimal, unit_cost_now_usd: Decimal) -> bool:
    """Test whether a unit's cost fell by the tenth that a renewal asks for."""
    return unit_cost_now_usd <= unit_cost_then_usd * (1 - LEAST_COST_FALL)
