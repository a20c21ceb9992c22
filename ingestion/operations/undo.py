"""Undoing a delivery: all that it brought is taken back, and nothing is deleted."""

from datetime import datetime

from django.db import transaction

from ingestion.models import Adjustment, Delivery, ReportBucket
from ingestion.operations.adjust import gather, open_booking, post_booking
from ingestion.operations.assignments import hold_loads_still
from ingestion.operations.metering import release_metering
from ingestion.operations.minutes import rebuild_minutes
from ingestion.operations.report_booking import gather_usage
from ingestion.operations.reports import State
from ingestion.queries.deliveries import UNFINISHED
from ingestion.queries.detail import DAY_KEY, MEASURES, detail
from org import audit
from org.models import User
from org.permissions import can_undo_imports
from org.refusals import Invalid, NotAllowed, NotThere, Refusal

MOST_REASON = 500
_TAKE_BACK = f"""
SELECT %(delivery)s, bucket_id, '{Adjustment.Kind.UNDO}', %(cause)s, {DAY_KEY},
       {", ".join(f"-{name}" for name in MEASURES)}
FROM ({detail(where="delivery_id = %(delivery)s", of_each="bucket_id")}) d
WHERE {" OR ".join(f"{name} <> 0" for name in MEASURES)}
"""  # noqa: S608 -- only names of this file


class CannotUndo(Refusal):
    """The delivery is in no state to be undone."""

    title = "Cannot be undone"


@transaction.atomic
def undo_delivery(*, delivery_id: int, reason: str, by: User, at: datetime) -> Delivery:
    """Take back everything a delivery brought; its rows are kept and count no more.

    Of a report the version before becomes current again, at the prices of now. The same
    file may then be sent again. Raises NotAllowed, Invalid, CannotUndo and PeriodClosed.
    """
    if not can_undo_imports(by):
        raise NotAllowed("Imports are undone by FinOps analysts and administrators.")
    reason = _checked(reason)
    hold_loads_still()
    delivery = Delivery.objects.select_for_update().filter(pk=delivery_id).first()
    if delivery is None:
        raise NotThere("This import does not exist.")
    _check_state(delivery)
    take_back(delivery, cause=f"import {delivery.pk} was undone", by=by, at=at)
    delivery.state, delivery.undone_at = Delivery.State.UNDONE, at
    delivery.undone_by, delivery.undo_reason = by, reason
    delivery.save(update_fields=["state", "undone_at", "undone_by", "undo_reason"])
    rebuild_minutes(at=at)
    _record(delivery, by=by, at=at)
    return delivery


def take_back(delivery: Delivery, *, cause: str, by: User, at: datetime) -> None:
    """Take what a locked delivery brought out of all that counts, while loads are held still."""
    open_booking()
    gather(_TAKE_BACK, {"delivery": delivery.pk, "cause": cause})
    gather_usage(_withdraw(delivery), cause=f"current again: {cause}")
    post_booking(at=at, by=by)
    release_metering()


def why_not_undo(delivery: Delivery) -> str:
    """Say why a delivery cannot be undone, or return ''."""
    if delivery.state in UNFINISHED:
        return "This import is still running: it can be undone when it is over."
    if delivery.state == Delivery.State.UNDONE:
        return "This import was undone already."
    if delivery.state == Delivery.State.CANCELLED:
        return "This import was cancelled: nothing of it counts."
    if not delivery.loaded and not delivery.buckets.filter(version__isnull=False).exists():
        return "This import loaded nothing: there is nothing to undo."
    return ""


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Invalid.of("reason", "Say why the import is undone: it is kept with it.")
    if len(reason) > MOST_REASON:
        raise Invalid.of("reason", f"The reason has more than {MOST_REASON} characters.")
    return reason


def _check_state(delivery: Delivery) -> None:
    if why_not := why_not_undo(delivery):
        raise CannotUndo(why_not)


def _withdraw(delivery: Delivery) -> list[ReportBucket]:
    """Withdraw a report's versions, and return those that become current again."""
    counted = delivery.buckets.filter(version__isnull=False)
    vacated = list(counted.filter(state=State.CURRENT))
    counted.update(state=State.UNDONE)
    revived = [before for bucket in vacated if (before := _version_before(bucket))]
    ReportBucket.objects.filter(pk__in=[bucket.pk for bucket in revived]).update(
        state=State.CURRENT, superseded_at=None
    )
    return revived


def _version_before(bucket: ReportBucket) -> ReportBucket | None:
    earlier = ReportBucket.objects.filter(
        source=bucket.source,
        account=bucket.account,
        starts_at=bucket.starts_at,
        ends_at=bucket.ends_at,
        state=State.SUPERSEDED,
    )
    return earlier.order_by("-version").first()


def _record(delivery: Delivery, *, by: User, at: datetime) -> None:
    audit.record(
        actor=by,
        action="delivery.undo",
        subject=f"delivery:{delivery.pk}",
        at=at,
        detail={
            "file": delivery.filename,
            "reason": delivery.undo_reason,
            "loaded": delivery.loaded,
            "usd": delivery.usd,
        },
    )
