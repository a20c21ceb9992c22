"""What routers report: the revision each one runs, and the one it refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from org.refusals import Invalid
from policy.models import Sidecar
from policy.queries.revisions import current_number


@dataclass(frozen=True, slots=True)
class RefusedRevision:
    revision: int
    detail: str


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
