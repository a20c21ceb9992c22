"""Decisions as JSON for routers in other languages, and as the answer to a call not made."""

import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from tokenops_sidecar.classify import Labels
from tokenops_sidecar.decision import Decision
from tokenops_sidecar.policy import Policy
from tokenops_sidecar.uses import Signal

# What a refusal without an end asks clients to wait before they try again.
_LONG_S = 60.0


def decision_as_json(decision: Decision) -> dict[str, Any]:
    """Return a decision; what is empty is null, so that every member is always there."""
    return {
        "outcome": decision.outcome,
        "model": decision.model,
        "code": decision.code or None,
        "text": decision.text or None,
        "scope": decision.scope or None,
        "cap": decision.cap or None,
        "until": _instant(decision.until),
        "retry_after_s": decision.retry_after_s,
        "owner": decision.owner or None,
        "contact": decision.contact or None,
        "revision": decision.revision,
        "reserve_usd": f"{decision.reserve_usd.normalize():f}",
        "home": decision.home or None,
        "queue": decision.queue,
        "labels": _labels(decision.labels),
        "notes": list(decision.notes),
    }


def refusal_as_json(decision: Decision, policy: Policy | None, now: datetime) -> dict[str, Any]:
    """Return the body of the 429 that answers a call not made, as OpenAI's clients read it."""
    found = policy.paths.get(decision.scope) if policy else None
    error = {
        "message": decision.text,
        "type": "tokenops_budget",
        "code": decision.code,
        "scope": decision.scope or None,
        "scope_name": found[0].name if found else None,
        "cap": decision.cap or None,
        "owner": decision.owner or None,
        "contact": decision.contact or None,
        "resets_at": _instant(decision.until),
        "retry_after_s": _retry_after_s(decision, now),
        "revision": decision.revision,
    }
    return {"error": error}


def refusal_headers(body: Mapping[str, Any], decision: Decision) -> dict[str, str]:
    """Return the headers beside that body; a refusal asks clients not to try again at once."""
    headers = {"Retry-After": str(math.ceil(body["error"]["retry_after_s"]))}
    return headers if decision.outcome == "queue" else {**headers, "x-should-retry": "false"}


def signal_as_json(signal: Signal) -> dict[str, Any]:
    return {
        "scope": signal.scope,
        "code": signal.code,
        "detail": {"prompt": signal.detail},
        "at": _instant(signal.at),
    }


def _retry_after_s(decision: Decision, now: datetime) -> float:
    if decision.retry_after_s is not None:
        return decision.retry_after_s
    if decision.until is None:
        return _LONG_S
    return max((decision.until - now).total_seconds(), 1.0)


def _instant(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def _labels(labels: Labels | None) -> dict[str, str] | None:
    if labels is None:
        return None
    return {each.name: str(getattr(labels, each.name)) for each in fields(labels)}
