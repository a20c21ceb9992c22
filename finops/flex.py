"""Flex budgets: what a core budget is for the work there really was, and why spend differs.

    B(v) = F + u_std · v

where v is counted in the business (tickets closed, orders), never in calls or tokens: a loop
would fund itself. A flexed budget falls with volume as it rises.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from finops.money import EXACT, ROUNDED, calculated_in, to_cents

PER_MILLION = 1_000_000
UNIT_COST_ROOM = Decimal("1.10")
VOLUME_ROOM = Decimal("1.50")
UNIT_COST, VOLUME, MARGIN = "unit cost", "volume", "margin"


class Verdict(StrEnum):
    """Whether a limit holds; what cannot be told holds nothing up and funds nothing."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FlexRule:
    """The standard of a period: fixed cost, what a unit may need, and how much is planned.

    The rooms are how far a unit's cost and the volume may lie above standard and plan, as
    factors, before more of the budget needs a signature.
    """

    fixed_usd: Decimal
    planned_volume: Decimal
    tokens_per_unit: Decimal
    usd_per_mtok: Decimal
    unit_cost_room: Decimal = UNIT_COST_ROOM
    volume_room: Decimal = VOLUME_ROOM

    @property
    @calculated_in(EXACT)
    def unit_usd(self) -> Decimal:
        """What a unit may cost: its standard tokens at the standard price."""
        return self.tokens_per_unit * self.usd_per_mtok / PER_MILLION

    @calculated_in(EXACT)
    def budget_usd(self, volume: Decimal) -> Decimal:
        """Return what the budget is for so much work."""
        return self.fixed_usd + self.unit_usd * volume


@dataclass(frozen=True, slots=True)
class Actual:
    """What a period really was: units of work, dollars, tokens."""

    volume: Decimal
    usd: Decimal
    tokens: int


@dataclass(frozen=True, slots=True)
class Variances:
    """Why spend differs from the plan. `volume` is funded; the other three are not.

    price + efficiency = actual spend - flexed budget. `mix` is the part of `price` that other
    shares of tiers make, None where shares are not known.
    """

    volume_usd: Decimal
    price_usd: Decimal
    efficiency_usd: Decimal
    mix_usd: Decimal | None

    @property
    def spending_usd(self) -> Decimal:
        return self.price_usd + self.efficiency_usd


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing on which growth without a signature depends; `measured` is None where unknown."""

    name: str
    measured: Decimal | None
    limit: Decimal
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Funding:
    """What of a flexed budget stands by itself, and what of it waits for a signature."""

    limits: tuple[Limit, ...]
    granted_usd: Decimal
    waiting_usd: Decimal

    @property
    def missed(self) -> tuple[Limit, ...]:
        """The limits that do not hold, or of which nobody knows."""
        return tuple(each for each in self.limits if each.verdict != Verdict.MET)


@dataclass(frozen=True, slots=True)
class Movement:
    """By how much a budget moves for a period's volume, in whole cents.

    `granted_usd` moves by itself, below zero for less work than planned; `waiting_usd` needs
    a signature. Together they are the volume variance, rounded once.
    """

    granted_usd: Decimal
    waiting_usd: Decimal


@calculated_in(EXACT)
def movement(rule: FlexRule, found: Funding) -> Movement:
    """Return what a funding changes of the budget that was planned for the period."""
    planned = rule.budget_usd(rule.planned_volume)
    granted = to_cents(found.granted_usd - planned)
    return Movement(granted, to_cents(found.granted_usd + found.waiting_usd - planned) - granted)


@calculated_in(EXACT)
def variances(
    rule: FlexRule,
    actual: Actual,
    *,
    standard_shares: Mapping[str, tuple[Decimal, Decimal]] | None = None,
    actual_shares: Mapping[str, Decimal] | None = None,
) -> Variances:
    """Return the four variances of a period.

    `standard_shares` gives each tier's share of the tokens and its price per million,
    `actual_shares` the share it really had. The fixed cost is taken as spent: what was spent
    beyond it is price and efficiency.
    """
    tokens = Decimal(actual.tokens) / PER_MILLION
    expected = rule.tokens_per_unit * actual.volume / PER_MILLION
    variable_usd = actual.usd - rule.fixed_usd
    return Variances(
        volume_usd=rule.unit_usd * (actual.volume - rule.planned_volume),
        price_usd=variable_usd - rule.usd_per_mtok * tokens,
        efficiency_usd=rule.usd_per_mtok * (tokens - expected),
        mix_usd=_mix(tokens, standard_shares, actual_shares),
    )


def _mix(
    tokens: Decimal,
    standard: Mapping[str, tuple[Decimal, Decimal]] | None,
    actual: Mapping[str, Decimal] | None,
) -> Decimal | None:
    if standard is None or actual is None:
        return None
    moved = {tier: actual.get(tier, Decimal(0)) - share for tier, (share, _) in standard.items()}
    return sum((moved[tier] * usd for tier, (_, usd) in standard.items()), Decimal(0)) * tokens


@calculated_in(ROUNDED)
def funding(
    rule: FlexRule,
    actual: Actual,
    *,
    margin: Decimal | None = None,
    target_margin: Decimal | None = None,
) -> Funding:
    """Return what of the flexed budget stands by itself.

    Less work than planned needs nobody. More is granted while the unit cost is within ten
    percent of its standard, the product's margin reaches its target (where it has one), and
    only up to half as much again as planned; the rest waits for a signature, and spending
    goes on under the breakers meanwhile.
    """
    limits = tuple(_limits(rule, actual, margin, target_margin))
    flexed = rule.budget_usd(actual.volume)
    if actual.volume <= rule.planned_volume:
        return Funding(limits, flexed, Decimal(0))
    holds = all(each.verdict == Verdict.MET for each in limits if each.name != VOLUME)
    most = rule.planned_volume * (rule.volume_room if holds else 1)
    granted = rule.budget_usd(min(actual.volume, most))
    return Funding(limits, granted, flexed - granted)


def _limits(
    rule: FlexRule, actual: Actual, margin: Decimal | None, target: Decimal | None
) -> list[Limit]:
    unit = (actual.usd - rule.fixed_usd) / actual.volume if actual.volume else None
    found = [
        _at_most(UNIT_COST, unit, rule.unit_usd * rule.unit_cost_room),
        _at_most(VOLUME, actual.volume, rule.planned_volume * rule.volume_room),
    ]
    if target is not None:
        verdict = _verdict(margin, holds=margin is not None and margin >= target)
        found.append(Limit(MARGIN, margin, target, verdict))
    return found


def _at_most(name: str, measured: Decimal | None, limit: Decimal) -> Limit:
    return Limit(name, measured, limit, _verdict(measured, holds=(measured or 0) <= limit))


def _verdict(measured: Decimal | None, *, holds: bool) -> Verdict:
    if measured is None:
        return Verdict.UNKNOWN
    return Verdict.MET if holds else Verdict.MISSED
