"""What routers report, the revision each one runs, and what each one is told of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from org import audit
from org.models import User
from org.refusals import Invalid, NotAllowed, NotThere
from policy.document import content_of
from policy.models import Sidecar, SidecarDocument
from policy.operations.breaker import report_signal
from policy.operations.publish import publish
from policy.permissions import can_bind_sidecars, scopes_visible_to
from policy.queries.revisions import current_number, current_revision


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


@transaction.atomic
def bind_sidecar(*, name: str, serves: Sequence[str], by: User, at: datetime) -> Sidecar:
    """Say which scopes a router serves, and publish at once; none is all of the document.

    It is told of these, of all above and all beneath them, and of nothing else. Raises
    NotAllowed, NotThere for a router that never reported, or Invalid for an unknown scope.
    """
    if not can_bind_sidecars(by):
        raise NotAllowed("Engineers and administrators of the company say what a router serves.")
    if not Sidecar.objects.filter(name=name).exists():
        raise NotThere(f"No router called {name} has reported yet: start it first.")
    wanted = sorted({slug.strip() for slug in serves})
    known = _published_scopes()
    if unknown := [slug for slug in wanted if slug not in known]:
        raise Invalid.of("serves", f"The policy has no scope {', '.join(unknown)}.")
    detail = {"serves": wanted}
    audit.record(actor=by, action="policy.router_bound", subject=name, at=at, detail=detail)
    sidecar = Sidecar.objects.select_for_update().get(name=name)
    if sidecar.serves == wanted:
        return sidecar
    sidecar.serves = wanted
    sidecar.save(update_fields=["serves"])
    if not wanted:
        SidecarDocument.objects.filter(sidecar=sidecar).delete()
    told = ", ".join(wanted) or "the whole policy"
    publish(cause=f"Router {name} is told of {told}.", by=by, at=at, for_subsets=True)
    return sidecar


def _published_scopes() -> set[str]:
    revision = current_revision()
    if revision is None:
        return set()
    return {scope["id"] for scope in content_of(bytes(revision.body))["scopes"]}
