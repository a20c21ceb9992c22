"""One import: watching it load, stopping it, taking it back, mending what it rejected."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ingestion.exports import csv_file, text_file
from ingestion.models import Delivery
from ingestion.operations.cancel import (
    CannotCancel,
    can_cancel,
    cancel_delivery,
    why_not_cancel,
)
from ingestion.operations.mended import submit_mended
from ingestion.operations.rollups import PeriodClosed
from ingestion.operations.undo import undo_delivery, why_not_undo
from ingestion.queries.comparison import days_compared
from ingestion.queries.deliveries import (
    PROBLEMS,
    REJECT_COLUMNS,
    conflicts_of,
    deliveries,
    doubts_of,
    reasons_of,
    rejected_rows,
)
from ingestion.queries.mending import file_to_mend, why_not_mend
from ingestion.queries.progress import progress_of, with_pace
from ingestion.upload_form import MendForm
from ingestion.views.loading import CRUMBS, UNPROCESSABLE, check_right, check_sight
from org.http import PageRequest
from org.permissions import can_import, can_undo_imports
from org.queries.calendar import company
from org.refusals import Invalid, Refusal

WATCHED_CLOSELY = timedelta(minutes=1)


@require_safe
def one(request: PageRequest, delivery_id: int) -> HttpResponse:
    """Show one delivery; its part asks again by itself until it is over."""
    check_sight(request)
    return _show(request, get_object_or_404(with_pace(deliveries()), pk=delivery_id))


@require_POST
def undo(request: PageRequest, delivery_id: int) -> HttpResponse:
    """Take back what a delivery brought, for a reason."""
    check_sight(request)
    delivery = get_object_or_404(with_pace(deliveries()), pk=delivery_id)
    try:
        undo_delivery(
            delivery_id=delivery.pk,
            reason=request.POST.get("reason", ""),
            by=request.user,
            at=timezone.now(),
        )
    except (Invalid, PeriodClosed) as refusal:
        return _show(request, delivery, refusal=refusal)
    messages.success(request, "The import is undone: nothing of it counts any more.")
    return redirect("import", delivery_id=delivery.pk)


@require_POST
def cancel(request: PageRequest, delivery_id: int) -> HttpResponse:
    """Stop a delivery that is still loading, and take back what has loaded of it."""
    check_sight(request)
    try:
        delivery = cancel_delivery(delivery_id=delivery_id, by=request.user, at=timezone.now())
    except (CannotCancel, PeriodClosed) as refusal:
        delivery = get_object_or_404(with_pace(deliveries()), pk=delivery_id)
        return _show(request, delivery, refused=refusal)
    messages.success(request, "The import is cancelled: nothing of it counts.")
    return redirect("import", delivery_id=delivery.pk)


def _show(
    request: PageRequest,
    delivery: Delivery,
    *,
    refusal: Refusal | None = None,
    refused: Refusal | None = None,
    mending: MendForm | None = None,
) -> HttpResponse:
    """Show a delivery; `refusal` is of the form to undo it, `refused` of a button.

    `mending` is the form of mended rows that cannot be taken.
    """
    at = timezone.now()
    progress = progress_of(delivery, at=at)
    context = {
        "delivery": delivery,
        "progress": progress,
        "is_problem": delivery.state in PROBLEMS,
        "reasons": reasons_of(delivery) if delivery.rejected else [],
        "doubts": doubts_of(delivery),
        "conflicts": conflicts_of(delivery) if delivery.conflict else [],
        "compared": days_compared(delivery) if progress.is_over else [],
        "poll": "every 1s" if at - delivery.submitted_at < WATCHED_CLOSELY else "every 5s",
        "crumbs": CRUMBS,
        "may_import": can_import(request.user),
        "may_undo": can_undo_imports(request.user) and not why_not_undo(delivery),
        "may_cancel": can_cancel(request.user, delivery) and not why_not_cancel(delivery),
        "is_mendable": not why_not_mend(delivery),
        "mending": mending or MendForm(),
        "refusal": refusal,
        "refused": refused,
        "typed": request.POST.get("reason", ""),
        "zone": company().zone,
    }
    template = "ingestion/_import.html" if request.htmx else "ingestion/import.html"
    status = refused.status if refused else UNPROCESSABLE if refusal or mending else 200
    return render(request, template, context, status=status)


@require_safe
def rejects(request: PageRequest, delivery_id: int) -> StreamingHttpResponse:
    """Give the rejected rows as a list, each with its field and reason."""
    check_sight(request)
    rows = rejected_rows(get_object_or_404(Delivery, pk=delivery_id))
    return csv_file(f"rejects-{delivery_id}.csv", REJECT_COLUMNS, rows)


@require_safe
def rejects_file(request: PageRequest, delivery_id: int) -> StreamingHttpResponse:
    """Give the rejected rows in the shape of their file, to be mended and sent again."""
    check_sight(request)
    return text_file(*file_to_mend(get_object_or_404(Delivery, pk=delivery_id)))


@require_POST
def mend(request: PageRequest, delivery_id: int) -> HttpResponse:
    """Take mended rows in, to be read as the import they mend was."""
    check_right(request)
    delivery = get_object_or_404(with_pace(deliveries()), pk=delivery_id)
    form = MendForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, delivery, mending=form)
    file = form.cleaned_data["file"]
    try:
        mended = submit_mended(
            file=file.file,
            filename=file.name,
            mends=delivery.pk,
            by=request.user,
            at=timezone.now(),
        )
    except Invalid as refusal:
        form.add_error("file", refusal.detail)
        return _show(request, delivery, mending=form)
    messages.success(request, f"{mended.filename} was received and is being loaded.")
    return redirect("import", delivery_id=mended.pk)
