"""Pages of policy: what routers must do now, why, and who may stop what."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from org.forms import show_refusal
from org.http import PageRequest
from org.models import Company
from org.permissions import can_see_policy
from org.refusals import Refusal
from policy.forms import BlockForm, UnblockForm
from policy.models import PolicyRevision
from policy.operations import breaker
from policy.queries import page
from policy.queries.board import Guarded, board
from policy.queries.bounds import bounds_of
from policy.queries.delivery import delivery, delivery_sentence, seconds
from policy.queries.lease_checks import unseen_sentence

UNPROCESSABLE = 422


@require_safe
def policy(request: PageRequest) -> HttpResponse:
    """Show the current revision, every scope with its meters, rules, keys and routers."""
    _check_may_see(request)
    at = timezone.now()
    return render(request, "policy/policy.html", _context(request, board(request.user, at=at), at))


@require_safe
def revision(request: PageRequest, number: int) -> HttpResponse:
    """Show one revision: why it came, what it changed, and its exact signature."""
    _check_may_see(request)
    found = get_object_or_404(
        PolicyRevision.objects.select_related("key", "author__person"), pk=number
    )
    earlier = PolicyRevision.objects.filter(number__lt=number).order_by("-number").first()
    later = PolicyRevision.objects.filter(number__gt=number).order_by("number").first()
    sight = page.Sight(request.user)
    context = {
        "line": sight.line(found, earlier),
        "earlier": earlier,
        "later": later,
        "document": page.readable(found) if sight.sees_company else "",
        "signature": bytes(found.signature).hex(),
        "crumbs": [("Policy", "/policy/")],
        "base_url": settings.TOKENOPS_BASE_URL,
    }
    return render(request, "policy/revision.html", context)


@require_POST
def block_scope(request: PageRequest) -> HttpResponse:
    """Stop a scope at once, with a reason."""
    _check_may_see(request)
    at = timezone.now()
    guarded = board(request.user, at=at)
    form = BlockForm(request.POST, scopes=page.stoppable(request.user, guarded))
    if form.is_valid():
        words = form.cleaned_data["reason"]
        try:
            breaker.block(scope=form.chosen, code="stopped", text=words, by=request.user, at=at)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"{form.chosen.name} is blocked.")
            return redirect("policy")
    return _again(request, guarded, at, block_form=form)


@require_POST
def unblock_scope(request: PageRequest) -> HttpResponse:
    """Lift a person's block, with a reason."""
    _check_may_see(request)
    at = timezone.now()
    guarded = board(request.user, at=at)
    form = UnblockForm(request.POST, scopes=page.held(request.user, guarded))
    if form.is_valid():
        words = form.cleaned_data["reason"]
        try:
            steps = breaker.unblock(scope=form.chosen, by=request.user, at=at, reason=words)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            is_blocked_again = len(steps) > 1
            after = "is blocked by its cap again" if is_blocked_again else "runs again"
            messages.success(request, f"{form.chosen.name} {after}.")
            return redirect("policy")
    return _again(request, guarded, at, unblock_form=form)


def _again(
    request: PageRequest, guarded: list[Guarded], at: datetime, **forms: Any
) -> HttpResponse:
    """Show the page with what was typed and why it was refused."""
    context = _context(request, guarded, at) | forms
    return render(request, "policy/policy.html", context, status=UNPROCESSABLE)


def _context(request: PageRequest, guarded: list[Guarded], at: datetime) -> dict[str, Any]:
    sight = page.Sight(request.user)
    history = sight.history(before=_before(request))
    newest = history[0] if _before(request) is None and history else None
    if newest is None and history:
        newest = next(iter(sight.history()), None)
    current = newest.revision if newest else None
    company = Company.objects.first()
    zone = company.time_zone if company else "UTC"
    fleet = delivery(current=current.number if current else None, at=at)
    return {
        "headline": page.headline(newest, guarded, at=at),
        "current": current,
        "document": page.readable(current) if current and sight.sees_company else "",
        "guarded": [each for each in guarded if not each.is_quiet],
        "quiet": [each.scope for each in guarded if each.is_quiet],
        "rules": sight.rules(),
        "keys": page.live_keys(at=at),
        "fleet": fleet,
        "delivered": delivery_sentence(fleet, zone=ZoneInfo(zone), at=at),
        "p50": seconds(fleet.p50),
        "p99": seconds(fleet.p99),
        "history": history,
        "bounds": bounds_of(guarded, at=at),
        "unseen": unseen_sentence(at=at) if sight.sees_company else "",
        "zone": zone,
        "base_url": settings.TOKENOPS_BASE_URL,
        "block_form": BlockForm(scopes=page.stoppable(request.user, guarded)),
        "unblock_form": UnblockForm(scopes=page.held(request.user, guarded)),
    }


def _before(request: PageRequest) -> int | None:
    asked = request.GET.get("before", "")
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else None  # noqa: PLR2004 -- fits an integer column


def _check_may_see(request: PageRequest) -> None:
    if not can_see_policy(request.user):
        raise PermissionDenied("The policy is for people with a role here.")
