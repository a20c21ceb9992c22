"""A day's cost parted over its meters: by the price card that makes it, else in proportion.

A slice-day knows what its calls cost together, and how many tokens of each class they
used. FOCUS wants a row for each class, so the cost is parted; nothing is lost or added.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from finops.money import (
    PICO_PER_USD,
    ROUNDED,
    calculated_in,
    split_by_largest_remainder,
    usd_of,
)
from finops.pricing import FREE_COUNTERS, PriceCard, price_of
from finops.tokens import TOKEN_CLASSES
from ingestion.focus.meters import METERS

# An average price has so many decimals that price × quantity, rounded to the
# pico-dollar, is the cost again, for a billion counted or a trillion tokens and more in one row.
PRICE_DECIMALS = Decimal(1).scaleb(-21)
# Every block divides this, so that shares of all meters are whole numbers of one size.
_COMMON_BLOCK = 10**6

# Pico-dollars for one block of each meter; None where the card has no price for it.
Rates = Mapping[str, int | None]


class Share(NamedTuple):
    """What one meter cost, and for how much a block; both exact."""

    pico: int
    unit_usd: Decimal


class Parted(NamedTuple):
    """A cost by meter. `by_card` says that the prices are a card's, no averages."""

    shares: dict[str, Share]
    by_card: bool


def rates_on(cards: Iterable[PriceCard], day: date) -> list[Rates]:
    """Return what calls of a UTC day may have been rated at: a set for each card and bracket."""
    starts_at = datetime.combine(day, time(), UTC)
    ends_at = starts_at + timedelta(days=1)
    return [
        _rates(card, context)
        for card in cards
        if (card.starts_at is None or card.starts_at < ends_at)
        and (card.ends_at is None or card.ends_at > starts_at)
        for context in _contexts(card)
    ]


def _contexts(card: PriceCard) -> list[int]:
    """Return an input size within each bracket of the card."""
    passed = 0 if card.bracket_inclusive else 1
    thresholds = {price.bracket_min_tokens for price in card.prices} - {0}
    return [0, *(threshold + passed for threshold in sorted(thresholds))]


def _rates(card: PriceCard, context: int) -> Rates:
    """Return the rates of a card; what is finer than a pico-dollar a block is cut off.

    Such a rate makes no cost exactly, so that it serves as a proportion alone.
    """
    fees = {fee.counter: Fraction(fee.usd) / fee.units for fee in card.fees}
    prices = {name: price_of(name, context, card) for name in TOKEN_CLASSES}
    usd = {name: None if each is None else Fraction(each) for name, each in prices.items()}
    usd |= {
        name: fees[name] * METERS[name].block if name in fees else None
        for name in METERS
        if name not in TOKEN_CLASSES
    }
    return {name: None if each is None else int(each * PICO_PER_USD) for name, each in usd.items()}


def part(pico: int, quantities: Mapping[str, int], candidates: Sequence[Rates]) -> Parted:
    """Part a cost over the meters that made it; the shares add up to it.

    The first set of rates that makes the cost to the pico-dollar tells every share. Where
    none does (a provider's own statement, several brackets, tiers or prices in a day),
    the shares are in proportion to what the first complete set says, or to the quantities
    where no set is complete. Raises ValueError where no quantity is above zero.
    """
    for rates in candidates:
        shares = _by_card(pico, quantities, rates)
        if shares is not None:
            return Parted(shares, by_card=True)
    parts = split_by_largest_remainder(pico, _weights(quantities, candidates))
    return Parted(
        {
            name: Share(parts.get(name, 0), average_usd(parts.get(name, 0), name, quantity))
            for name, quantity in quantities.items()
        },
        by_card=False,
    )


@calculated_in(ROUNDED)
def average_usd(pico: int, meter: str, quantity: int) -> Decimal:
    """Return what a block cost on average; see PRICE_DECIMALS."""
    blocks = Decimal(quantity) / METERS[meter].block
    return (usd_of(pico) / blocks).quantize(PRICE_DECIMALS)


def _by_card(pico: int, quantities: Mapping[str, int], rates: Rates) -> dict[str, Share] | None:
    """Return the shares that the rates give, if these make the cost and are whole."""
    shares, total = {}, 0
    for name, quantity in quantities.items():
        rate = _rate(name, rates)
        if rate is None:
            return None
        share, fraction = divmod(rate * quantity, METERS[name].block)
        if fraction:
            return None
        total += share
        shares[name] = Share(share, usd_of(rate))
    return shares if total == pico else None


def _rate(name: str, rates: Rates) -> int | None:
    """Return a rate. A counter without a fee costs nothing; a class without a price is unknown."""
    rate = rates.get(name)
    return 0 if rate is None and name not in TOKEN_CLASSES else rate


def _weights(quantities: Mapping[str, int], candidates: Sequence[Rates]) -> dict[str, int]:
    """Return what each meter would have cost, or else how much of it there was."""
    for rates in candidates:
        known = {name: _rate(name, rates) for name in quantities}
        if None in known.values():
            continue
        weights = {
            name: (rate or 0) * quantities[name] * (_COMMON_BLOCK // METERS[name].block)
            for name, rate in known.items()
        }
        if any(weights.values()):
            return weights
    tokens = {name: n for name, n in quantities.items() if name in TOKEN_CLASSES}
    charged = {name: n for name, n in quantities.items() if name not in FREE_COUNTERS}
    return tokens or charged or dict(quantities)
