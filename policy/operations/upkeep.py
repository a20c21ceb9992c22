"""What time alone changes: blocks that end, days that turn, rules and prices that begin."""

from datetime import datetime

from django.db import transaction

from policy.models import PolicyRevision
from policy.operations.breaker import sweep_scopes
from policy.operations.publish import publish


@transaction.atomic
def keep_up(*, at: datetime) -> PolicyRevision | None:
    """Bring scopes up to the present and publish what differs, the first revision included."""
    sweep_scopes(at=at)
    return publish(cause="", by=None, at=at)
