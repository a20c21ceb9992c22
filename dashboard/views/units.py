"""Business units: the tree with money beside it, and one unit by itself."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from budgets.sentences import budget_sentence
from dashboard.labels import namer
from dashboard.queries.overview import overview
from dashboard.queries.units import standings_in_force, state_of
from dashboard.windows import choices, window_asked
from ingestion.queries.explorer import answer
from ingestion.queries.questions import Question
from ingestion.queries.rules import rules_in_force
from ingestion.queries.slices import biggest_slices
from ingestion.wording import when_in_words
from org.http import PageRequest
from org.models import Unit
from org.permissions import can_manage_units
from org.queries.calendar import fiscal_year_containing, reporting_today
from org.queries.units import history_of

CRUMBS = [("Units", "/units/")]


@require_safe
def units(request: PageRequest) -> HttpResponse:
    """Show the tree of units with owner, budget, spend and state."""
    today = reporting_today(timezone.now())
    window = window_asked(request.GET.get("period", ""), today=today)
    found = overview(user=request.user, window=window, today=today)
    context = {
        "found": found,
        "window": window,
        "windows": choices(today=today),
        "may_edit": can_manage_units(request.user),
    }
    return render(request, "dashboard/units.html", context)


@require_safe
def unit(request: PageRequest, slug: str) -> HttpResponse:
    """Show one unit: what it spends on which models, by which rules, and its history."""
    found = get_object_or_404(
        Unit.objects.visible_to(request.user).select_related("owner__person", "parent"), slug=slug
    )
    today = reporting_today(timezone.now())
    window = window_asked(request.GET.get("period", ""), today=today)
    models = answer(
        Question(window.period, ("provider", "model"), {"unit": (slug,)}), user=request.user
    )
    name_of = namer(["provider", "model"])
    standings = standings_in_force(
        user=request.user, fiscal_year=fiscal_year_containing(today), on=today
    )
    standing = standings.get(found.pk)
    tone, state = state_of(standing)
    context = {
        "unit": found,
        "window": window,
        "windows": choices(today=today),
        "models": [(name_of(row), row["value"], row["unpriced_calls"]) for row in models.rows],
        "totals": models.totals,
        "standing": standing,
        "sentence": budget_sentence(standing) if standing else "",
        "tone": tone,
        "state": state,
        "rules": [
            (rule, when_in_words(rule.when))
            for rule in rules_in_force()
            if rule.unit.path.startswith(found.path)
        ],
        "slices": biggest_slices(unit=found, period=window.period),
        "history": history_of(found),
        "children": Unit.objects.visible_to(request.user).filter(parent=found).order_by("name"),
        "may_edit": can_manage_units(request.user),
        "crumbs": CRUMBS,
    }
    return render(request, "dashboard/unit.html", context)
