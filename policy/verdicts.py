"""What one scope of a published document has to say to a call, in words. Pure.

Asked in the order in which routers ask: the block, a cap no lease could cover, the meter.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from policy.limits_in_words import MEMBER_OF, TELLERS, WINDOWS
from policy.listed_models import Document
from policy.refusal_body import Refused, instant_of, refused_by
from policy.wording import dollars

MONEY = "cap_"
_COUNTED = ("limits a minute", "limits of a task", "loop signature")


@dataclass(frozen=True, slots=True)
class Case:
    """A call to a model; `usd` is what it can cost, None where nobody knows.

    `spent_usd` is the meter of each cap that is known.
    """

    name: str
    usd: Decimal | None
    is_free: bool
    revision: int
    spent_usd: Mapping[str, Decimal]
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """A scope's word; `refused` is what a call gets that does not pass.

    Perhaps is said where some calls pass and others do not, skip where a scope is not asked.
    """

    entry: Document
    result: Literal["yes", "no", "perhaps", "skip"]
    words: str
    refused: Refused | None = None


def verdict_of(entry: Document, case: Case, *, is_slowing: bool) -> Verdict:
    """Return what a scope has to say; `is_slowing` where its throttle is the one that counts."""
    refused = next(_against(entry, case), None)
    if refused is not None:
        return Verdict(entry, "no", refused.text, refused)
    if is_slowing:
        return _slowed(entry, case)
    if entry["state"] == "half_open" and not is_passed_over(entry, case):
        return _probing(entry, case)
    return Verdict(entry, "yes", _allowing(entry, case))


def is_passed_over(entry: Document, case: Case) -> bool:
    """Test whether a state is about money, of which the call costs none."""
    reason = entry["reason"]
    return case.is_free and bool(reason) and reason["code"].startswith(MONEY)


def _slowed(entry: Document, case: Case) -> Verdict:
    """Return the word of a scope that lets a share of its calls through."""
    reason, share = entry["reason"], Decimal(entry["keep_fraction"]) * 100
    why = f" {reason['text']}" if reason else ""
    words = f"{entry['name']} lets {share:.0f} % of its calls through for now.{why}"
    until = instant_of(reason["until"]) if reason else None
    return Verdict(entry, "perhaps", words, _by(entry, case, "throttled", words, until=until))


def above_ceiling(entry: Document, case: Case, *, provider: str, tier: str | None) -> Verdict:
    """Return the word of a scope beneath whose highest tier the provider has no model."""
    what = f"is of tier {tier}" if tier else "has no tier"
    words = (
        f"{case.name} {what}, {entry['name']} goes up to {entry['max_tier']}, and {provider} has"
        " no model that fits."
    )
    return Verdict(entry, "no", words, _by(entry, case, "tier", words))


def _against(entry: Document, case: Case) -> Iterator[Refused]:
    if not is_passed_over(entry, case):
        yield from _blocking(entry, case)
    if not case.is_free:
        yield from _unaffordable(entry, case)


def _blocking(entry: Document, case: Case) -> Iterator[Refused]:
    if entry["state"] == "open" and entry["reason"]:
        code = entry["reason"]["code"]
        cap = next((c["id"] for c in entry["caps"] if f"{MONEY}{c['window']}" == code), "")
        blocked = refused_by(entry, cap=cap, revision=case.revision)
        if blocked is not None:
            yield blocked
    elif entry["state"] == "half_open" and not _has_calls(entry, case):
        words = f"{entry['name']} is being tested, and no call is set apart for it now."
        yield _by(entry, case, "half_open", words)


def _unaffordable(entry: Document, case: Case) -> Iterator[Refused]:
    hard = [cap for cap in entry["caps"] if cap["mode"] == "hard"]
    if case.usd is None:
        if hard or entry["when_stale"]["mode"] == "bucket":
            words = (
                f"Nothing says what {case.name} costs, and what {entry['name']} spends is limited:"
                " give the model a tier and a price, or say most_usd with the call."
            )
            yield _by(entry, case, "unpriced", words)
        return
    for cap in hard:
        limit_usd, spent_usd = Decimal(cap["limit_usd"]), case.spent_usd.get(cap["id"])
        left_usd = limit_usd - (spent_usd or 0)
        if left_usd <= 0 or case.usd > left_usd:
            words = _cap_words(entry, cap, case.usd, spent_usd)
            code, until = f"{MONEY}{cap['window']}", instant_of(cap["resets_at"])
            yield _by(entry, case, code, words, cap=cap["id"], until=until)


def _cap_words(entry: Document, cap: Document, usd: Decimal, spent_usd: Decimal | None) -> str:
    window = WINDOWS.get(cap["window"], cap["window"])
    spent = f" has spent {dollars(spent_usd)} and" if spent_usd is not None else ""
    return (
        f"{entry['name']}{spent} has a {window} of {dollars(Decimal(cap['limit_usd']))}; the call"
        f" can cost {dollars(usd)}."
    )


def _has_calls(entry: Document, case: Case) -> bool:
    probe = entry["probe"]
    return probe is not None and case.at < datetime.fromisoformat(probe["until"])


def _probing(entry: Document, case: Case) -> Verdict:
    calls = entry["probe"]["calls"]
    words = f"{entry['name']} is being tested: {calls} calls may pass, the others are refused."
    return Verdict(entry, "perhaps", words, _by(entry, case, "half_open", words))


def _allowing(entry: Document, case: Case) -> str:
    meters = [
        f"{dollars(case.spent_usd[cap['id']])} of {dollars(Decimal(cap['limit_usd']))}"
        f" ({WINDOWS.get(cap['window'], cap['window'])})"
        for cap in entry["caps"]
        if cap["mode"] == "hard" and cap["id"] in case.spent_usd
    ]
    spent = f" Spent: {', '.join(meters)}." if meters else ""
    told = [TELLERS[name](m) for name in _COUNTED if (m := entry.get(MEMBER_OF[name]))]
    counted = f" Each router counts by itself: {'; '.join(told)}." if told else ""
    return f"Allows it.{spent}{counted}"


def _by(
    entry: Document,
    case: Case,
    code: str,
    text: str,
    *,
    cap: str = "",
    until: datetime | None = None,
) -> Refused:
    reason = entry["reason"] or {}
    return Refused(
        code=code,
        text=text,
        scope=entry["id"],
        scope_name=entry["name"],
        cap=cap,
        until=until,
        owner=reason.get("owner") or entry["owner"],
        contact=reason.get("contact", ""),
        revision=case.revision,
    )
