"""What time alone changes: blocks that end, days that turn, leases whose usage is final."""

from datetime import datetime

from django.db import transaction

from policy.models import PolicyRevision
from policy.operations.breaker import sweep_scopes
from policy.operations.publish import publish
from policy.operations.settlements import close_final_leases


@transaction.atomic
def keep_up(*, at: datetime) -> PolicyRevision | None:
    """Bring scopes up to the present and publish what differs, the first revision included."""
    close_final_leases(at=at)
    sweep_scopes(at=at)
    return publish(cause="", by=None, at=at)
