"""What a scope of the document is held to beside its caps, in words. Pure.

One place for all of it: pages list the limits, and the differences of two documents tell
how they changed, in the same words.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from policy.quota_differences import MODES
from policy.quota_wording import quota_in_words

Entry = Mapping[str, Any]

WINDOWS = {
    "minute": "cap of the minute",
    "hour": "hourly cap",
    "day": "daily cap",
    "period": "cap of the fiscal period",
    "total": "cap in total",
}


class Limit(NamedTuple):
    """A limit by its name, what it is, and what a router does where it is reached."""

    name: str
    value: str
    then: str = ""


def limits_of(entry: Entry) -> list[Limit]:
    """Return every limit that a scope has beside its caps and quotas."""
    found = [
        Limit(name, value, THEN[name])
        for name, tell in TELLERS.items()
        if (member := entry.get(MEMBER_OF[name])) is not None and (value := tell(member))
    ]
    quotas: list[Entry] = entry.get("quotas") or []
    return found + [Limit("quota", _quota(quota), MODES[quota["mode"]]) for quota in quotas]


def rates_in_words(rates: Entry) -> str:
    """Return limits a minute as one phrase: 600 calls and $1.50 a minute, 4 calls at a time."""
    minute = [
        _count(rates.get("requests_per_minute"), "call"),
        _count(rates.get("tokens_per_minute"), "token"),
        _dollars(rates.get("usd_per_minute")),
    ]
    known = [each for each in minute if each]
    at_once = _count(rates.get("concurrency"), "call")
    parts = [f"{_and(known)} a minute"] if known else []
    return ", ".join([*parts, *([f"{at_once} at a time"] if at_once else [])])


def task_limits_in_words(limits: Entry) -> str:
    """Return what one task may take: 40 steps and $0.50 a task."""
    both = (_count(limits.get("steps"), "step"), _dollars(limits.get("usd")))
    known = [each for each in both if each]
    return f"{_and(known)} a task" if known else ""


def loop_in_words(loop: Entry) -> str:
    return f"{_count(loop['calls'], 'call')} with one prompt within {loop['window_s']} s"


def probe_in_words(probe: Entry) -> str:
    return f"{_count(probe['calls'], 'call')} until {_instant(probe['until'])}"


def kept_in_words(fraction: str) -> str:
    """Return the share of calls that goes through: 50% of calls."""
    return f"{(Decimal(fraction) * 100).normalize():f}% of calls"


def stale_in_words(mode: Entry) -> str:
    """Return what a router does that has lost the server."""
    name: str = mode["mode"]
    return {
        "closed": "its calls are refused",
        "open": "its calls go on as last told",
        "bucket": f"{_dollars(mode.get('usd'))} more, then refused",
    }.get(name, name)


def _quota(quota: Entry) -> str:
    words = quota_in_words(quota["limit"], quota["metric"], quota["window"], quota["per"])
    exempt, raised = len(quota.get("exempt") or []), len(quota.get("raises") or [])
    words += f", {exempt} exempt" if exempt else ""
    return words + (f", {raised} raised for a while" if raised else "")


def _tier(tier: str) -> str:
    return tier


def _protected(is_protected: bool) -> str:  # noqa: FBT001 -- a member of the document
    return "people are paged instead of blocking it" if is_protected else ""


def _count(value: int | None, unit: str) -> str:
    return "" if value is None else f"{value:,} {unit}{'s' if value != 1 else ''}"


def _dollars(usd: str | None) -> str:
    return "" if usd is None else f"${Decimal(usd):,.2f}"


def _instant(at: str) -> str:
    return at.removesuffix("Z").replace("T", " ")[:16] + " UTC"


def _and(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


# The members of a scope that limit it, by the name that sentences give them, in that order.
MEMBER_OF = {
    "limits a minute": "rates",
    "limits of a task": "task_limits",
    "loop signature": "loop",
    "highest tier": "max_tier",
    "share let through": "keep_fraction",
    "test": "probe",
    "without the server": "when_stale",
    "protection": "protected",
}
TELLERS: Mapping[str, Callable[[Any], str]] = {
    "limits a minute": rates_in_words,
    "limits of a task": task_limits_in_words,
    "loop signature": loop_in_words,
    "highest tier": _tier,
    "share let through": kept_in_words,
    "test": probe_in_words,
    "without the server": stale_in_words,
    "protection": _protected,
}
THEN = {
    "limits a minute": "each router refuses the call, and says when to try again",
    "limits of a task": "further calls of the task are refused",
    "loop signature": "the breaker opens",
    "highest tier": "a dearer model is replaced by one that fits",
    "share let through": "the other calls are told to try again",
    "test": "further calls are refused until the test is over",
    "without the server": "holds once the policy is stale",
    "protection": "limits above it do not stop its calls",
}
