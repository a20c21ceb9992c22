"""The outbox of spend: what workers stored and no breaker has judged yet."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ingestion.models import SpendChange
from ingestion.operations.leased import Leased, leased_of, together
from org.models import User
from policy.operations.breaker import judge
from policy.operations.publish import publish
from policy.operations.settlements import meter_leases

BATCH = 500


def judge_all_waiting(*, at: datetime) -> int:
    """Judge every change that waits, batch by batch, and return how many there were."""
    judged = 0
    while batch := judge_waiting(at=at):
        judged += batch
    return judged


@transaction.atomic
def judge_waiting(*, at: datetime) -> int:
    """Claim a batch of changes, judge it and mark it judged, all or nothing.

    What another worker has claimed is passed over; what a killed one claimed is free again.
    """
    waiting = SpendChange.objects.filter(judged_at__isnull=True).select_related("sender")
    claimed = list(waiting.order_by("pk").select_for_update(skip_locked=True, of=("self",))[:BATCH])
    if not claimed:
        return 0
    _meter(claimed, at=at)
    steps = judge(
        unit_ids={pk for change in claimed for pk in change.unit_ids},
        cost_object_ids={pk for change in claimed for pk in change.cost_object_ids},
        at=at,
    )
    SpendChange.objects.filter(pk__in=[change.pk for change in claimed]).update(judged_at=at)
    if steps:
        publish(cause="", by=None, at=at)
    return len(claimed)


def _meter(claimed: Sequence[SpendChange], *, at: datetime) -> None:
    """Move what files told of leases from held to spent: until now it counted as both."""
    of_sender: dict[User, list[Leased]] = {}
    for change in claimed:
        if change.sender is not None:
            of_sender.setdefault(change.sender, []).extend(leased_of(change.leased))
    for sender, leased in of_sender.items():
        meter_leases(leased=together(leased), by=sender, at=at)
