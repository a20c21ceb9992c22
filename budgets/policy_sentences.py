"""What the published policy says of an experiment, in sentences."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from org.templatetags.figures import moment, usd
from policy.differences import STATES
from policy.limits_in_words import WINDOWS
from policy.queries.scope_policy import ScopePolicy

STALE = {
    "closed": "blocks its calls",
    "open": "lets its calls run on",
    "bucket": "lets it spend what is left of an allowance",
}


def policy_sentence(found: ScopePolicy | None, *, zone: str) -> str:
    """Say what routers must do with the experiment's calls, by which revision."""
    if found is None:
        return "The published policy says nothing of it: no router knows its calls from others."
    issued = moment(found.revision.issued_at, zone)
    head = f"Revision {found.revision.number}, published {issued}:"
    own = found.own
    if own["reason"]:
        return f"{head} its calls are {STATES[own['state']]}. {blocked_sentence(own, zone=zone)}"
    caps = " and ".join(_cap(cap) for cap in own["caps"]) or "no cap of its own"
    return f"{head} its calls run, under {caps}."


def blocked_sentence(entry: Mapping[str, Any], *, zone: str) -> str:
    """Say since when and why a scope does not run freely, until when, and whom to ask."""
    reason = entry["reason"]
    if not reason:
        return ""
    since = f"Since {_moment(reason['since'], zone)}: " if reason["since"] else ""
    until = (
        f"It goes on at {_moment(reason['until'], zone)}."
        if reason["until"]
        else "It stays so until somebody changes it."
    )
    owner = reason["owner"]
    ask = f" Ask {owner}{f' ({c})' if (c := reason['contact']) else ''}." if owner else ""
    return f"{since}{reason['text']} {until}{ask}"


def fleet_sentence(found: ScopePolicy) -> str:
    """Say how many routers run what the newest revision says of the experiment."""
    count = len(found.fleet)
    if not count:
        return "No router has reported yet, so nobody is known to obey it."
    said = "what it says of this experiment"
    if count == 1:
        return f"The one router {'does not run' if found.behind else 'runs'} {said}."
    if not found.behind:
        return f"All {count} routers run {said}."
    return f"{count - found.behind} of {count} routers run {said}."


def models_sentence(found: ScopePolicy, *, asked: list[str]) -> str:
    """Say which models a router may choose, and that the request's own list binds nobody."""
    highest = f"up to the tier “{found.max_tier}”" if found.max_tier else "of every tier"
    said = f"A router may choose models {highest}."
    if asked:
        said += f" The request names {', '.join(asked)}; the document does not hold routers to it."
    return said


def cap_lines(entry: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    """Return each cap of a scope in words, with its limit."""
    return [
        (f"{WINDOWS[cap['window']].capitalize()}, {cap['mode']}", Decimal(cap["limit_usd"]))
        for cap in entry["caps"]
    ]


def stale_word(entry: Mapping[str, Any]) -> str:
    """Say what a router does that has lost the policy."""
    mode: str = entry["when_stale"]["mode"]
    return STALE.get(mode, mode)


def _cap(cap: Mapping[str, Any]) -> str:
    return f"a {cap['mode']} {WINDOWS[cap['window']]} of {usd(Decimal(cap['limit_usd']))}"


def _moment(text: str, zone: str) -> str:
    return moment(datetime.fromisoformat(text), zone)
