"""Leases as tests need them: asked for by a router, settled, and named by its usage."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from ingestion.operations.rules import RuleDraft, publish_rules
from org.models import User
from policy.models import Cap, Lease, Scope
from policy.operations.leases import LeaseAsked, grant_lease
from policy.operations.settlements import settle_lease
from policy.operations.usage import UsageAnswer, take_usage
from policy.queries.lease_room import Room, room_under
from policy.queries.meters import today_at


def leased(
    cap: Cap,
    usd: str,
    *,
    by: User,
    at: datetime,
    sidecar: str = "router-1",
    least_usd: str | None = None,
) -> Lease:
    """Lease exactly so much, as a router does that needs all of it for a call."""
    asked = LeaseAsked(
        sidecar=sidecar,
        cap=cap.public_id,
        usd=Decimal(usd),
        least_usd=Decimal(usd if least_usd is None else least_usd),
    )
    return grant_lease(asked=asked, by=by, at=at).lease


def settled(
    lease: Lease, usd: str, *, by: User, at: datetime, sequence: int = 1, final: bool = True
) -> Lease:
    return settle_lease(
        public_id=lease.public_id,
        sequence=sequence,
        used_usd=Decimal(usd),
        final=final,
        by=by,
        at=at,
    )


def call(
    name: str, usd: str, *, at: datetime, lease: Lease | str = "", **more: Any
) -> dict[str, Any]:
    """Return the usage record of one call, which may name a lease."""
    named = lease.public_id if isinstance(lease, Lease) else lease
    return {
        "id": name,
        "started_at": at.isoformat(),
        "provider": "openai",
        "model": "gpt-5",
        "workflow": "support-drafter",
        "tokens": {"in_text": 1000, "out_text": 100},
        "cost_usd": usd,
        **({"lease": named} if named else {}),
        **more,
    }


def used(
    name: str, usd: str, *, by: User, at: datetime, lease: Lease | str = "", **more: Any
) -> UsageAnswer:
    """Report one call's usage."""
    return take_usage(records=[call(name, usd, at=at, lease=lease, **more)], by=by, at=at)


def led_to(scope: Scope, *, by: User, at: datetime, workflow: str = "support-drafter") -> None:
    """Let a workflow's calls fall under a scope."""
    unit = scope.cost_object.unit if scope.cost_object else scope.unit
    assert unit is not None, "Calls of the organisation need no rule."
    draft = RuleDraft(
        "Drafter",
        {"workflow": workflow},
        unit_id=unit.pk,
        cost_object_id=scope.cost_object_id,
    )
    publish_rules(drafts=[draft], reason="Test.", by=by, at=at)


def room(cap: Cap, *, at: datetime) -> Room:
    """Return what is spent and held under a cap now."""
    found = Cap.objects.select_related("scope__unit", "scope__cost_object__unit").get(pk=cap.pk)
    return room_under([found], today=today_at(at), at=at)[0]


def figures(cap: Cap, *, at: datetime) -> tuple[Any, Any]:
    """Return dollars spent and held under a cap now."""
    now = room(cap, at=at)
    return now.spent_usd, now.held_usd
