"""How Anthropic served what a row tells of: the tier and the region that its price depends on."""

from collections.abc import Mapping
from typing import Any

from ingestion.readers.tiers import STANDARD, tier_of

FAST = "fast"
# What a row says whose model was served before regions were kept.
NOT_TOLD = "not_available"


def served(row: Mapping[str, Any], *, batch: bool = False) -> dict[str, str]:
    """Return the service tier and the region of a row that may tell speed and geography.

    The fast mode has prices of its own, as a tier has; a tier that is named outranks it.
    """
    tier = tier_of(row.get("service_tier"), batch=batch)
    is_fast = tier == STANDARD and _word(row, "speed") == FAST
    region = _word(row, "inference_geo")
    return {
        "service_tier": FAST if is_fast else tier,
        "region": "" if region == NOT_TOLD else region,
    }


def _word(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name) or "").strip().lower()
