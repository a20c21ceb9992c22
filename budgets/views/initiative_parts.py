"""Parts of an experiment's page, each at its own address: what it cost, and to whom it is told."""

from collections.abc import Iterator

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from budgets.cost_sentences import cost_sentence, outcome_sentence
from budgets.models import Initiative
from budgets.queries.initiative_cost import InitiativeCost, initiative_cost
from ingestion.exports import csv_file
from ingestion.serializers import exact
from org.http import PageRequest
from org.queries.calendar import company, reporting_today

CRUMBS = [("Initiatives", "/initiatives/")]
COLUMNS = ("day", "spent_usd", "daily_cap_usd", "calls", "unpriced_calls")


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
