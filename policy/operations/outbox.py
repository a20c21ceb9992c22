"""The outbox of spend: what workers stored and no breaker has judged yet."""

from datetime import datetime

from django.db import transaction

from ingestion.models import SpendChange
from policy.operations.breaker import judge
from policy.operations.publish import publish

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
    waiting = SpendChange.objects.filter(judged_at__isnull=True).order_by("pk")
    claimed = list(waiting.select_for_update(skip_locked=True)[:BATCH])
    if not claimed:
        return 0
    steps = judge(
        unit_ids={pk for change in claimed for pk in change.unit_ids},
        cost_object_ids={pk for change in claimed for pk in change.cost_object_ids},
        at=at,
    )
    SpendChange.objects.filter(pk__in=[change.pk for change in claimed]).update(judged_at=at)
    if steps:
        publish(cause="", by=None, at=at)
    return len(claimed)
