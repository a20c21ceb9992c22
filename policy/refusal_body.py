"""What a client gets whose call was refused: the body of the 429, the same everywhere. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any

TYPE = "tokenops_budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a call does not pass; `cap` is the id of the limit, `until` None where nobody knows."""

    code: str
    text: str
    scope: str = ""
    scope_name: str = ""
    cap: str = ""
    until: datetime | None = None
    owner: str = ""
    contact: str = ""
    revision: int = 0


def refusal_body(refused: Refused, *, at: datetime) -> dict[str, Any]:
    """Return the body that a client reads at an instant; what is not known is null."""
    error = {
        "message": refused.text,
        "type": TYPE,
        "code": refused.code,
        "scope": refused.scope or None,
        "scope_name": refused.scope_name or None,
        "cap": refused.cap or None,
        "owner": refused.owner or None,
        "contact": refused.contact or None,
        "resets_at": _instant(refused.until),
        "retry_after_s": _seconds_until(refused.until, at),
        "revision": refused.revision,
    }
    return {"error": error}


def refused_by(entry: Mapping[str, Any], *, cap: str = "", revision: int) -> Refused | None:
    """Return the refusal that a scope's entry in the document makes; None where it makes none."""
    reason = entry["reason"]
    if not reason:
        return None
    return Refused(
        code=reason["code"],
        text=reason["text"],
        scope=entry["id"],
        scope_name=entry["name"],
        cap=cap,
        until=instant_of(reason["until"]),
        owner=reason["owner"] or entry["owner"],
        contact=reason["contact"],
        revision=revision,
    )


def instant_of(text: str | None) -> datetime | None:
    """Read an instant of the document."""
    return None if text is None else datetime.fromisoformat(text)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _seconds_until(until: datetime | None, at: datetime) -> int | None:
    if until is None:
        return None
    return max(ceil((until - at).total_seconds()), 0)
