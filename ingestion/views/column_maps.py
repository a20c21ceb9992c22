"""Saying what the columns of a held file mean, and keeping that for the next one."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ingestion.forms import MapForm
from ingestion.models import ColumnMap
from ingestion.operations.column_maps import delete_column_map, save_column_map
from ingestion.operations.held import held_file, let_go
from ingestion.previews import Sample, guesses, look_into
from ingestion.queries.column_maps import column_maps, map_for
from ingestion.readers.contract import Chunk, Options
from ingestion.readers.registry import source as source_named
from ingestion.readers.source import Source
from ingestion.views.loading import CRUMBS, HELD, UNPROCESSABLE, check_right, load
from org.http import PageRequest
from org.permissions import can_save_maps
from org.refusals import NotThere, Refusal


@require_http_methods(["GET", "HEAD", "POST"])
def map_columns(request: PageRequest, token: str) -> HttpResponse:
    """Ask what the columns of a held file mean, beginning with a saved map, and load it."""
    check_right(request)
    path, note = held_file(token), request.session.get(HELD, {}).get(token)
    if path is None or note is None:
        raise NotThere("This file is not held any more: choose it again.")
    sample = look_into(path, sheet=note["sheet"])
    reader = source_named("csv" if sample.shape == "csv" else "json")
    saved = _begun_with(request, reader, sample)
    form = MapForm(request.POST or None, columns=sample.columns, **_beginning(saved, sample))
    if request.method == "POST" and form.is_valid() and _is_readable(form, sample, reader):
        kept = _is_kept(request, form, sample, reader, saved)
        if kept:
            return _load_mapped(request, token, form=form, reader=reader, note=note)
    context = {
        "form": form,
        "sample": sample,
        "filename": note["filename"],
        "saved": saved,
        "is_by_itself": saved is not None and "saved" not in request.GET,
        "missing": sorted(set(saved.column_map.values()) - set(sample.columns)) if saved else [],
        "maps": column_maps(reader.name),
        "may_save": can_save_maps(request.user),
        "crumbs": CRUMBS,
    }
    template = "ingestion/_import_map.html" if request.htmx else "ingestion/import_map.html"
    return render(request, template, context, status=UNPROCESSABLE if form.errors else 200)


@require_POST
def delete_map(request: PageRequest, map_id: int) -> HttpResponse:
    """Forget a saved map."""
    check_right(request)
    delete_column_map(map_id=map_id, by=request.user, at=timezone.now())
    messages.success(request, "The map was deleted. What was loaded with it stays.")
    return redirect("import-new")


def _begun_with(request: PageRequest, reader: Source, sample: Sample) -> ColumnMap | None:
    """Return the map the address names, else the one for a file of these columns."""
    wanted = request.GET.get("saved")
    if wanted is None:
        return map_for(reader.name, sample.columns)
    return column_maps(reader.name).filter(pk=wanted).first() if wanted.isdecimal() else None


def _beginning(saved: ColumnMap | None, sample: Sample) -> dict[str, Mapping[str, str]]:
    if saved is None:
        return {"guessed": guesses(sample.columns)}
    return {"guessed": saved.column_map, "fixed": saved.fixed_values}


def _is_readable(form: MapForm, sample: Sample, reader: Source) -> bool:
    """Let the reader check the map against the header, and put its refusal into the form."""
    options = Options(map=form.column_map, set=form.fixed_values)
    try:
        reader.check(Chunk(b"", sample.header, sample.shape, 1), options)
    except Refusal as refusal:
        form.add_error(None, refusal.detail)
        return False
    return True


def _is_kept(
    request: PageRequest, form: MapForm, sample: Sample, reader: Source, saved: ColumnMap | None
) -> bool:
    """Save the map where a name is given, and put a refusal into the form."""
    name = form.cleaned_data["save_as"]
    if not name:
        return True
    same = saved is not None and saved.name.casefold() == name.casefold()
    try:
        save_column_map(
            name=name,
            source=reader.name,
            columns=sample.columns,
            column_map=form.column_map,
            fixed_values=form.fixed_values,
            by=request.user,
            at=timezone.now(),
            replaces=saved if same else None,
        )
    except Refusal as refusal:
        form.add_error("save_as", refusal.detail)
        return False
    return True


def _load_mapped(
    request: PageRequest, token: str, *, form: MapForm, reader: Source, note: Mapping[str, str]
) -> HttpResponse:
    path = held_file(token)
    if path is None:
        raise NotThere("This file was loaded already, or is not held any more.")
    with path.open("rb") as file:
        answer = load(
            request,
            file,
            note=note,
            source=reader.name,
            column_map=form.column_map,
            fixed_values=form.fixed_values,
        )
    let_go(token)
    return answer
