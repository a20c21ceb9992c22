"""The work of a delivery: claimed by row lock, done in one transaction with its effect.

Whoever is told to look takes what nobody else holds. A worker that dies lets go of its
lock, and the next one finds the work as it was.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog
from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q

from ingestion.framing import Refused
from ingestion.models import Chunk, Delivery
from ingestion.operations.deliveries import prepared_file
from ingestion.operations.load import load_chunk
from ingestion.operations.plan import plan_delivery
from ingestion.operations.reports import discard_report
from ingestion.operations.repricing import is_repricing, reprice_next
from org.refusals import Refusal

log = structlog.get_logger()

# Between counting an attempt and taking the lock, nobody else may count another.
_CLAIM_GRACE = timedelta(seconds=2)

Row = TypeVar("Row", Delivery, Chunk)


def do_next(*, at: datetime, claimed_at: datetime | None = None) -> bool:
    """Plan one delivery, load one chunk, or restate one day after prices changed.

    Returns whether there was anything to do. `claimed_at` is the time by which claims are
    held, where that is not the time at which the work happens.
    """
    held_from = claimed_at or at
    delivery_id = _claim(Delivery.objects.filter(state=Delivery.State.QUEUED), held_from)
    if delivery_id is not None:
        _attempt(partial(plan_delivery, delivery_id=delivery_id, at=at), delivery_id, None, at)
        return True
    pending = Chunk.objects.filter(
        state=Chunk.State.PENDING, delivery__state=Delivery.State.RUNNING
    )
    chunk_id = _claim(pending, held_from)
    if chunk_id is None:
        return reprice_next(at=at, claimed_at=held_from)
    delivery_id = Chunk.objects.values_list("delivery_id", flat=True).get(pk=chunk_id)
    _attempt(partial(load_chunk, chunk_id=chunk_id, at=at), delivery_id, chunk_id, at)
    return True


def is_waiting() -> bool:
    """Test whether a delivery, a chunk or a re-pricing waits to be done."""
    return (
        Delivery.objects.filter(state=Delivery.State.QUEUED).exists()
        or Chunk.objects.filter(
            state=Chunk.State.PENDING, delivery__state=Delivery.State.RUNNING
        ).exists()
        or is_repricing()
    )


@transaction.atomic
def _claim(rows: models.QuerySet[Row], at: datetime) -> int | None:
    """Count an attempt at the first row that nobody holds, and return its id.

    The count is committed before the work begins, so that work which kills its worker
    is counted too.
    """
    free = rows.filter(Q(claimed_at__isnull=True) | Q(claimed_at__lt=at - _CLAIM_GRACE))
    row = free.order_by("pk").select_for_update(skip_locked=True, of=("self",)).first()
    if row is None:
        return None
    rows.model.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1, claimed_at=at)
    return row.pk


def _attempt(
    work: Callable[[], object], delivery_id: int, chunk_id: int | None, at: datetime
) -> None:
    most = settings.TOKENOPS_MOST_ATTEMPTS
    gave_up = f"The delivery was put aside after {most} attempts."
    if _attempts(delivery_id, chunk_id) > most:
        _give_up(delivery_id, chunk_id, Delivery.State.QUARANTINED, gave_up, at)
        return
    try:
        work()
    except (Refused, Refusal) as refusal:
        _give_up(delivery_id, chunk_id, Delivery.State.FAILED, str(refusal), at)
    except Exception as error:
        log.exception("delivery.attempt_failed", delivery=delivery_id, chunk=chunk_id)
        if _attempts(delivery_id, chunk_id) >= most:
            reason = f"{gave_up} The last attempt said: {error}"
            _give_up(delivery_id, chunk_id, Delivery.State.QUARANTINED, reason, at)


def _attempts(delivery_id: int, chunk_id: int | None) -> int:
    if chunk_id is None:
        return Delivery.objects.values_list("attempts", flat=True).get(pk=delivery_id)
    return Chunk.objects.values_list("attempts", flat=True).get(pk=chunk_id)


@transaction.atomic
def _give_up(
    delivery_id: int, chunk_id: int | None, state: Delivery.State, reason: str, at: datetime
) -> None:
    """End a delivery with its reason.

    Calls of chunks that were loaded stay loaded and counted; of a report nothing stays.
    """
    if chunk_id is not None:
        Chunk.objects.filter(pk=chunk_id, state=Chunk.State.PENDING).update(
            state=Chunk.State.FAILED, reason=reason, finished_at=at
        )
    Delivery.objects.filter(
        pk=delivery_id, state__in=[Delivery.State.QUEUED, Delivery.State.RUNNING]
    ).update(state=state, reason=reason, finished_at=at)
    delivery = Delivery.objects.get(pk=delivery_id)
    discard_report(delivery)
    copy = prepared_file(delivery)
    transaction.on_commit(lambda: copy.unlink(missing_ok=True))
