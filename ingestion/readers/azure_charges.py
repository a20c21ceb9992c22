"""What an Azure charge is to the invoice and to its units, whichever export tells it.

Microsoft exports the same month twice: as actual cost, where a reservation is a purchase
and what it covers is free, and as amortised cost, where the purchase is spread over what
it covers. Both agree on everything that no commitment is part of. So a line tells which
it comes from exactly where it matters, and the two are never added.
"""

from dataclasses import dataclass
from decimal import Decimal

ACTUAL, AMORTIZED = "actual", "amortized"
ACTUAL_FOUND = (
    "which only an export of actual cost shows, and actual cost does not say what the use of a "
    "reservation costs. Send the export of amortised cost instead, or take this one as it is "
    "with --set export=actual."
)
_COMMITMENTS = ("reservation", "savingsplan")


@dataclass(frozen=True, slots=True)
class Charge:
    """A line's charge category, what the invoice charges, and the effective cost.

    An amount that the line does not tell is "". `evidence` names what shows that the
    export is of actual cost; `fault` says why the line contradicts what was said of it.
    """

    category: str
    billed: str
    effective: str
    evidence: str = ""
    fault: str = ""


def charge_of(
    *, charge_type: str, pricing_model: str, cost: str, is_used: bool, export: str
) -> Charge:
    """Return what a line charges; `is_used` says that its quantity is above zero.

    `export` is ACTUAL, AMORTIZED, or "" where the sender has not said.
    """
    kind = charge_type.lower().replace(" ", "")
    if kind.startswith("unused"):
        fault = "is no charge of an export of actual cost" if export == ACTUAL else ""
        return Charge("usage", "0", cost, fault=fault)
    committed = pricing_model.lower().replace(" ", "") in _COMMITMENTS
    category = _CATEGORIES.get(kind, "adjustment")
    if not committed or category not in {"usage", "purchase"}:
        return Charge(category, cost, cost)
    if kind == "refund":
        return Charge("purchase", cost, "0")
    return _bought(cost, export) if category == "purchase" else _covered(cost, is_used, export)


# FOCUS: what is given back stays in the category it was charged in.
_CATEGORIES = {"": "usage", "usage": "usage", "refund": "usage", "purchase": "purchase"}
_CATEGORIES |= {"tax": "tax", "credit": "credit"}


def _bought(cost: str, export: str) -> Charge:
    """Charge a commitment to the invoice; what it covers has its effective cost."""
    if _is_nothing(cost):
        return Charge("purchase", cost if export == ACTUAL else "", "0")
    if export == AMORTIZED:
        return Charge("purchase", cost, "0", fault="is a purchase that amortised cost spreads")
    return Charge("purchase", cost, "0", evidence="" if export else "is a reservation bought")


def _covered(cost: str, is_used: bool, export: str) -> Charge:  # noqa: FBT001 — of the same line
    """Charge what a commitment pays for: nothing on the invoice, its share in effect."""
    if not _is_nothing(cost):
        fault = "is a cost that an export of actual cost does not have" if export == ACTUAL else ""
        return Charge("usage", "0", cost, fault=fault)
    if export == AMORTIZED or not is_used:
        return Charge("usage", "0", "0")
    evidence = "" if export else "is use that a reservation pays for, at no cost"
    return Charge("usage", "0", "", evidence=evidence)


def _is_nothing(cost: str) -> bool:
    try:
        return Decimal(cost or 0) == 0
    except ArithmeticError:
        return False
