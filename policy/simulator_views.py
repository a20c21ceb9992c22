"""The simulator: what a call would get now, which scopes are asked, and what each one says."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from finops.rules import Condition, explain
from org.http import PageRequest
from org.models import Unit, User
from org.permissions import can_see_company
from policy.ask_router import curl
from policy.breakers_views import check_sight
from policy.document import content_of
from policy.listed_models import Document
from policy.models import PolicyRevision
from policy.permissions import scopes_visible_to
from policy.queries.board import board
from policy.queries.content import slug_of
from policy.queries.revisions import current_revision
from policy.refusal_body import refusal_body
from policy.simulation import Asked, Simulation, path_of, simulate
from policy.simulator_forms import CallForm

SHOWN_LINES = 8
UNPROCESSABLE = 422
CRUMBS = [("Policy", "/policy/")]


class Tried(NamedTuple):
    """A line of `assign` that was tried, with every condition beside what the call has."""

    number: int
    scope: str
    conditions: list[Condition]
    holds: bool


@require_safe
def simulator(request: PageRequest) -> HttpResponse:
    """Say what a call would get by the newest revision; the address holds the whole call."""
    check_sight(request)
    revision = current_revision()
    form = CallForm(request.GET if "model" in request.GET else None)
    document = _document(revision) if revision else None
    context: dict[str, Any] = {
        "form": form,
        "crumbs": CRUMBS,
        "revision": revision,
        "known": document["models"] if document else [],
        "providers": sorted({each["provider"] for each in document["models"]}) if document else [],
    }
    if document is not None and form.is_valid():
        at = timezone.now()
        context |= _answer(request.user, form.asked, document, at=at)
        context["curl"] = curl(form.members)
    template = "policy/_simulated.html" if request.htmx else "policy/simulator.html"
    return render(request, template, context, status=UNPROCESSABLE if form.errors else 200)


def _document(revision: PolicyRevision) -> Document:
    return {**content_of(bytes(revision.body)), "revision": revision.number}


def _answer(user: User, asked: Asked, document: Document, *, at: datetime) -> dict[str, Any]:
    """Return the answer as far as the user may see whose call it would be."""
    seen = _in_sight(user)
    found = simulate(asked, document, spent_usd=_spent(user, at=at), at=at)
    scope = document["assign"][found.place]["scope"] if found.place is not None else None
    if scope is not None and seen is not None and scope not in seen:
        return {"is_out_of_sight": True}
    return {
        "found": found,
        "home": path_of(document, scope)[0] if scope else None,
        "lines": len(document["assign"]),
        "tried": _tried(asked, document, found, seen=seen),
        "body": _body(found, at=at),
    }


def _in_sight(user: User) -> set[str] | None:
    """Return the scopes that the user may see; None means all."""
    if can_see_company(user):
        return None
    units = {slug_of(unit) for unit in Unit.objects.visible_to(user)}
    return units | set(scopes_visible_to(user).values_list("slug", flat=True))


def _spent(user: User, *, at: datetime) -> Mapping[str, Decimal]:
    """Return the meters in sight: a cap that is reached elsewhere shows by its scope's block."""
    return {
        reading.cap.public_id: reading.verdict.spent_usd
        for each in board(user, at=at)
        for reading in each.readings
    }


def _tried(
    asked: Asked, document: Document, found: Simulation, *, seen: set[str] | None
) -> list[Tried]:
    """Return the lines up to the one that holds, the last of them; only those in sight."""
    last = len(document["assign"]) - 1 if found.place is None else found.place
    lines = [
        Tried(n + 1, line["scope"], explain(line["when"], asked.told), n == found.place)
        for n, line in enumerate(document["assign"][: last + 1])
        if seen is None or line["scope"] in seen
    ]
    return lines[-SHOWN_LINES:]


def _body(found: Simulation, *, at: datetime) -> str:
    if found.refused is None:
        return ""
    return json.dumps(refusal_body(found.refused, at=at), indent=2, ensure_ascii=False)
