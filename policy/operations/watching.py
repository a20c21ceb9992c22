"""Which scopes' minutes are counted: those with a guard, and those with a cap by the clock."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from ingestion.models import MinuteWatch
from ingestion.operations.minutes import prune_minutes, watch_minutes
from policy.models import Cap, Guard, Scope

BY_CLOCK = (Cap.Window.MINUTE, Cap.Window.HOUR)


def begin_watch(scope: Scope, *, at: datetime) -> None:
    """Let a scope's minutes be counted from now on.

    To be called before anything else of the transaction is locked: loads are held still.
    """
    watched = set(MinuteWatch.objects.values_list("unit_id", "cost_object_id"))
    watch_minutes(watched | {(scope.unit_id, scope.cost_object_id)}, at=at)


@transaction.atomic
def tidy_minutes(*, at: datetime) -> int:
    """Stop counting what nothing is judged by any more; drop old minutes and say how many."""
    standing = {"scope": OuterRef("pk"), "retired_at__isnull": True}
    guarded = Exists(Guard.objects.filter(**standing))
    capped = Exists(Cap.objects.filter(**standing, window__in=BY_CLOCK))
    wanted = Scope.objects.filter(Q(guarded) | Q(capped), retired_at__isnull=True)
    watch_minutes(set(wanted.values_list("unit_id", "cost_object_id")), at=at)
    return prune_minutes(at=at)
