"""What the pages that load files have in common: who may, and how one is handed over."""

from collections.abc import Mapping
from typing import IO

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from ingestion.operations.deliveries import submit_file
from ingestion.readers.takes import SHEET
from org.http import PageRequest
from org.permissions import can_import, can_see_imports
from org.refusals import NotAllowed

UNPROCESSABLE = 422
CRUMBS = [("Imports", "/data/imports/")]
# The session's notes of the files that its user chose and has not mapped yet: the file's
# name, the account and the sheet.
HELD = "held_imports"


def check_right(request: PageRequest) -> None:
    if not can_import(request.user):
        raise NotAllowed("Files are loaded by FinOps analysts, engineers and administrators.")


def check_sight(request: PageRequest) -> None:
    if not can_see_imports(request.user):
        raise NotAllowed(
            "Imports are shown to FinOps analysts, engineers, administrators, the CFO and auditors."
        )


def load(
    request: PageRequest,
    file: IO[bytes],
    *,
    note: Mapping[str, str],
    source: str,
    column_map: Mapping[str, str] | None = None,
    fixed_values: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Hand a file to the workers and go where it can be watched."""
    sheet = {SHEET.name: note["sheet"]} if note["sheet"] else {}
    delivery = submit_file(
        file=file,
        filename=note["filename"],
        source=source,
        account=note["account"],
        column_map=column_map or {},
        fixed_values={**(fixed_values or {}), **sheet},
        by=request.user,
        at=timezone.now(),
    )
    messages.success(request, f"{delivery.filename} was received and is being loaded.")
    return redirect("import", delivery_id=delivery.pk)
