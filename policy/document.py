"""The policy document: its shape, and the exact bytes a router verifies. Pure.

Nothing in it changes per call, so that its revision rises only when a router must act
differently: what was spent stands in the counters, not here.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from finops.money import to_cents
from finops.rules import Rule

SCHEMA = "tokenops.policy/1"
REFRESH_AFTER_S = 10
STALE_AFTER_S = 120
# What a revision adds around its content; two contents are compared without them.
ISSUE_FIELDS = ("revision", "issued_at")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model a router may choose, with its list price per million tokens of each class.

    `task_tiers` names the task types for which it stands in another tier.
    """

    provider: str
    model: str
    tier: str
    batch: bool
    usd_per_mtok: Mapping[str, Decimal]
    task_tiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CapEntry:
    id: str
    window: str
    limit_usd: Decimal
    resets_at: datetime | None
    mode: str


@dataclass(frozen=True, slots=True)
class ReasonEntry:
    """Why a scope does not run freely, and whom to ask."""

    code: str
    text: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ScopeEntry:
    id: str
    name: str
    parent: str | None
    owner: str = ""
    contact: str = ""
    state: str = "closed"
    reason: ReasonEntry | None = None
    caps: Sequence[CapEntry] = ()
    max_tier: str = ""
    when_stale: str = "closed"
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """Everything a router must know, before it is numbered and signed."""

    currency: str
    tiers: Sequence[str]
    models: Sequence[ModelEntry]
    assign: Sequence[Rule]
    scopes: Sequence[ScopeEntry]


def compile_content(content: Content) -> dict[str, Any]:
    """Return the document without what an issue adds; equal content, equal result."""
    return {
        "schema": SCHEMA,
        "refresh_after_s": REFRESH_AFTER_S,
        "stale_after_s": STALE_AFTER_S,
        "currency": content.currency,
        "tiers": list(content.tiers),
        "models": [
            _model(entry)
            for entry in sorted(content.models, key=lambda entry: (entry.provider, entry.model))
        ],
        "assign": [{"when": dict(rule.when), "scope": rule.scope} for rule in content.assign],
        "routes": [],
        "scopes": [_scope(entry) for entry in sorted(content.scopes, key=lambda entry: entry.id)],
    }


def issue(compiled: Mapping[str, Any], *, revision: int, at: datetime) -> bytes:
    """Return the exact bytes of a revision."""
    return canonical({**compiled, "revision": revision, "issued_at": _instant(at)})


def canonical(document: Mapping[str, Any]) -> bytes:
    """Write JSON in its one form: sorted keys, no spaces, UTF-8, no floats of Python's."""
    text = json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def content_hash(compiled: Mapping[str, Any]) -> str:
    """Return the SHA-256 by which a new revision is told from the last."""
    return digest_of(canonical(compiled))


def digest_of(body: bytes) -> str:
    """Return the SHA-256 of a revision's bytes, which is its ETag."""
    return hashlib.sha256(body).hexdigest()


def content_of(body: bytes) -> dict[str, Any]:
    """Return what a revision says, without what its issue added."""
    document: dict[str, Any] = json.loads(body)
    return {name: value for name, value in document.items() if name not in ISSUE_FIELDS}


def _model(entry: ModelEntry) -> dict[str, Any]:
    written: dict[str, Any] = {
        "provider": entry.provider,
        "model": entry.model,
        "tier": entry.tier,
        "batch": entry.batch,
        "usd_per_mtok": {name: _plain(usd) for name, usd in entry.usd_per_mtok.items()},
    }
    # Routers that know one tier for each model never see the member.
    return written | ({"task_tiers": dict(entry.task_tiers)} if entry.task_tiers else {})


def _scope(entry: ScopeEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "name": entry.name,
        "owner": entry.owner,
        "parent": entry.parent,
        "state": entry.state,
        "reason": _reason(entry) if entry.reason else None,
        "caps": [_cap(cap) for cap in entry.caps],
        "rates": None,
        "task_limits": None,
        "max_tier": entry.max_tier or None,
        "keep_fraction": None,
        "probe": None,
        "when_stale": {"mode": entry.when_stale},
        "protected": entry.protected,
    }


def _reason(entry: ScopeEntry) -> dict[str, Any] | None:
    if entry.reason is None:
        return None
    return {
        "code": entry.reason.code,
        "text": entry.reason.text,
        "since": _instant(entry.reason.since),
        "until": _instant(entry.reason.until),
        "owner": entry.owner,
        "contact": entry.contact,
    }


def _cap(cap: CapEntry) -> dict[str, Any]:
    return {
        "id": cap.id,
        "window": cap.window,
        "limit_usd": f"{to_cents(cap.limit_usd):f}",
        "resets_at": _instant(cap.resets_at),
        "mode": cap.mode,
        "per": None,
    }


def _plain(usd: Decimal) -> str:
    """Write a price without an exponent and without zeros at its end: 1.25, 10, 0.125."""
    text = f"{usd:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _instant(at: datetime | None) -> str | None:
    """Write an instant in UTC to the second, or to the microsecond where it has one."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
