"""Pages of overrides: those in force, asking for one with its effect, one to sign or to end."""

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from org.forms import show_refusal
from org.http import PageRequest
from org.models import Approval
from org.queries.calendar import company, reporting_today
from org.queries.profile import profile_on
from org.queries.signing import missing_parts, signers_of
from org.refusals import Invalid, NotAllowed, Refusal
from org.signing_wording import parts_in_words
from policy.breaker_forms import OverrideForm
from policy.breaker_views import crumbs_of
from policy.models import Cap, Override, Scope
from policy.operations.overrides import (
    ask_override,
    decide_override,
    effect_on,
    revoke_override,
    withdraw_override,
)
from policy.override_terms import effect_in_words
from policy.permissions import can_stop_scope, scopes_visible_to
from policy.queries.meters import caps_in_force, today_at
from policy.queries.override_checks import longest_hours
from policy.queries.overrides import OVERRIDE, overrides_of, overrides_visible_to

UNPROCESSABLE = 422
CRUMBS = [("Breakers", "/breakers/"), ("Overrides", "/breakers/overrides/")]
DECIDES = {"approve": True, "reject": False}
SHOWN = 50


@require_safe
def overrides(request: PageRequest) -> HttpResponse:
    """List what is in force or waits in sight, and what was before."""
    seen = overrides_visible_to(request.user)
    live = seen.live()
    context = {
        "groups": [
            ("In force", list(live.filter(state=Override.State.IN_FORCE).order_by("expires_at"))),
            ("Wait for a signature", list(live.filter(state=Override.State.WAITING))),
            ("Over", list(seen.exclude(state__in=Override.LIVE)[:SHOWN])),
        ],
        "zone": company().time_zone,
        "crumbs": CRUMBS[:1],
    }
    return render(request, "policy/overrides.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: PageRequest, slug: str) -> HttpResponse:
    """Ask for an override; whatever is typed shows what it does to the period's budget."""
    scope, at = get_object_or_404(scopes_visible_to(request.user), slug=slug), timezone.now()
    _check_may_ask(request, scope)
    typed = request.POST if request.method == "POST" else request.GET
    form = _form(typed or None, scope, at=at)
    if request.method == "POST" and form.is_valid():
        try:
            made = ask_override(terms=form.terms(), by=request.user, at=at)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _told(made))
            return redirect("override", override_id=made.pk)
    terms = form.typed_terms() if form.is_bound else None
    zone = company().zone
    context = {
        "scope": scope,
        "form": form,
        "effect": effect_in_words(effect_on(terms, at=at), zone=zone) if terms else "",
        "standing": list(overrides_of(scope)),
        "zone": zone.key,
        "crumbs": crumbs_of(scope),
    }
    if request.htmx and request.method != "POST":
        return render(request, "policy/_override_effect.html", context)
    if request.method != "POST" and form.is_bound:
        form.errors.clear()  # looking at the effect asks for nothing yet
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "policy/override_ask.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def override(request: PageRequest, override_id: int) -> HttpResponse:
    """Show one override; a POST signs or rejects it, takes it back or ends it."""
    found, at = (
        get_object_or_404(overrides_visible_to(request.user), pk=override_id),
        timezone.now(),
    )
    if request.method != "POST":
        return _show(request, found, at=at)
    try:
        told = _take(request, found, at=at)
    except Invalid as refusal:
        return _show(request, found, at=at, refusal=refusal)
    messages.success(request, told)
    return redirect("override", override_id=found.pk)


def _take(request: PageRequest, found: Override, *, at: datetime) -> str:
    does, reason = request.POST.get("do", ""), request.POST.get("reason", "")
    if does == "withdraw":
        withdraw_override(override_id=found.pk, by=request.user, at=at)
        return "The override is not asked for any more."
    if does == "revoke":
        revoke_override(override_id=found.pk, by=request.user, reason=reason, at=at)
        return "The override has ended: the cap holds again."
    if does not in DECIDES:
        raise Invalid.of("do", "Choose to sign or to reject.")
    decide_override(
        override_id=found.pk, approve=DECIDES[does], by=request.user, reason=reason, at=at
    )
    return "Your decision on the override is recorded."


def _show(
    request: PageRequest, found: Override, *, at: datetime, refusal: Refusal | None = None
) -> HttpResponse:
    asked = Approval.objects.waiting().filter(kind=OVERRIDE, subject_id=found.pk)
    waits = asked.select_related("unit").first()
    may_stop = can_stop_scope(request.user, scope=found.scope)
    may_sign = waits is not None and request.user in signers_of(waits, at=at)
    is_own = waits is not None and waits.requested_person_id == request.user.person_id
    context = {
        "override": found,
        "waits_for": parts_in_words(missing_parts(waits)) if waits else "",
        "may_sign": may_sign and not is_own,
        "may_withdraw": waits is not None and may_stop,
        "may_revoke": found.state == Override.State.IN_FORCE and may_stop,
        "refusal": refusal,
        "zone": company().time_zone,
        "crumbs": CRUMBS,
    }
    status = UNPROCESSABLE if refusal else 200
    return render(request, "policy/override.html", context, status=status)


def _form(typed: object, scope: Scope, *, at: datetime) -> OverrideForm:
    today, zone = today_at(at), company().zone
    hard = caps_in_force(on=today.on).filter(scope=scope, mode=Cap.Mode.HARD, limit_usd__gt=0)
    hours = longest_hours(profile_on(reporting_today(at)).profile)
    latest = (at + timedelta(hours=hours)).replace(second=0, microsecond=0)
    return OverrideForm(typed, scope=scope, caps=list(hard), zone=zone, latest=latest)


def _check_may_ask(request: PageRequest, scope: Scope) -> None:
    if not can_stop_scope(request.user, scope=scope):
        raise NotAllowed(f"Overriding {scope.name} needs the role engineer, GM or CFO there.")


def _told(made: Override) -> str:
    if made.state == Override.State.IN_FORCE:
        return f"{made.scope.name} is overridden."
    return f"The override of {made.scope.name} waits for a signature."
