"""Decisions as JSON, for routers in other languages."""

from dataclasses import fields
from typing import Any

from tokenops_sidecar.classify import Labels
from tokenops_sidecar.decision import Decision


def decision_as_json(decision: Decision) -> dict[str, Any]:
    """Return a decision; what is empty is null, so that every member is always there."""
    return {
        "outcome": decision.outcome,
        "model": decision.model,
        "code": decision.code or None,
        "text": decision.text or None,
        "scope": decision.scope or None,
        "cap": decision.cap or None,
        "until": decision.until.isoformat().replace("+00:00", "Z") if decision.until else None,
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


def _labels(labels: Labels | None) -> dict[str, str] | None:
    if labels is None:
        return None
    return {each.name: str(getattr(labels, each.name)) for each in fields(labels)}
