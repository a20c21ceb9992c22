"""Parts of an experiment's page, each at its own address: cost, policy, activity."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from budgets.cost_sentences import cost_sentence, outcome_sentence
from budgets.models import Initiative
from budgets.operations.scopes import scope_slug
from budgets.policy_sentences import (
    blocked_sentence,
    cap_lines,
    fleet_sentence,
    models_sentence,
    policy_sentence,
    stale_word,
)
from budgets.queries.activity import activity_of
from budgets.queries.initiative_cost import InitiativeCost, initiative_cost
from ingestion.exports import csv_file
from ingestion.serializers import exact
from org.http import PageRequest
from org.queries.calendar import company, reporting_today
from policy.permissions import scopes_visible_to
from policy.queries.scope_policy import ScopePolicy, policy_of

CRUMBS = [("Initiatives", "/initiatives/")]
PAGE_SIZE = 50
COLUMNS = ("day", "spent_usd", "daily_cap_usd", "calls", "unpriced_calls")


class ScopeLine(NamedTuple):
    """A scope of the document: why it does not run freely, and its caps in words."""

    entry: Mapping[str, Any]
    blocked: str
    caps: list[tuple[str, Decimal]]


@require_safe
def cost(request: PageRequest, slug: str) -> HttpResponseBase:
    """Show what an experiment cost, day by day against its cap, by model and by result."""
    found = _initiative(request, slug)
    shown = initiative_cost(found, user=request.user, on=reporting_today(timezone.now()))
    if request.GET.get("format") == "csv":
        return csv_file(f"{slug}-cost.csv", COLUMNS, _cells(shown))
    context = {
        **_frame(found),
        "cost": shown,
        "sentence": cost_sentence(shown),
        "outcomes": outcome_sentence(shown),
    }
    return render(request, "budgets/initiative_cost.html", context)


@require_safe
def policy(request: PageRequest, slug: str) -> HttpResponse:
    """Show what routers must do with an experiment's calls, and which of them know it."""
    found = _initiative(request, slug)
    shown, zone = policy_of(scope_slug(found)), company().time_zone
    context = {
        **_frame(found),
        "policy": shown,
        "sentence": policy_sentence(shown, zone=zone),
        "line": _line_in_sight(request, shown, zone=zone) if shown else [],
        "fleet": fleet_sentence(shown) if shown else "",
        "models": models_sentence(shown, asked=list(found.allowed_models)) if shown else "",
        "when_stale": stale_word(shown.own) if shown else "",
    }
    return render(request, "budgets/initiative_policy.html", context)


@require_safe
def activity(request: PageRequest, slug: str) -> HttpResponse:
    """Show all that happened to an experiment, the newest first, page by page."""
    found = _initiative(request, slug)
    scope = getattr(found.cost_object, "scope", None)
    entries = activity_of(found, scope=scope)
    page = Paginator(entries, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {**_frame(found), "page": page}
    return render(request, "budgets/initiative_activity.html", context)


def _line_in_sight(request: PageRequest, shown: ScopePolicy, *, zone: str) -> list[ScopeLine]:
    """Return the experiment's scope, and those above it that the reader may see."""
    seen = set(scopes_visible_to(request.user).values_list("slug", flat=True))
    return [
        ScopeLine(entry, blocked_sentence(entry, zone=zone), cap_lines(entry))
        for entry in shown.line
        if entry is shown.own or entry["id"] in seen
    ]


def _cells(shown: InitiativeCost) -> Iterator[list[object]]:
    for each in shown.days:
        amounts = (None if usd is None else exact(usd) for usd in (each.spent_usd, each.cap_usd))
        yield [each.day, *amounts, each.calls, each.unpriced_calls]


def _frame(found: Initiative) -> dict[str, object]:
    """Return what every part of the page shows around what is its own."""
    return {
        "initiative": found,
        "zone": company().time_zone,
        "crumbs": [*CRUMBS, (found.name, f"/initiatives/{found.slug}/")],
    }


def _initiative(request: PageRequest, slug: str) -> Initiative:
    rows = Initiative.objects.visible_to(request.user).select_related(
        "unit", "owner__person", "on_call__person", "requested_by__person", "cost_object__scope"
    )
    return get_object_or_404(rows, slug=slug)
