"""What one call costs: the scalar, exact oracle that every faster path must equal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from finops.hours import MINUTES_OF_WEEK, Hours, contains, minute_of_week
from finops.money import PICO_PER_USD
from finops.tokens import INPUT_CLASSES, TOKEN_CLASSES

TOKENS_PER_PRICE = 10**6
UNITS_PER_FEE = 10**3
# A card without a start has held for ever, so any dated one is later.
ALWAYS = datetime.min.replace(tzinfo=UTC)

# Where a class has tokens but no price of its own, it takes the price of the class
# named here. Cached input at the full price errs on the dear side, and reasoning is
# billed as the output it is. Audio, image and video have no such neighbour.
FALLBACK_CLASS: Mapping[str, str] = {
    "in_cache_read": "in_text",
    "in_cache_write_5m": "in_text",
    "in_cache_write_1h": "in_text",
    "in_cache_write_other": "in_text",
    "in_audio_cached": "in_audio",
    "out_reasoning": "out_text",
}
# Counting requests is how calls are counted; few providers charge for one.
FREE_COUNTERS = frozenset({"requests"})


class Price(NamedTuple):
    """Dollars per million tokens of a class, for calls whose input passes the bracket.

    `is_derived` says that no row states it: it is another tier's price times a factor.
    """

    token_class: str
    usd_per_mtok: Decimal
    bracket_min_tokens: int = 0
    is_derived: bool = False


class Fee(NamedTuple):
    """Dollars for so many `units` of something counted, whatever the tokens cost."""

    counter: str
    usd: Decimal
    units: int = UNITS_PER_FEE


@dataclass(frozen=True, slots=True)
class PriceCard:
    """All prices of one model and service tier over one half-open stretch of time.

    With `hours` it holds only in those stretches of the UTC week. `bracket_inclusive`
    says that a bracket begins at its threshold, not above it; `bracket_marginal`, that
    only the share of the input above the threshold is rated at the bracket's price.
    Raises ValueError where a price is negative, unknown or given twice.
    """

    prices: tuple[Price, ...]
    fees: tuple[Fee, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    service_tier: str = "standard"
    bracket_inclusive: bool = False
    bracket_marginal: bool = False
    hours: Hours | None = None

    def __post_init__(self) -> None:
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError(f"A price card cannot end at {self.ends_at}, before it starts.")
        _check_hours(self.hours)
        for price in self.prices:
            _check_price(price)
        for fee in self.fees:
            _check_fee(fee)
        _check_once([(price.token_class, price.bracket_min_tokens) for price in self.prices])
        _check_once([(fee.counter, 0) for fee in self.fees])

    def holds_at(self, at: datetime) -> bool:
        after_start = self.starts_at is None or self.starts_at <= at
        before_end = self.ends_at is None or at < self.ends_at
        return after_start and before_end and self._holds_in_the_week(at)

    def _holds_in_the_week(self, at: datetime) -> bool:
        return self.hours is None or contains(self.hours, minute_of_week(at))


class Rated(NamedTuple):
    """A call's cost. `pico` is None while classes in `missing` have tokens but no price.

    `missing_fees` names counters that nothing was charged for, for want of a fee, and
    `derived` the classes that were rated at a derived price.
    """

    pico: int | None
    missing: tuple[str, ...]
    missing_fees: tuple[str, ...]
    derived: tuple[str, ...] = ()


def rate_call(tokens: Mapping[str, int], counters: Mapping[str, int], card: PriceCard) -> Rated:
    """Rate a call on a card, exactly, and round it once to a pico-dollar.

    Raises ValueError for a negative count or a token class that does not exist.
    """
    _check_counts(tokens, known=TOKEN_CLASSES)
    _check_counts(counters)
    context_tokens = sum(tokens.get(name, 0) for name in INPUT_CLASSES)
    used = {name: count for name in TOKEN_CLASSES if (count := tokens.get(name, 0))}
    counted = {name: count for name, count in counters.items() if count}
    costs = {name: _class_usd(name, n, context_tokens, card) for name, n in used.items()}
    fees = {fee.counter: fee for fee in card.fees}
    missing = tuple(name for name, usd in costs.items() if usd is None)
    missing_fees = tuple(sorted(counted.keys() - fees.keys() - FREE_COUNTERS))
    if missing:
        return Rated(None, missing, missing_fees)
    for_tokens = sum((usd for usd in costs.values() if usd is not None), Fraction(0))
    charged = ((fees[name], n) for name, n in counted.items() if name in fees)
    for_fees = sum((Fraction(fee.usd) * n / fee.units for fee, n in charged), Fraction(0))
    # round() takes the half of a fraction to the even side.
    pico = round((for_tokens + for_fees) * PICO_PER_USD)
    return Rated(pico, (), missing_fees, _derived(used, context_tokens, card))


def price_of(token_class: str, context_tokens: int, card: PriceCard) -> Decimal | None:
    """Return the dollars per million tokens of a class in a call with so much input.

    On a marginal card it is the price of the last token. None where neither the class
    nor its stand-in has a price.
    """
    price = _price(token_class, context_tokens, card)
    return None if price is None else price.usd_per_mtok


def card_at(cards: Iterable[PriceCard], at: datetime) -> PriceCard | None:
    """Return the card that holds at an instant; of several, the one that started last."""
    holding = [card for card in cards if card.holds_at(at)]
    return max(holding, key=lambda card: card.starts_at or ALWAYS, default=None)


def thresholds(card: PriceCard) -> list[int]:
    """Return the input sizes at which a bracket of the card begins."""
    return sorted({price.bracket_min_tokens for price in card.prices} - {0})


def _class_usd(name: str, count: int, context_tokens: int, card: PriceCard) -> Fraction | None:
    """Return what the call's tokens of a class cost, exactly.

    On a marginal card each bracket's price holds for as large a share of the class as
    the bracket has of the call's input.
    """
    if not card.bracket_marginal or context_tokens == 0:
        usd_per_mtok = price_of(name, context_tokens, card)
        return _for_tokens(usd_per_mtok, count)
    passed = [threshold for threshold in thresholds(card) if threshold < context_tokens]
    parts = [
        _for_tokens(price_of(name, end, card), count, share=Fraction(end - start, context_tokens))
        for start, end in pairwise([0, *passed, context_tokens])
    ]
    known = [part for part in parts if part is not None]
    return sum(known, Fraction(0)) if len(known) == len(parts) else None


def _for_tokens(
    usd_per_mtok: Decimal | None, count: int, *, share: Fraction = Fraction(1)
) -> Fraction | None:
    if usd_per_mtok is None:
        return None
    return Fraction(usd_per_mtok) * count * share / TOKENS_PER_PRICE


def _derived(used: Iterable[str], context_tokens: int, card: PriceCard) -> tuple[str, ...]:
    prices = ((name, _price(name, context_tokens, card)) for name in used)
    return tuple(name for name, price in prices if price is not None and price.is_derived)


def _price(token_class: str, context_tokens: int, card: PriceCard) -> Price | None:
    own = _bracket_price(token_class, context_tokens, card)
    stand_in = FALLBACK_CLASS.get(token_class)
    if own is not None or stand_in is None:
        return own
    return _bracket_price(stand_in, context_tokens, card)


def _bracket_price(token_class: str, context_tokens: int, card: PriceCard) -> Price | None:
    """Return the class's price in the highest bracket that the call's input has passed.

    The whole call is rated at it, not only the tokens above the threshold.
    """
    passed = [
        price
        for price in card.prices
        if price.token_class == token_class and _passes(price, context_tokens, card)
    ]
    return max(passed, key=lambda price: price.bracket_min_tokens, default=None)


def _passes(price: Price, context_tokens: int, card: PriceCard) -> bool:
    if price.bracket_min_tokens == 0:
        return True
    if card.bracket_inclusive:
        return context_tokens >= price.bracket_min_tokens
    return context_tokens > price.bracket_min_tokens


def _check_counts(counts: Mapping[str, int], known: Iterable[str] | None = None) -> None:
    for name, count in counts.items():
        if known is not None and name not in known:
            raise ValueError(f"{name!r} is not a token class.")
        if count < 0:
            raise ValueError(f"{name} is {count}: a call cannot use less than nothing.")


def _check_price(price: Price) -> None:
    if price.token_class not in TOKEN_CLASSES:
        raise ValueError(f"{price.token_class!r} is not a token class.")
    if price.bracket_min_tokens < 0:
        raise ValueError(f"{price.token_class} has a bracket below zero tokens.")
    _check_amount(price.token_class, price.usd_per_mtok)


def _check_fee(fee: Fee) -> None:
    _check_amount(fee.counter, fee.usd)
    if fee.units < 1:
        raise ValueError(f"The fee of {fee.counter} is for {fee.units} of them.")


def _check_hours(hours: Hours | None) -> None:
    for start, end in hours or ():
        if not 0 <= start < end <= MINUTES_OF_WEEK:
            raise ValueError(f"No hours of a week run from minute {start} to {end}.")


def _check_amount(name: str, usd: Decimal) -> None:
    if not (usd.is_finite() and usd >= 0):
        raise ValueError(f"The price of {name} is {usd}: prices are finite and not negative.")


def _check_once(keys: list[tuple[str, int]]) -> None:
    for name, bracket in keys:
        if keys.count((name, bracket)) > 1:
            raise ValueError(f"{name} has two prices from {bracket} tokens on.")
