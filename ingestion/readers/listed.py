"""The names by which the price list knows the models that a cloud's bill names."""

import re
from collections.abc import Iterable

from genai_prices import data_snapshot

CLAUDE_TIERS = "haiku|sonnet|opus|fable|mythos|instant"
_CLAUDE = re.compile(
    rf"claude[\s_-]*(?:(?P<after>{CLAUDE_TIERS})[\s_-]*)?(?P<version>\d+(?:[._-]\d)?(?!\d))?"
    rf"(?:[\s_-]*(?P<before>{CLAUDE_TIERS}))?",
    re.IGNORECASE,
)


def listed_model(provider: str, candidates: Iterable[str], *, unlisted: str = "") -> str:
    """Return the list's id of the first candidate it knows, else `unlisted`."""
    snapshot = data_snapshot.get_snapshot()
    for name in candidates:
        try:
            return snapshot.find_provider_model(name, None, provider, None)[1].id
        except LookupError:
            continue
    return unlisted


def claude_parts(text: str) -> tuple[str, str] | None:
    """Return ('sonnet', '4-5') of a Claude in any spelling, or None where none is named.

    Bills write Claude4.5Sonnet, Claude 3.7 Sonnet, Claude Sonnet 4.5 and claude-sonnet-4-5;
    the oldest have a version and no tier.
    """
    found = _CLAUDE.search(text)
    if found is None or not found["version"]:
        return None
    tier = (found["after"] or found["before"] or "").lower()
    return tier, re.sub(r"[._]", "-", found["version"])


def claude_names(tier: str, version: str) -> list[str]:
    """Return the names a list may know a Claude by, the newer way of naming first."""
    if not tier:
        return [f"claude-{version}"]
    return [f"claude-{tier}-{version}", f"claude-{version}-{tier}"]
