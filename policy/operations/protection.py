"""Protected scopes: calls that nothing automatic may block, by a CFO's word."""

from datetime import datetime

from django.db import transaction

from org import audit
from org.models import User
from org.refusals import Invalid, NotAllowed, NotThere, Refusal
from policy.models import Scope
from policy.operations.publish import publish
from policy.permissions import can_protect


@transaction.atomic
def set_protected(*, scope: Scope, protected: bool, reason: str, by: User, at: datetime) -> Scope:
    """Say that only a person blocks the scope, or that all does again; caps still lease."""
    if not can_protect(by):
        raise NotAllowed("Only a CFO says which calls nothing automatic may block.")
    if not reason.strip():
        raise Invalid.of("reason", "Say why: an auditor will read it.")
    detail = {"protected": protected, "reason": reason.strip()}
    audit.record(actor=by, action="policy.protected", subject=scope.slug, at=at, detail=detail)
    live = Scope.objects.filter(pk=scope.pk, retired_at__isnull=True, trial_of__isnull=True)
    locked = live.select_for_update().first()
    if locked is None:
        raise NotThere(f"{scope.name} is no longer a scope of the policy.")
    if locked.protected == protected:
        word = "is protected already" if protected else "is not protected"
        raise Refusal(f"{locked.name} {word}: nothing would change.")
    locked.protected = protected
    locked.save(update_fields=["protected"])
    word = "is protected" if protected else "is not protected any more"
    publish(cause=f"{locked.name} {word}: {reason.strip()}", by=by, at=at)
    return locked
