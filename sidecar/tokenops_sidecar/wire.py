"""Decisions as JSON, for routers in other languages."""

from typing import Any

from tokenops_sidecar.decide import Decision


def decision_as_json(decision: Decision) -> dict[str, Any]:
    """Return a decision; what is empty is null, so that every member is always there."""
    return {
        "outcome": decision.outcome,
        "model": decision.model,
        "code": decision.code or None,
        "text": decision.text or None,
        "scope": decision.scope or None,
        "until": decision.until.isoformat().replace("+00:00", "Z") if decision.until else None,
        "owner": decision.owner or None,
        "contact": decision.contact or None,
        "revision": decision.revision,
    }
