"""One breaker's page: its state and why, the trip's story, its limits, how it runs again."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ingestion.queries.attributes import may_see_names
from org.forms import show_refusal
from org.http import PageRequest
from org.models import Company
from org.queries.calendar import company
from org.refusals import NotAllowed, Refusal
from policy.ask_router import call_of, curl
from policy.breakers_views import check_sight, timeline_of
from policy.forms import ReasonForm
from policy.lifecycle import ScopeState
from policy.limits_in_words import limits_of
from policy.models import Scope
from policy.operations import breaker
from policy.permissions import can_stop_scope, scopes_visible_to, unit_of
from policy.queries.breakers import Breaker, breakers, seen_alone
from policy.queries.overlays import silence_sentence
from policy.queries.scope_policy import policy_of
from policy.queries.steps import steps_of
from policy.queries.trip_readings import readings_around
from policy.queries.trips import Around, Trip, calls_before, trip_of
from policy.refusal_body import refusal_body
from policy.trip_sentences import end_sentence, trip_sentence, ways_on

UNPROCESSABLE = 422
CRUMBS = [("Breakers", "/breakers/")]
SHOWN_STEPS = 30


def crumbs_of(scope: Scope) -> list[tuple[str, str]]:
    """Return the way to a part of a breaker: past the breaker itself, where there is one yet."""
    own = [(scope.name, reverse("breaker", args=[scope.slug]))] if scope.pk else []
    return [*CRUMBS, *own]


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: PageRequest, slug: str) -> HttpResponse:
    """Show a breaker with its trip's story; block it at once, or lift a block."""
    check_sight(request)
    scope = get_object_or_404(scopes_visible_to(request.user), slug=slug)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _done(request, scope, form):
        return redirect("breaker", slug=scope.slug)
    return _show(request, scope, form)


def _done(request: PageRequest, scope: Scope, form: ReasonForm) -> bool:
    """Block or unblock; say whether it was done, and tell the form why not."""
    act = _ACTS.get(request.POST.get("do", ""))
    if act is None:
        form.add_error(None, "A breaker is blocked, or its block is lifted: choose one of the two.")
        return False
    try:
        words = act(request, scope, form.cleaned_data["reason"])
    except NotAllowed:
        raise
    except Refusal as refusal:
        show_refusal(form, refusal)
        return False
    messages.success(request, words)
    return True


def _block(request: PageRequest, scope: Scope, reason: str) -> str:
    breaker.block(scope=scope, code="stopped", text=reason, by=request.user, at=timezone.now())
    return f"{scope.name} is blocked."


def _unblock(request: PageRequest, scope: Scope, reason: str) -> str:
    steps = breaker.unblock(scope=scope, by=request.user, at=timezone.now(), reason=reason)
    is_blocked_again = len(steps) > 1
    return f"{scope.name} {'is blocked by its cap again' if is_blocked_again else 'runs again'}."


_ACTS: dict[str, Callable[[PageRequest, Scope, str], str]] = {"block": _block, "unblock": _unblock}


def _show(request: PageRequest, scope: Scope, form: ReasonForm) -> HttpResponse:
    at, here = timezone.now(), company()
    seen = seen_alone(scope, breakers(request.user, at=at, also=scope))
    context = {
        "breaker": seen,
        "scope": scope,
        "above": _stopped_above(seen),
        "zone": here.time_zone,
        "crumbs": CRUMBS,
        "form": form,
        "may_stop": can_stop_scope(request.user, scope=scope),
        "is_held_by_cap": breaker.is_held_by_cap(scope),
        "silence": silence_sentence(scope) if seen.is_silent else "",
        "steps": steps_of(scope).reverse()[:SHOWN_STEPS],
        "base_url": settings.TOKENOPS_BASE_URL,
        **_trip(request, scope, at=at, here=here),
        **_published(scope),
        **timeline_of([scope], request, at=at),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "policy/breaker.html", context, status=status)


def _stopped_above(seen: Breaker) -> list[Scope]:
    """Return the scopes above that do not run freely: what they forbid holds here as well."""
    above = (rung.scope for rung in seen.path if rung.scope.pk != seen.scope.pk)
    return [scope for scope in above if scope.state != ScopeState.CLOSED]


def _trip(request: PageRequest, scope: Scope, *, at: datetime, here: Company) -> dict[str, Any]:
    """Return the story of the trip that was asked for, or of the last one."""
    asked = request.GET.get("trip", "")
    trip = trip_of(scope, step_id=int(asked) if asked.isdecimal() and len(asked) < 10 else None)  # noqa: PLR2004 -- fits an integer column
    if trip is None:
        around = calls_before(scope, at=at, here=here)
        return {"trip": None, "around": around, "simulated": _simulated(around)}
    around = calls_before(scope, at=trip.step.at, here=here)
    return {
        "trip": trip,
        "stands": trip.ended is None and scope.state != ScopeState.CLOSED,
        "sentence": trip_sentence(trip, zone=here.zone),
        "ended": end_sentence(trip, at=at, zone=here.zone),
        "ways_on": list(ways_on(scope, trip, zone=here.zone)),
        "readings": readings_around(trip.step, scope=scope, at=at, here=here),
        "around": around,
        "simulated": _simulated(around),
        "sees_names": may_see_names(request.user, unit=unit_of(scope)),
        "body": _body(trip, at=at),
        "curl": curl(call_of(around.calls[0])) if around.calls else "",
    }


def _simulated(around: Around) -> str:
    """Return where the simulator answers for a call like the last one, or where it asks for one."""
    asked = f"?{urlencode(call_of(around.calls[0]))}" if around.calls else ""
    return f"{reverse('simulator')}{asked}"


def _body(trip: Trip, *, at: datetime) -> str:
    """Return what a client gets now, or got at the time of a trip that is over."""
    if trip.refused is None or trip.step.to_state == ScopeState.DOWNGRADED:
        return ""
    asked_at = at if trip.ended is None else trip.step.at
    return json.dumps(refusal_body(trip.refused, at=asked_at), indent=2, ensure_ascii=False)


def _published(scope: Scope) -> dict[str, Any]:
    """Return what the newest revision says of the scope, and who runs it."""
    found = policy_of(scope.slug)
    if found is None:
        return {"revision": None, "limits": [], "fleet": [], "behind": 0}
    return {
        "revision": found.revision.number,
        "limits": limits_of(found.own),
        "fleet": found.fleet,
        "behind": found.behind,
    }
