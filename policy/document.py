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
class RatesEntry:
    """Limits a minute, and calls at a time, that each router keeps by itself; None is no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    usd_per_minute: Decimal | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class TaskLimitsEntry:
    """What one task may take: steps (calls), and dollars; None is no limit."""

    steps: int | None = None
    usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LoopEntry:
    """A loop's signature: so many calls with one prompt within so many seconds."""

    calls: int
    window_s: int


@dataclass(frozen=True, slots=True)
class ProbeEntry:
    """The calls set apart for a test of a half-open scope, and until when they may be made.

    Routers get each of them by a lease on `id`: the fleet together makes no more.
    """

    id: str
    calls: int
    until: datetime


@dataclass(frozen=True, slots=True)
class RaiseEntry:
    """A quota that somebody has for a while instead of the template's."""

    who: str
    limit: Decimal
    until: datetime


@dataclass(frozen=True, slots=True)
class QuotaEntry:
    """A quota of a scope; with `per` a template that everybody named so has for himself.

    `limit` is in the metric's unit: calls, tokens, dollars (`usd`) or agent steps. A window
    is of the calendar (`day`, `week`, `month`, ended by `resets_at`) or rolling (`1m`, `5h`).
    """

    id: str
    metric: str
    window: str
    limit: Decimal
    mode: str
    per: str | None
    resets_at: datetime | None
    exempt: Sequence[str] = ()
    raises: Sequence[RaiseEntry] = ()


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """Where calls with these labels go: a tier, its models by preference, now or in the queue."""

    task_type: str
    complexity: str
    risk: str
    tier: str
    models: Sequence[str]
    queue: str = "sync"


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
    rates: RatesEntry | None = None
    task_limits: TaskLimitsEntry | None = None
    loop: LoopEntry | None = None
    quotas: Sequence[QuotaEntry] = ()
    max_tier: str = ""
    keep_fraction: Decimal | None = None
    probe: ProbeEntry | None = None
    when_stale: str = "closed"
    stale_usd: Decimal = Decimal(0)
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """Everything a router must know, before it is numbered and signed."""

    currency: str
    tiers: Sequence[str]
    models: Sequence[ModelEntry]
    assign: Sequence[Rule]
    scopes: Sequence[ScopeEntry]
    routes: Sequence[RouteEntry] = ()


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
        "routes": [_route(entry) for entry in content.routes],
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


def _route(entry: RouteEntry) -> dict[str, Any]:
    return {
        "task_type": entry.task_type,
        "complexity": entry.complexity,
        "risk": entry.risk,
        "tier": entry.tier,
        "models": list(entry.models),
        "queue": entry.queue,
    }


def _scope(entry: ScopeEntry) -> dict[str, Any]:
    written: dict[str, Any] = {
        "id": entry.id,
        "name": entry.name,
        "owner": entry.owner,
        "parent": entry.parent,
        "state": entry.state,
        "reason": _reason(entry) if entry.reason else None,
        "caps": [_cap(cap) for cap in entry.caps],
        "rates": _rates(entry.rates) if entry.rates else None,
        "task_limits": _task_limits(entry.task_limits) if entry.task_limits else None,
        "max_tier": entry.max_tier or None,
        "keep_fraction": None if entry.keep_fraction is None else _plain(entry.keep_fraction),
        "probe": _probe(entry.probe) if entry.probe else None,
        "when_stale": _when_stale(entry),
        "protected": entry.protected,
    }
    if entry.loop:
        written["loop"] = {"calls": entry.loop.calls, "window_s": entry.loop.window_s}
    if entry.quotas:
        written["quotas"] = [_quota(quota) for quota in entry.quotas]
    return written


def _rates(entry: RatesEntry) -> dict[str, Any]:
    return {
        "requests_per_minute": entry.requests_per_minute,
        "tokens_per_minute": entry.tokens_per_minute,
        "usd_per_minute": _amount(entry.usd_per_minute),
        "concurrency": entry.concurrency,
    }


def _task_limits(entry: TaskLimitsEntry) -> dict[str, Any]:
    return {"steps": entry.steps, "usd": _amount(entry.usd)}


def _probe(entry: ProbeEntry) -> dict[str, Any]:
    return {"id": entry.id, "calls": entry.calls, "until": _instant(entry.until)}


def _when_stale(entry: ScopeEntry) -> dict[str, Any]:
    if entry.when_stale == "bucket":
        return {"mode": entry.when_stale, "usd": _amount(entry.stale_usd)}
    return {"mode": entry.when_stale}


def _quota(entry: QuotaEntry) -> dict[str, Any]:
    written: dict[str, Any] = {
        "id": entry.id,
        "metric": entry.metric,
        "window": entry.window,
        "limit": _plain(entry.limit),
        "mode": entry.mode,
        "per": entry.per,
        "resets_at": _instant(entry.resets_at),
    }
    if entry.exempt:
        written["exempt"] = list(entry.exempt)
    if entry.raises:
        written["raises"] = [
            {"who": each.who, "limit": _plain(each.limit), "until": _instant(each.until)}
            for each in entry.raises
        ]
    return written


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
        "limit_usd": _amount(cap.limit_usd),
        "resets_at": _instant(cap.resets_at),
        "mode": cap.mode,
        "per": None,
    }


def _amount(usd: Decimal | None) -> str | None:
    """Write a limit in dollars and cents: 45.00."""
    return None if usd is None else f"{to_cents(usd):f}"


def _plain(usd: Decimal) -> str:
    """Write a price without an exponent and without zeros at its end: 1.25, 10, 0.125."""
    text = f"{usd:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _instant(at: datetime | None) -> str | None:
    """Write an instant in UTC to the second, or to the microsecond where it has one."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
