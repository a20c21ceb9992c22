"""What routers do with a scope's calls once they have lost the server."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from finops.money import to_cents
from org import audit
from org.models import User
from org.refusals import Invalid, NotAllowed, NotThere
from policy.models import Scope
from policy.models.guardrails import WhenStale
from policy.operations.publish import publish
from policy.permissions import can_guard_scope, can_protect

ZERO = Decimal(0)


@transaction.atomic
def set_when_stale(
    *, scope: Scope, mode: str, usd: Decimal, reason: str, by: User, at: datetime
) -> Scope:
    """Say what a router does without the server, and publish it.

    `usd` is what each router may spend beyond in a bucket. Going on without any bound is a CFO's
    to say. Raises NotAllowed, Invalid or NotThere.
    """
    _check_may(by, scope, mode=mode)
    _check(mode, usd, reason)
    detail = {"mode": mode, "usd": usd, "reason": reason.strip()}
    audit.record(actor=by, action="policy.when_stale", subject=scope.slug, at=at, detail=detail)
    live = Scope.objects.filter(pk=scope.pk, retired_at__isnull=True, trial_of__isnull=True)
    locked = live.select_for_update().first()
    if locked is None:
        raise NotThere(f"{scope.name} is no longer a scope of the policy.")
    locked.when_stale, locked.stale_usd = mode, usd
    locked.save(update_fields=["when_stale", "stale_usd"])
    publish(cause="", by=by, at=at)
    return locked


def _check_may(by: User, scope: Scope, *, mode: str) -> None:
    if not can_guard_scope(by, scope=scope):
        raise NotAllowed(f"What {scope.name} does without the server is a CFO's or engineer's.")
    if mode == WhenStale.OPEN and not can_protect(by):
        raise NotAllowed("Calls that go on without any bound are a CFO's to allow.")


def _check(mode: str, usd: Decimal, reason: str) -> None:
    if mode not in WhenStale.values:
        raise Invalid.of("mode", f"It is one of {', '.join(WhenStale.values)}, not {mode!r}.")
    if not usd.is_finite() or usd < 0 or to_cents(usd) != usd:
        raise Invalid.of("usd", f"An allowance is zero or more dollars in whole cents, not {usd}.")
    if mode == WhenStale.BUCKET and usd == ZERO:
        raise Invalid.of("usd", "Say how much each router may spend while it is cut off.")
    if mode != WhenStale.BUCKET and usd != ZERO:
        raise Invalid.of("usd", "Only a bucket has an allowance.")
    if not reason.strip():
        raise Invalid.of("reason", "Say why: an auditor will read it.")
