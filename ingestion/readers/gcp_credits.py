"""The credits of a line of Google's bill, and what the line costs in effect.

Google charges a line in full and gives back by credits. A discount, such as that of a
commitment, makes the line cheaper; a promotion pays for it, and the line costs what it
costs.
"""

import json
from dataclasses import dataclass
from typing import Any

from finops.money import EXACT, BadAmount, calculated_in, parse_usd

# Every other type is a discount of the line itself: COMMITTED_USAGE_DISCOUNT, FREE_TIER, …
PROMOTION = "PROMOTION"


@dataclass(frozen=True, slots=True)
class Credit:
    """What is given back of a line: an amount below zero, in its own digits."""

    name: str
    amount: str
    is_discount: bool


@dataclass(frozen=True, slots=True)
class Credits:
    """The credits of a line, or why they cannot be read."""

    items: tuple[Credit, ...] = ()
    fault: str = ""


def credits_of(cell: str, total: str) -> Credits:
    """Read a line's credits: a JSON list, or their bare total, which does not tell its kind."""
    try:
        items = json.loads(cell, parse_float=str, parse_int=str) if cell.strip() else []
        found = [_credit(item) for item in items]
        if not found and total.strip():
            found = [_credit({"amount": total.strip(), "type": PROMOTION})]
    except (ValueError, TypeError, AttributeError) as error:
        return Credits(fault=f"cannot be read: {str(error).removesuffix('.')}")
    return Credits(tuple(credit for credit in found if parse_usd(credit.amount)))


def _credit(item: Any) -> Credit:
    amount = str(item.get("amount") or "0")
    parse_usd(amount)
    kind = str(item.get("type") or PROMOTION).upper()
    name = str(item.get("name") or item.get("full_name") or kind)
    return Credit(name, amount, is_discount=kind != PROMOTION)


@calculated_in(EXACT)
def effective_cost(cost: str, given: Credits) -> str:
    """Return a line's cost after its discounts; one that is no amount stays for the report."""
    discounts = [parse_usd(credit.amount) for credit in given.items if credit.is_discount]
    try:
        return f"{sum(discounts, parse_usd(cost.strip())):f}" if discounts else cost
    except BadAmount:
        return cost
