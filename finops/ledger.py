"""Double entry: lines that sum to zero, and the lines that undo them."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from finops.money import EXACT, calculated_in

A = TypeVar("A", bound=Hashable)


class Unbalanced(ValueError):
    """Lines that would create or destroy money; the message says how much."""


@dataclass(frozen=True, slots=True)
class Line(Generic[A]):
    """What one account gains (above zero) or gives (below zero), in the ledger's currency."""

    account: A
    amount: Decimal


@calculated_in(EXACT)
def check_balanced(lines: Sequence[Line[A]]) -> None:
    """Raise Unbalanced unless the lines move money and leave its sum as it was."""
    if len(lines) < 2:  # noqa: PLR2004 -- double entry
        raise Unbalanced("A journal needs an account that gives and one that gains.")
    for line in lines:
        if not line.amount.is_finite():
            raise Unbalanced(f"The line of {line.account} has no finite amount: {line.amount}.")
    total = sum((line.amount for line in lines), Decimal(0))
    if total != 0:
        raise Unbalanced(f"The lines of a journal must sum to zero, not to {total:f}.")


@calculated_in(EXACT)
def reverse(lines: Iterable[Line[A]]) -> tuple[Line[A], ...]:
    """Return the lines that undo these; a mistake is reversed, never edited."""
    return tuple(Line(line.account, -line.amount) for line in lines)
