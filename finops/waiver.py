"""Margin waivers: a product may stay below its floor for a while, for a stated goal and price."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from finops.money import EXACT, ROUNDED, calculated_in
from finops.periods import ONE_DAY, Period

LEAST_TARGET_MARGIN = Decimal("0.60")
MONTHS_PER_QUARTER, MONTHS_PER_YEAR = 3, 12
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


def latest_expiry(*, starts_on: date, quarters: int) -> date:
    """Return the last day on which a waiver may expire that lasts so many quarters."""
    years, month = divmod(starts_on.month - 1 + MONTHS_PER_QUARTER * quarters, MONTHS_PER_YEAR)
    year, month = starts_on.year + years, month + 1
    return date(year, month, min(starts_on.day, monthrange(year, month)[1]))


def used_up_on(waiver: Waiver, *, running: Iterable[tuple[date, Decimal]]) -> date | None:
    """Return the first day after the amount was used up; None while some of it is left.

    `running` gives, day by day, the first day after and what was used until then.
    """
    return next((after for after, used in running if used >= waiver.most_usd), None)


def ended(
    waiver: Waiver, *, spent_on: date | None, reached_on: date | None, on: date
) -> Ended | None:
    """Return the earliest of goal, day and amount that has come by `on`; None while it holds.

    Each is the first day after: on which the goal is reached, and the amount used up.
    """
    candidates = [Ended(waiver.expires_on, End.EXPIRY)]
    if reached_on is not None:
        candidates.append(Ended(max(reached_on, waiver.starts_on), End.TARGET))
    if spent_on is not None:
        candidates.append(Ended(spent_on, End.SPENT))
    first = min(candidates, key=lambda end: end.on)
    return first if first.on <= on else None


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
