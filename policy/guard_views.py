"""Pages of a scope's guard, and of the figures that margins are judged by."""

from datetime import date

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from org.forms import show_refusal
from org.http import PageRequest
from org.permissions import can_see_policy
from org.profile_wording import value_of
from org.queries.calendar import reporting_today
from org.queries.profile import profile_on
from org.refusals import Refusal
from policy.breaker_views import crumbs_of
from policy.guard_forms import GuardForm, MarginsForm
from policy.margin_records import COLUMNS, margins_in
from policy.models import MarginEntry, Scope
from policy.operations.guards import GuardTerms, check_terms, put_guard, terms_of
from policy.operations.margins import MarginAnswer, record_margins
from policy.permissions import can_guard_scope, scopes_visible_to
from policy.queries.dry_run import DryRun, Tried, dry_run

UNPROCESSABLE = 422
SHOWN_MARGINS = 50
OF_MARGINS = ("gm_floor", "margin_windows", "first_action")


@require_http_methods(["GET", "HEAD", "POST"])
def guard(request: PageRequest, slug: str) -> HttpResponse:
    """Show a scope's guard and what it would have done; a POST tries another, or sets it."""
    scope = get_object_or_404(scopes_visible_to(request.user), slug=slug)
    form = GuardForm(request.POST) if request.method == "POST" else GuardForm.of(_terms(scope))
    if request.method != "POST" or not form.is_valid():
        return _show(request, scope, form)
    try:
        terms = form.draft()
        check_terms(terms)
        if request.POST.get("do") == "preview":
            return _show(request, scope, form, terms=terms)
        put_guard(scope=scope, terms=terms, by=request.user, at=timezone.now())
    except Refusal as refusal:
        show_refusal(form, refusal)
        return _show(request, scope, form, status=refusal.status)
    messages.success(request, f"The guard of {scope.name} is set.")
    return redirect("breaker-guard", slug=scope.slug)


@require_http_methods(["GET", "HEAD", "POST"])
def margins(request: PageRequest) -> HttpResponse:
    """Show what scopes brought in; a POST takes a CSV, and names every line it did not keep."""
    if not can_see_policy(request.user):
        raise PermissionDenied("Margins are for people with a role here.")
    form = MarginsForm(request.POST or None, request.FILES or None)
    answer: MarginAnswer | None = None
    rejected: list[tuple[int, str]] = []
    if request.method == "POST" and form.is_valid():
        try:
            rows = margins_in(form.text())
            records = [row.record for row in rows]
            answer = record_margins(records=records, by=request.user, at=timezone.now())
            rejected = [(rows[each.index].line, each.detail) for each in answer.rejected]
        except Refusal as refusal:
            show_refusal(form, refusal)
    entries = MarginEntry.objects.filter(scope__in=scopes_visible_to(request.user))
    related = entries.select_related("scope", "recorded_by__person")
    context = {
        "form": form,
        "answer": answer,
        "rejected": rejected,
        "columns": ", ".join(COLUMNS),
        "entries": related.order_by("-ends_at", "-pk")[:SHOWN_MARGINS],
    }
    status = UNPROCESSABLE if form.errors or rejected else 200
    return render(request, "policy/margins.html", context, status=status)


def _show(
    request: PageRequest,
    scope: Scope,
    form: GuardForm,
    *,
    terms: GuardTerms | None = None,
    status: int | None = None,
) -> HttpResponse:
    today = reporting_today(timezone.now())
    profile = profile_on(today)
    found = None if form.errors else _tried(scope, terms or _terms(scope), today=today)
    context = {
        "scope": scope,
        "form": form,
        "found": found,
        "preset": {name: value_of(profile, name) for name in OF_MARGINS},
        "may_guard": can_guard_scope(request.user, scope=scope),
        "crumbs": crumbs_of(scope),
    }
    is_part = request.htmx and request.POST.get("do") == "preview"
    template = "policy/_dry_run.html" if is_part else "policy/guard.html"
    # A preview that cannot be read yet is no failure: somebody is still typing.
    refused = UNPROCESSABLE if form.errors and not is_part else 200
    return render(request, template, context, status=status or refused)


def _tried(scope: Scope, terms: GuardTerms, *, today: date) -> DryRun:
    tried = Tried(
        usd_per_minute=terms.usd_per_minute,
        slow_at=terms.slow_at,
        downgrade_at=terms.downgrade_at,
    )
    return dry_run(scope, tried, on=today)


def _terms(scope: Scope) -> GuardTerms:
    standing = scope.guards.filter(retired_at__isnull=True).first()
    return terms_of(standing) if standing else GuardTerms()
