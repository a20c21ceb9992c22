"""What a line item type of AWS is to the invoice and to its units."""

from dataclasses import dataclass

_CATEGORIES = {
    "usage": "usage",
    "discountedusage": "usage",
    "savingsplancoveredusage": "usage",
    # FOCUS: what is given back stays in the category it was charged in.
    "refund": "usage",
    "fee": "purchase",
    "rifee": "purchase",
    "savingsplanupfrontfee": "purchase",
    "savingsplanrecurringfee": "purchase",
    "tax": "tax",
    "credit": "credit",
}
_COVERED = ("discountedusage", "savingsplancoveredusage")
_COMMITMENTS = ("rifee", "savingsplanupfrontfee", "savingsplanrecurringfee")


@dataclass(frozen=True, slots=True)
class Charge:
    """A line's charge category, what the invoice charges, and the effective cost."""

    category: str
    billed: str
    effective: str


def charge_of(*, kind: str, cost: str, net_cost: str, has_net: bool, covered_cost: str) -> Charge:
    """Return what a line item charges.

    `net_cost` is the cost after discounts, `has_net` says that the report has that column,
    and `covered_cost` what a commitment's share of the line is. Where the report has net
    costs, lines of discounts repeat what the others hold already and count nothing.
    """
    kind = kind.strip().lower()
    category = _CATEGORIES.get(kind, "adjustment")
    paid = net_cost or ("0" if has_net and kind.endswith("discount") else cost)
    if kind in _COVERED:
        return Charge(category, "0", covered_cost)
    if kind == "savingsplannegation":
        # It takes back the list cost of covered use, which is not counted in the first place.
        return Charge(category, "0", "0")
    if kind in _COMMITMENTS:
        return Charge(category, paid, "0")
    return Charge(category, paid, paid)
