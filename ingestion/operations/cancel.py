"""Cancelling a delivery that is still loading: its workers stop, what had loaded is taken back."""

from datetime import datetime

from django.db import transaction

from ingestion.models import Delivery
from ingestion.operations.assignments import hold_loads_still
from ingestion.operations.deliveries import prepared_file
from ingestion.operations.minutes import rebuild_minutes
from ingestion.operations.reports import discard_report
from ingestion.operations.undo import take_back
from ingestion.queries.deliveries import UNFINISHED
from org import audit
from org.models import User
from org.permissions import can_import, can_undo_imports
from org.refusals import NotAllowed, NotThere, Refusal

REASON = "It was stopped before all of it had loaded, and nothing of it counts."


class CannotCancel(Refusal):
    """The delivery is over already."""

    title = "Cannot be cancelled"


@transaction.atomic
def cancel_delivery(*, delivery_id: int, by: User, at: datetime) -> Delivery:
    """Stop a delivery and take back what has loaded of it; the same file may be sent again.

    Cancelling twice is the same as once. Raises NotAllowed, NotThere, CannotCancel and
    PeriodClosed.
    """
    delivery = Delivery.objects.filter(pk=delivery_id).first()
    if delivery is None:
        raise NotThere("This import does not exist.")
    if not can_cancel(by, delivery):
        raise NotAllowed(
            "An import is cancelled by who sent it, by FinOps analysts and by administrators."
        )
    if _left_the_queue(delivery, by=by, at=at) or _stopped(delivery, by=by, at=at):
        _record(delivery, by=by, at=at)
        copy = prepared_file(delivery)
        transaction.on_commit(lambda: copy.unlink(missing_ok=True))
    delivery.refresh_from_db()
    return delivery


def can_cancel(user: User, delivery: Delivery) -> bool:
    """Test whether the user may stop a delivery: any that was sent by themselves, or all."""
    return can_undo_imports(user) or (can_import(user) and delivery.submitted_by_id == user.pk)


def why_not_cancel(delivery: Delivery) -> str:
    """Say why a delivery cannot be cancelled any more, or return ''."""
    if delivery.state in UNFINISHED:
        return ""
    if delivery.state == Delivery.State.UNDONE:
        return "This import was undone already: nothing of it counts."
    if delivery.state == Delivery.State.DONE:
        return "This import has finished loading: undo it instead."
    return f"This import is over already: it is {delivery.get_state_display().lower()}."


def _left_the_queue(delivery: Delivery, *, by: User, at: datetime) -> bool:
    """End a delivery that nobody has planned yet: nothing of it has loaded.

    Loads go on: this waits only for a worker that is planning it, and then finds it
    running.
    """
    queued = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.QUEUED)
    return bool(queued.update(**_end(by=by, at=at)))


def _stopped(delivery: Delivery, *, by: User, at: datetime) -> bool:
    """End a running delivery between its parts; False where it was cancelled before."""
    hold_loads_still()
    held = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if held.state == Delivery.State.CANCELLED:
        return False
    if why_not := why_not_cancel(held):
        raise CannotCancel(why_not)
    take_back(held, cause=f"import {held.pk} was cancelled", by=by, at=at)
    discard_report(held)
    # A part that a worker is reading stays as it is: its row is locked, and nothing comes of it.
    Delivery.objects.filter(pk=held.pk).update(**_end(by=by, at=at))
    rebuild_minutes(at=at)
    return True


def _end(*, by: User, at: datetime) -> dict[str, object]:
    return {
        "state": Delivery.State.CANCELLED,
        "reason": REASON,
        "finished_at": at,
        "undone_at": at,
        "undone_by": by,
    }


def _record(delivery: Delivery, *, by: User, at: datetime) -> None:
    audit.record(
        actor=by,
        action="delivery.cancel",
        subject=f"delivery:{delivery.pk}",
        at=at,
        detail={"file": delivery.filename, "source": delivery.source, "account": delivery.account},
    )
