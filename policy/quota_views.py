"""Pages of quotas: who may use how much, who is near, and what was asked for."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from org.forms import show_refusal
from org.http import PageRequest
from org.permissions import can_see_policy
from org.queries.calendar import company
from org.refusals import Refusal
from policy.models import Quota, QuotaRaise
from policy.operations.quota_raises import ask_raise, decide_raise, withdraw_raise
from policy.operations.quotas import put_quota, retire_quota
from policy.permissions import QUOTA_SETTERS, can_set_quota
from policy.queries.quota_board import (
    near_rows,
    overbookings,
    quota_rows,
    quotas_visible_to,
    raise_rows,
)
from policy.quota_forms import ALL, QuotaForm, RaiseForm

UNPROCESSABLE = 422
PAGE_SIZE = 25


@require_safe
def quotas(request: PageRequest) -> HttpResponse:
    """List the quotas in sight with who is nearest to the limit of each."""
    _check_may_see(request)
    found = quotas_visible_to(request.user).order_by("scope__slug", "pk")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = quota_rows(page.object_list, at=timezone.now())
    context = {
        "page": page,
        "rows": [(row, near_rows(row)[:1]) for row in rows],
        "overbooked": overbookings(rows),
        "may_set": _may_set_any(request),
    }
    return render(request, "policy/quotas.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_quota(request: PageRequest) -> HttpResponse:
    """Offer a form for a quota, filled with one that is to change; a POST sets it."""
    _check_may_see(request)
    if not _may_set_any(request):
        raise PermissionDenied("Quotas are set by managers, engineers, FinOps analysts and CFOs.")
    form = QuotaForm(request.POST or None, user=request.user, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            quota = put_quota(
                draft=form.draft(),
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"{quota.scope.name}: {form.draft().words}.")
            return redirect("quota", quota.pk)
    status = UNPROCESSABLE if form.errors else 200
    context = {"form": form, "crumbs": [("Quotas", "/quotas/")]}
    return render(request, "policy/quota_new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def quota(request: PageRequest, quota_id: int) -> HttpResponse:
    """Show one quota, who is near, what was asked for; a POST asks for more of it."""
    _check_may_see(request)
    found = get_object_or_404(quotas_visible_to(request.user), pk=quota_id)
    form = RaiseForm(request.POST or None, quota=found)
    if request.method == "POST" and form.is_valid():
        try:
            ask_raise(
                quota_id=quota_id,
                draft=form.draft(),
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Asked. An answer is due within four hours.")
            return redirect("quota", quota_id)
    return _show(request, found, form)


@require_POST
def retire(request: PageRequest, quota_id: int) -> HttpResponse:
    """Lift a quota, with a reason."""
    _check_may_see(request)
    found = get_object_or_404(quotas_visible_to(request.user), pk=quota_id)
    reason = request.POST.get("reason", "")
    try:
        retire_quota(quota_id=quota_id, reason=reason, by=request.user, at=timezone.now())
    except Refusal as refusal:
        return _show(request, found, RaiseForm(quota=found), refusal=refusal)
    messages.success(request, f"A quota of {found.scope.name} was lifted.")
    return redirect("quotas")


@require_POST
def decide(request: PageRequest, quota_id: int, raise_id: int) -> HttpResponse:
    """Agree to a raise, refuse it with a reason, or take one's own back."""
    _check_may_see(request)
    found = get_object_or_404(quotas_visible_to(request.user), pk=quota_id)
    get_object_or_404(QuotaRaise, pk=raise_id, quota=found)
    try:
        decision = _decided(request, raise_id)
    except Refusal as refusal:
        return _show(request, found, RaiseForm(quota=found), refusal=refusal)
    messages.success(request, f"{decision.title}: {decision.get_state_display().lower()}.")
    return redirect("quota", quota_id)


def _decided(request: PageRequest, raise_id: int) -> Any:
    by, at = request.user, timezone.now()
    do = request.POST.get("do", "")
    if do == "withdraw":
        return withdraw_raise(raise_id=raise_id, by=by, at=at)
    reason = request.POST.get("reason", "")
    return decide_raise(raise_id=raise_id, approve=do == "approve", by=by, reason=reason, at=at)


def _show(
    request: PageRequest, found: Quota, form: RaiseForm, *, refusal: Refusal | None = None
) -> HttpResponse:
    at = timezone.now()
    [row] = quota_rows([found], at=at)
    context = {
        "row": row,
        "near": near_rows(row),
        "raises": raise_rows(found, user=request.user, at=at),
        "history": found.terms.all(),
        "form": form,
        "refusal": refusal,
        "may_set": can_set_quota(request.user, scope=found.scope),
        "zone": company().time_zone,
        "crumbs": [("Quotas", "/quotas/")],
    }
    status = refusal.status if refusal else UNPROCESSABLE if form.errors else 200
    return render(request, "policy/quota.html", context, status=status)


def _initial(request: PageRequest) -> dict[str, object]:
    """Return the terms of the quota that is to change, as the form takes them."""
    asked = request.GET.get("quota", "")
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 10):  # noqa: PLR2004 -- fits an integer column
        return {}
    found = get_object_or_404(quotas_visible_to(request.user), pk=int(asked))
    terms = found.terms.all()[0]
    plain: Callable[[Any], str] = lambda amount: f"{amount.normalize():f}"  # noqa: E731 -- said once
    return {
        "scope": found.scope.slug,
        "metric": found.metric,
        "window": found.window,
        "per": found.per or ALL,
        "limit": plain(terms.limit),
        "burst": plain(terms.burst),
        "mode": terms.mode,
        "carry_over_pct": terms.carry_over_pct,
        "thresholds": ", ".join(map(str, terms.thresholds)),
        "exempt": "\n".join(terms.exempt),
        "is_prorated": terms.is_prorated,
    }


def _may_set_any(request: PageRequest) -> bool:
    return request.user.memberships.filter(role__in=QUOTA_SETTERS).exists()


def _check_may_see(request: PageRequest) -> None:
    if not can_see_policy(request.user):
        raise PermissionDenied("Quotas are for people with a role here.")
