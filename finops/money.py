"""Exact money: dollars as Decimal, pico-dollars as integers, splits that lose nothing."""

import re
from collections.abc import Callable, Mapping
from decimal import (
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import wraps
from math import lcm
from typing import Any, ParamSpec, Protocol, TypeVar

PICO_PER_USD = 10**12
PICO_DIGITS = 12

# Sums and products of money never round: where a hundred digits do not suffice, the
# operation raises Inexact instead of being quietly a little wrong.
EXACT = Context(
    prec=100,
    rounding=ROUND_HALF_EVEN,
    traps=[InvalidOperation, DivisionByZero, Overflow, Inexact],
)
# Quotients (rates, means, paces) cannot be exact; fifty digits keep their error far
# below anything a ledger could show.
ROUNDED = Context(
    prec=50, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow]
)

MAX_WHOLE_DIGITS = 15
MAX_DECIMALS = 60
# Longer than any amount the two limits admit, exponent included.
_MAX_LENGTH = 100
_SHOWN_LENGTH = 40
_PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?")
_SHORT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,12}))?")
_NOT_FINITE = re.compile(r"[+-]?(?:s?nan[0-9]*|inf(?:inity)?)", re.IGNORECASE)
_SEPARATED = re.compile(r"[+-]?[0-9]+(?:[ ,._'\u00a0\u202f][0-9]+)+")

P = ParamSpec("P")
R = TypeVar("R")


class Sortable(Protocol):
    """A key that can break a tie: hashable, and ordered among its kind."""

    def __lt__(self, other: Any, /) -> bool: ...
    def __hash__(self) -> int: ...


K = TypeVar("K", bound=Sortable)


class BadAmount(ValueError):
    """A text that is not an amount; the message is for the person who sent it."""


def calculated_in(context: Context) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function calculate in `context`, whatever the caller's own context is."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            with localcontext(context):
                return function(*args, **kwargs)

        return run

    return decorate


@calculated_in(EXACT)
def pico_of(usd: Decimal) -> int:
    """Return the pico-dollars of an amount, rounded once, half to even."""
    if not usd.is_finite():
        raise BadAmount(f"{usd} is not a finite amount.")
    return int(usd.scaleb(PICO_DIGITS).to_integral_value(rounding=ROUND_HALF_EVEN))


@calculated_in(EXACT)
def usd_of(pico: int) -> Decimal:
    """Return the dollars of whole pico-dollars, exactly and with twelve decimals."""
    return Decimal(pico).scaleb(-PICO_DIGITS)


def pico_of_text(text: str) -> int:
    """Return the pico-dollars that a plain decimal text states, rounded once, half to even.

    Raises BadAmount as parse_usd does.
    """
    # Nearly every amount is this short, and files bring them by the million.
    if short := _SHORT.fullmatch(text):
        return int(short[1]) * PICO_PER_USD + int((short[2] or "").ljust(PICO_DIGITS, "0"))
    return pico_of(parse_usd(text))


def usd_text(pico: int) -> str:
    """Return the dollars of whole pico-dollars as text, exactly and with twelve decimals."""
    whole, rest = divmod(abs(pico), PICO_PER_USD)
    return f"{'-' if pico < 0 else ''}{whole}.{rest:0{PICO_DIGITS}d}"


@calculated_in(ROUNDED)
def to_cents(usd: Decimal, minor_digits: int = 2) -> Decimal:
    """Round to the currency's minor unit, halves away from zero (0 digits: JPY, 3: KWD).

    This is the rounding of a statement line; nothing is calculated from its result.
    """
    rounded = usd.quantize(Decimal(1).scaleb(-minor_digits), rounding=ROUND_HALF_UP)
    return rounded + 0  # a statement does not print -0.00


def parse_usd(text: str) -> Decimal:
    """Return the amount a plain decimal text states, digit for digit.

    An exponent is admitted, because JSON writers print small floats with one. Raises
    BadAmount for everything a lenient parser would guess at.
    """
    if len(text) > _MAX_LENGTH or not _PLAIN.fullmatch(text):
        raise BadAmount(_why_not_plain(text))
    amount = Decimal(text)
    # adjusted() places the first digit and as_tuple() the last, without spelling out
    # the zeros in between that 1e400 would need.
    if amount and amount.adjusted() >= MAX_WHOLE_DIGITS:
        raise BadAmount(f"{text!r} is too large: at most {MAX_WHOLE_DIGITS} digits before the dot.")
    if _decimals(amount) > MAX_DECIMALS:
        raise BadAmount(f"{text!r} is too fine: at most {MAX_DECIMALS} digits after the dot.")
    return amount


@calculated_in(EXACT)
def dollars_of_cents(text: str) -> str:
    """Return the dollars of an amount written in cents, digit for digit.

    Raises BadAmount as parse_usd does.
    """
    return format(parse_usd(text).scaleb(-2), "f")


def _decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _why_not_plain(text: str) -> str:
    shown = repr(text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "…")
    if not text.strip():
        return "The amount is empty."
    if len(text) > _MAX_LENGTH:
        return f"{shown} is longer than an amount can be."
    if _NOT_FINITE.fullmatch(text.strip()):
        return f"{shown} is not a finite amount."
    if _SEPARATED.fullmatch(text.strip()):
        return f"{shown} has a separator: write a dot for decimals and nothing for thousands."
    return f"{shown} is not a plain decimal number such as 12.50."


def split_by_largest_remainder(total: int, weights: Mapping[K, int | Decimal]) -> dict[K, int]:
    """Split whole units by weight; the parts always add up to the total.

    Each share is rounded down and the units left over go, one each, to the largest
    remainders, ties in the order of the keys. A negative total is split as its
    absolute value. The result does not depend on the order of `weights`.
    Raises ValueError where nothing carries weight: there is nobody to give it to.
    """
    exact = _whole_weights(weights)
    whole = sum(exact.values())
    if whole == 0:
        raise ValueError("Nothing can be split: no weight is above zero.")
    divided = {key: divmod(abs(total) * exact[key], whole) for key in sorted(exact)}
    left_over = abs(total) - sum(share for share, _ in divided.values())
    # sorted() is stable, so equal remainders keep the order of their keys.
    ranked = sorted(divided, key=lambda key: divided[key][1], reverse=True)
    favoured = set(ranked[:left_over])
    sign = -1 if total < 0 else 1
    return {key: sign * (share + (key in favoured)) for key, (share, _) in divided.items()}


def _whole_weights(weights: Mapping[K, int | Decimal]) -> dict[K, int]:
    """Scale the weights to integers of the same proportions."""
    ratios = {key: _ratio(key, weight) for key, weight in weights.items()}
    scale = lcm(*(denominator for _, denominator in ratios.values()))
    return {key: top * (scale // bottom) for key, (top, bottom) in ratios.items()}


def _ratio(key: K, weight: int | Decimal) -> tuple[int, int]:
    if not isinstance(weight, int | Decimal):
        raise TypeError(f"The weight of {key!r} must be an int or a Decimal, not {weight!r}.")
    if not (Decimal(weight).is_finite() and weight >= 0):
        raise ValueError(f"The weight of {key!r} is {weight}: weights are finite and not negative.")
    return weight.as_integer_ratio()
