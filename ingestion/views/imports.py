"""Imports: the list, handing a file over, watching it load."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from ingestion.models import Delivery
from ingestion.operations.held import held_file, hold_file, let_go
from ingestion.previews import look_into
from ingestion.queries.column_maps import column_maps
from ingestion.queries.deliveries import (
    counts_by_state,
    deliveries,
)
from ingestion.readers.registry import SOURCES
from ingestion.readers.source import Source
from ingestion.readers.takes import NOTHING, TABLE
from ingestion.upload_form import DETECT, TAKES, UploadForm
from ingestion.views.loading import CRUMBS, HELD, UNPROCESSABLE, check_right, check_sight, load
from org.http import PageRequest
from org.permissions import can_import, can_save_maps
from org.queries.calendar import company
from org.refusals import Refusal

PAGE_SIZE = 25


@require_safe
def imports(request: PageRequest) -> HttpResponse:
    """List the deliveries, those of one state where asked."""
    check_sight(request)
    state = request.GET.get("state", "")
    state = state if state in Delivery.State.values else ""
    counts = counts_by_state()
    context = {
        "page": Paginator(deliveries(state), PAGE_SIZE).get_page(request.GET.get("page")),
        "state": state,
        "states": [
            (s.value, s.label, counts[s.value]) for s in Delivery.State if s.value in counts
        ],
        "count": sum(counts.values()),
        "may_import": can_import(request.user),
        "zone": company().zone,
    }
    return render(request, "ingestion/imports.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PageRequest) -> HttpResponse:
    """Take a file: load it at once, or hold it where its columns must be mapped first."""
    check_right(request)
    source = (request.POST or request.GET).get("source", DETECT)
    form = UploadForm(request.POST or None, request.FILES or None, source=source)
    if request.method == "POST" and form.is_valid():
        try:
            return _take(request, form)
        except Refusal as refusal:
            form.add_error("file", refusal.detail)
    context = {
        "form": form,
        "with_options": [one for one in SOURCES if one.takes not in {NOTHING, TABLE}],
        "maps": column_maps(),
        "may_save_maps": can_save_maps(request.user),
        "zone": company().zone,
        "crumbs": CRUMBS,
    }
    template = "ingestion/_import_options.html" if request.htmx else "ingestion/import_new.html"
    return render(request, template, context, status=UNPROCESSABLE if form.errors else 200)


def _take(request: PageRequest, form: UploadForm) -> HttpResponse:
    given = form.cleaned_data
    chosen, file = given["source"], given["file"]
    note = {"filename": file.name, "account": given["account"], "sheet": form.sheet}
    if TAKES[chosen].needs_map or chosen == DETECT:
        token = hold_file(file.file)
        found = _detected(token, form.sheet) if chosen == DETECT else None
        if found is None:
            request.session[HELD] = request.session.get(HELD, {}) | {token: note}
            return redirect("import-map", token=token)
        let_go(token)
        file.seek(0)
        chosen = found.name
    return load(
        request,
        file.file,
        note=note,
        source=chosen,
        column_map=form.column_map,
        fixed_values=form.fixed_values,
    )


def _detected(token: str, sheet: str) -> Source | None:
    path = held_file(token)
    try:
        return look_into(path, sheet=sheet).source if path else None
    except Refusal:
        let_go(token)
        raise
