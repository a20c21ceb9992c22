"""Pages of what people do to a breaker: force it open, protect its calls, let a loop trip it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from org.forms import show_refusal
from org.http import PageRequest
from org.queries.calendar import company
from org.refusals import NotAllowed, NotThere, Refusal
from policy.breaker_forms import ForceForm, ProtectForm, TripTestForm, WhenStaleForm, WhyForm
from policy.breaker_views import crumbs_of
from policy.lifecycle import ScopeState
from policy.models import Scope, TripTest
from policy.operations.forced import force_block, give_reason, scope_to_stop
from policy.operations.protection import set_protected
from policy.operations.staleness import set_when_stale
from policy.operations.trip_tests import ask_trip_test
from policy.permissions import can_guard_scope, can_protect, can_stop_scope, scopes_visible_to
from policy.queries.forced import forced_blocks_of
from policy.queries.trip_tests import daily_cap_of, trip_tests_of

UNPROCESSABLE = 422
SHOWN_TESTS = 20


@require_http_methods(["GET", "HEAD", "POST"])
def force(request: PageRequest, slug: str) -> HttpResponse:
    """Block a scope by one press, or give the reason that is owed for a press before."""
    at = timezone.now()
    if request.method != "POST":
        return _show_force(request, _seen(request, slug, at=at), at=at)
    forced_id = request.POST.get("block", "")
    if forced_id.isascii() and forced_id.isdigit() and len(forced_id) < 19:  # noqa: PLR2004 -- what a bigint holds
        return _explain(request, _seen(request, slug, at=at), int(forced_id), at=at)
    scope, form = scope_to_stop(slug, by=request.user, at=at), ForceForm(request.POST)
    if form.is_valid():
        try:
            force_block(scope=scope, reason=form.cleaned_data["reason"], by=request.user, at=at)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"{scope.name} is blocked.")
            return redirect("breaker-block", slug=scope.slug)
    return _show_force(request, scope, at=at, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def protect(request: PageRequest, slug: str) -> HttpResponse:
    """Say that nothing automatic blocks a scope, or that everything does again."""
    scope = get_object_or_404(scopes_visible_to(request.user), slug=slug)
    form, wanted = ProtectForm(_typed(request)), not scope.protected
    if request.method == "POST" and form.is_valid():
        try:
            set_protected(
                scope=scope,
                protected=wanted,
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except NotAllowed:
            raise
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            word = "is protected" if wanted else "is not protected any more"
            messages.success(request, f"{scope.name} {word}.")
            return redirect("breaker-protect", slug=scope.slug)
    context = {
        "scope": scope,
        "form": form,
        "may_protect": can_protect(request.user),
        "crumbs": crumbs_of(scope),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "policy/protect.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def without_server(request: PageRequest, slug: str) -> HttpResponse:
    """Say what routers do with a scope's calls once they have lost the server."""
    scope = get_object_or_404(scopes_visible_to(request.user), slug=slug)
    standing = {"mode": scope.when_stale, "usd": scope.stale_usd or None}
    form = WhenStaleForm(_typed(request), initial=standing)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data | {"usd": form.cleaned_data["usd"] or Decimal(0)}
        try:
            set_when_stale(scope=scope, **given, by=request.user, at=timezone.now())
        except NotAllowed:
            raise
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"Routers are told what {scope.name} does alone.")
            return redirect("breaker-when-stale", slug=scope.slug)
    context = {
        "scope": scope,
        "form": form,
        "may_guard": can_guard_scope(request.user, scope=scope),
        "crumbs": crumbs_of(scope),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "policy/when_stale.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def trip_test(request: PageRequest, slug: str) -> HttpResponse:
    """Show the trip tests of a scope; a POST lets a worker run another one."""
    scope, at = get_object_or_404(scopes_visible_to(request.user), slug=slug), timezone.now()
    form = TripTestForm(_typed(request))
    if request.method == "POST" and form.is_valid():
        try:
            ask_trip_test(
                scope=scope, by=request.user, at=at, call_usd=form.cleaned_data["call_usd"]
            )
        except NotAllowed:
            raise
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "The trip test waits for a worker.")
            return redirect("breaker-trip-test", slug=scope.slug)
    tests = list(trip_tests_of(scope)[:SHOWN_TESTS])
    context = {
        "scope": scope,
        "form": form,
        "tests": tests,
        "newest": tests[0] if tests else None,
        "runs": bool(tests) and tests[0].state in TripTest.LIVE,
        "cap": daily_cap_of(scope, at=at),
        "may_test": can_stop_scope(request.user, scope=scope),
        "zone": company().time_zone,
        "crumbs": crumbs_of(scope),
    }
    if request.htmx and request.method != "POST":
        return render(request, "policy/_trip_tests.html", context)
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "policy/trip_test.html", context, status=status)


def _seen(request: PageRequest, slug: str, *, at: datetime) -> Scope:
    """Return a scope in sight; one that has no row yet only for who could stop it."""
    found = scopes_visible_to(request.user).filter(slug=slug).first()
    return found or scope_to_stop(slug, by=request.user, at=at)


def _explain(request: PageRequest, scope: Scope, forced_id: int, *, at: datetime) -> HttpResponse:
    form = WhyForm(request.POST)
    if not forced_blocks_of(scope).filter(pk=forced_id).exists():
        raise NotThere("There is no such block.")
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            give_reason(forced_id=forced_id, reason=reason, by=request.user, at=at)
        except NotAllowed:
            raise
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "The reason is kept, and shown to whoever is refused.")
            return redirect("breaker-block", slug=scope.slug)
    return _show_force(request, scope, at=at, why_form=form)


def _show_force(
    request: PageRequest,
    scope: Scope,
    *,
    at: datetime,
    form: ForceForm | None = None,
    why_form: WhyForm | None = None,
) -> HttpResponse:
    blocks = list(forced_blocks_of(scope)[:SHOWN_TESTS])
    context: dict[str, Any] = {
        "scope": scope,
        "form": form or ForceForm(),
        "why_form": why_form or WhyForm(),
        "blocks": blocks,
        "owed": [each for each in blocks if not each.reason],
        "is_blocked": scope.state == ScopeState.OPEN,
        "may_stop": can_stop_scope(request.user, scope=scope),
        "at": at,
        "zone": company().time_zone,
        "crumbs": crumbs_of(scope),
    }
    errors = any(each is not None and each.errors for each in (form, why_form))
    return render(request, "policy/force.html", context, status=UNPROCESSABLE if errors else 200)


def _typed(request: PageRequest) -> QueryDict | None:
    """Return what was sent, an empty form too; None where the page is only read."""
    return request.POST if request.method == "POST" else None
