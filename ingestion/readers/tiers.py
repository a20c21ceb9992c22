"""Service tiers, under the names by which prices know them."""

from typing import Any

BATCH, STANDARD = "batch", "standard"
# What providers call the tier that a request gets where it asks for none.
PLAIN = frozenset({"", "default", "auto", "none", "null", STANDARD})


def tier_of(name: Any, *, batch: bool = False) -> str:
    """Return a tier's name; `batch` outranks whatever tier is named beside it."""
    if batch:
        return BATCH
    tier = "" if name is None else str(name).strip().lower()
    return STANDARD if tier in PLAIN else tier
