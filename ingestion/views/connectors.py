"""Connectors: the list, setting one up, what it pulled, and its buttons."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ingestion.connector_form import ConnectorForm
from ingestion.connectors.kind import Kind
from ingestion.connectors.registry import KINDS, can_load, kind_named
from ingestion.models import Connector
from ingestion.operations.connectors import (
    add_connector,
    ask_for_pull,
    change_connector,
    pause_connector,
    resume_connector,
)
from ingestion.queries.connectors import (
    connectors,
    interval_in_words,
    pulls_of,
    rows_of,
    settings_of,
    standing_of,
)
from ingestion.readers.contract import Refused
from org.forms import show_refusal
from org.http import PageRequest
from org.permissions import can_manage_connectors, can_see_imports
from org.queries.calendar import company
from org.refusals import Invalid, NotAllowed, NotThere

UNPROCESSABLE = 422
PAGE_SIZE = 25
CRUMBS = [("Connectors", "/data/connectors/")]


@require_safe
def index(request: PageRequest) -> HttpResponse:
    """List the connectors and how each stands."""
    _check_sight(request)
    context = {
        "rows": rows_of(connectors(), at=timezone.now()),
        "may_manage": can_manage_connectors(request.user),
    }
    return render(request, "ingestion/connectors.html", context)


@require_safe
def choose(request: PageRequest) -> HttpResponse:
    """Ask of which kind a new connector is."""
    _check_right(request)
    context = {"kinds": [(kind, can_load(kind)) for kind in KINDS], "crumbs": CRUMBS}
    return render(request, "ingestion/connector_choose.html", context)


@never_cache
@sensitive_post_parameters("credential")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PageRequest, kind: str) -> HttpResponse:
    """Set a connector up."""
    _check_right(request)
    chosen = _kind(kind)
    form = ConnectorForm(request.POST or None, kind=chosen)

    def add(at: datetime) -> Connector:
        return add_connector(
            kind=kind, draft=form.draft, credential=form.credential, by=request.user, at=at
        )

    if request.method == "POST" and (connector := _done(form, add)):
        messages.success(request, f"{connector.name} is set up. Its first pull begins shortly.")
        return redirect("connector", connector_id=connector.pk)
    return _show_form(request, form, title=f"New: {chosen.title}", crumbs=CRUMBS)


@never_cache
@sensitive_post_parameters("credential")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, connector_id: int) -> HttpResponse:
    """Change a connector; its credential is replaced by typing a new one."""
    _check_right(request)
    connector = get_object_or_404(Connector, pk=connector_id)
    kind = kind_named(connector.kind)
    form = ConnectorForm(request.POST or None, kind=kind, connector=connector)

    def change(at: datetime) -> Connector:
        return change_connector(
            connector_id=connector_id,
            draft=form.draft,
            credential=form.credential,
            by=request.user,
            at=at,
        )

    if request.method == "POST" and _done(form, change):
        messages.success(request, f"{form.cleaned_data['name']} was changed.")
        return redirect("connector", connector_id=connector_id)
    crumbs = [*CRUMBS, (connector.name, f"/data/connectors/{connector_id}/")]
    return _show_form(request, form, title=f"Change {connector.name}", crumbs=crumbs)


@require_safe
def one(request: PageRequest, connector_id: int) -> HttpResponse:
    """Show a connector and its pulls; its part asks again while one is under way."""
    _check_sight(request)
    at = timezone.now()
    connector = get_object_or_404(connectors(), pk=connector_id)
    context = {
        "connector": connector,
        "kind": kind_named(connector.kind),
        "settings": settings_of(connector),
        "interval": interval_in_words(connector.interval_minutes),
        "standing": standing_of(connector, at=at),
        "page": Paginator(pulls_of(connector), PAGE_SIZE).get_page(request.GET.get("page")),
        "may_manage": can_manage_connectors(request.user),
        "crumbs": CRUMBS,
        "at": at,
        "zone": company().zone,
    }
    template = "ingestion/_connector.html" if request.htmx else "ingestion/connector.html"
    return render(request, template, context)


@require_POST
def pull(request: PageRequest, connector_id: int) -> HttpResponse:
    return _step(request, connector_id, ask_for_pull, "The pull begins shortly.")


@require_POST
def pause(request: PageRequest, connector_id: int) -> HttpResponse:
    return _step(request, connector_id, pause_connector, "It is paused: nobody is asked.")


@require_POST
def resume(request: PageRequest, connector_id: int) -> HttpResponse:
    return _step(request, connector_id, resume_connector, "It is resumed, and pulls shortly.")


def _step(
    request: PageRequest, connector_id: int, step: Callable[..., Any], word: str
) -> HttpResponse:
    get_object_or_404(Connector, pk=connector_id)
    step(connector_id=connector_id, by=request.user, at=timezone.now())
    messages.success(request, word)
    return redirect("connector", connector_id=connector_id)


def _kind(name: str) -> Kind:
    try:
        return kind_named(name)
    except Refused as refusal:
        raise NotThere(str(refusal)) from refusal


def _done(form: ConnectorForm, change: Callable[[datetime], Connector]) -> Connector | None:
    """Make the change if the form holds; tell in the form what does not."""
    if not form.is_valid():
        return None
    try:
        return change(timezone.now())
    except Invalid as refusal:
        show_refusal(form, refusal)
        return None


def _show_form(
    request: PageRequest, form: ConnectorForm, *, title: str, crumbs: list[tuple[str, str]]
) -> HttpResponse:
    context = {"form": form, "title": title, "back": crumbs[-1][1], "crumbs": crumbs}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "ingestion/connector_form.html", context, status=status)


def _check_sight(request: PageRequest) -> None:
    if not can_see_imports(request.user):
        raise NotAllowed(
            "Connectors are shown to FinOps analysts, engineers, administrators, the CFO and"
            " auditors."
        )


def _check_right(request: PageRequest) -> None:
    if not can_manage_connectors(request.user):
        raise NotAllowed("Connectors are managed by FinOps analysts and administrators.")
