"""What routers report: the revision each one runs, and the one it refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from org.models import User
from org.refusals import Invalid
from policy.models import Sidecar
from policy.operations.breaker import report_signal
from policy.permissions import scopes_visible_to
from policy.queries.revisions import current_number


@dataclass(frozen=True, slots=True)
class RefusedRevision:
    revision: int
    detail: str


@dataclass(frozen=True, slots=True)
class Signal:
    """What a router saw of a scope's calls, such as a loop."""

    scope: str
    code: str
    detail: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def record_status(
    *,
    sidecar: str,
    version: str,
    revision: int,
    applied_at: datetime | None,
    errors: Sequence[RefusedRevision],
    at: datetime,
) -> Sidecar:
    """Remember what a sidecar runs; its last refusal stands until it reports without one."""
    newest = current_number() or 0
    if revision > newest:
        raise Invalid.of("revision", f"There is no revision {revision} yet: {newest} is current.")
    last = max(errors, key=lambda error: error.revision, default=None)
    row, _ = Sidecar.objects.update_or_create(
        name=sidecar,
        defaults={
            "version": version,
            "revision": revision,
            "applied_at": applied_at,
            "seen_at": at,
            "refused_revision": last.revision if last else None,
            "refusal": last.detail if last else "",
        },
    )
    return row


@transaction.atomic
def take_signals(*, signals: Sequence[Signal], sidecar: str, by: User, at: datetime) -> list[str]:
    """Trip what the signals are about, and return the slugs of the scopes that this blocked.

    Of a scope that is gone, or is not the account's to see, a router may still speak: that
    trips nothing, and leaves its report whole.
    """
    if not signals:
        return []
    visible = scopes_visible_to(by).filter(slug__in={signal.scope for signal in signals})
    known = {scope.slug: scope for scope in visible}
    return [
        step.scope.slug
        for signal in signals
        if signal.scope in known
        for step in report_signal(
            scope=known[signal.scope],
            code=signal.code,
            detail=signal.detail,
            sidecar=sidecar,
            at=at,
        )
    ]
