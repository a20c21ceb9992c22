"""Pages of budgets: the year's table, asking for one, one budget."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from budgets.budget_forms import BudgetForm
from budgets.core_sentences import baselines_sentence
from budgets.forms import place_refusal, units_to_ask_for
from budgets.lifecycle import BudgetAction
from budgets.methods import choices_of, method_asked, tried_in_words
from budgets.models import Budget
from budgets.operations.budgets import request_budget
from budgets.queries.burn_down import budget_burn_down
from budgets.queries.core_renewal import core_baselines
from budgets.queries.flex import flex_standing
from budgets.queries.flex_offers import flex_section
from budgets.queries.fund import fund_standing
from budgets.queries.ledger import journals_of_budget
from budgets.queries.offers import budget_offers
from budgets.queries.openings import (
    as_covered,
    opening_waiting,
    openings_in_force,
    openings_of,
    overlap_problem,
)
from budgets.queries.period_grid import period_grid
from budgets.queries.planned_periods import (
    PlannedPeriod,
    planned_periods,
    previewed_periods,
)
from budgets.queries.revision_lines import revision_lines
from budgets.queries.revisions import revision_waiting, revisions_of
from budgets.queries.standing import GridRow, budgets_grid, standing_of, standings_above
from budgets.queries.unsigned import still_unsigned
from budgets.sentences import (
    alert_sentence,
    binding_sentence,
    budget_outlook,
    budget_sentence,
    exceeded_sentence,
)
from budgets.views.deciding import chain_for, decide_from_page, version_of
from budgets.views.thresholds import thresholds_context
from org.http import PageRequest
from org.models import FiscalPeriod
from org.permissions import can_see_company
from org.queries.calendar import (
    company,
    fiscal_year_containing,
    periods_of_year,
    reporting_today,
)
from org.refusals import Invalid, NotAllowed, Refusal
from org.templatetags.figures import money_places
from policy.queries.bounds import bound_of
from policy.queries.content import slug_of

UNPROCESSABLE = 422
CRUMBS = [("Budgets", "/budgets/")]
PHASED = ("unit", "fiscal_year", "core_usd", "phasing", "phasing_weights")


@require_safe
def budgets(request: PageRequest) -> HttpResponse:
    """Show the fiscal year's table: every unit in sight with its budget."""
    found = _year_in_sight(request)
    is_open = found["year"] in found["years"]
    context = {
        "rows": [(row, _outlook(row)) for row in found["rows"]],
        "places": _places(found["rows"]),
        "fund": fund_standing(found["year"]) if is_open and can_see_company(request.user) else None,
    }
    return render(request, "budgets/budgets.html", found | context)


@require_safe
def by_period(request: PageRequest) -> HttpResponse:
    """Show the fiscal year as a grid: what each budget used of its plan, period by period."""
    found = _year_in_sight(request)
    periods = periods_of_year(found["year"]) if found["rows"] else []
    grid = period_grid(found["rows"], periods) if periods else []
    return render(request, "budgets/by_period.html", found | {"grid": grid, "periods": periods})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PageRequest) -> HttpResponse:
    """Ask for a budget; the button that shows its plan stores nothing."""
    if not units_to_ask_for(request.user).exists():
        raise NotAllowed("A budget is asked for by a general manager, finance or the CFO.")
    at = timezone.now()
    initial = {
        "unit": request.GET.get("unit"),
        "fiscal_year": fiscal_year_containing(reporting_today(at)),
    }
    form = BudgetForm(request.POST or None, user=request.user, initial=initial)
    if form.is_valid() and request.POST.get("do") != "preview":
        made = _request(request, form, at=at)
        if made is not None:
            messages.success(request, f"The budget of {made} waits for a decision.")
            return redirect("budget", budget_id=made.pk)
    context = {
        "form": form,
        "planned": _previewed(form),
        "core_needs": _core_needs(form),
        "chain_ahead": chain_for(form.total_usd(), at=at),
        "crumbs": CRUMBS,
    }
    status = UNPROCESSABLE if form.errors else 200
    template = "budgets/_budget_form.html" if request.htmx else "budgets/budget_new.html"
    return render(request, template, context, status=status)


def _core_needs(form: BudgetForm) -> str:
    """Say what of the core is taken by what graduated; nothing where nothing is, or no unit."""
    read = {} if not form.is_bound else form.cleaned_data
    year = read.get("fiscal_year") or form.initial["fiscal_year"]
    units = form.fields["unit"].queryset  # type: ignore[attr-defined] # offered to this person
    unit = read.get("unit") or units.filter(slug=form.initial["unit"]).first()
    baselines = core_baselines(unit, fiscal_year=year) if unit else []
    return baselines_sentence(unit.name, year, baselines) if baselines else ""


@require_safe
def budget(request: PageRequest, budget_id: int) -> HttpResponse:
    """Show one budget: what is left, its burn-down, its ledger, its history."""
    found = get_object_or_404(_visible(request), pk=budget_id)
    return _show(request, found)


@require_POST
def step(request: PageRequest, budget_id: int, action: str) -> HttpResponse:
    """Take a step of the budget's life."""
    found = get_object_or_404(_visible(request), pk=budget_id)
    reason, version = request.POST.get("reason", ""), version_of(request)
    try:
        held = decide_from_page(request, found, _action(action), reason=reason, version=version)
    except Invalid as refusal:
        return _show(request, found, refusal=refusal)
    if held is not None:
        return redirect("approval", approval_id=held.approval_id)
    if still_unsigned(found, action) is not None:
        messages.success(request, "You have signed it; others have to sign it still.")
    else:
        messages.success(request, f"{found}: {BudgetAction(action).label.lower()} is done.")
    return redirect("budget", budget_id=found.pk)


def _show(request: PageRequest, found: Budget, *, refusal: Refusal | None = None) -> HttpResponse:
    at = timezone.now()
    on, asked = reporting_today(at), method_asked(request)
    standing, in_force = standing_of(budget=found, on=on, method=asked), openings_in_force(found)
    context = {
        "budget": found,
        "standing": standing,
        "planned": planned_periods(standing),
        "sentence": budget_sentence(standing),
        "exceeded": exceeded_sentence(standing),
        "binds": binding_sentence([standing, *standings_above(standing, user=request.user)]),
        "alert": alert_sentence(standing.core.alert) if standing.core.alert else "",
        "burn_down": budget_burn_down(standing),
        "flex": (flexed := flex_standing(found, on=on)),
        **flex_section(flexed),
        "choices": choices_of(standing.core.outlook, asked=asked),
        "tried": tried_in_words(standing.core.outlook) if on < standing.year.end else "",
        "offers": budget_offers(found, user=request.user, at=at),
        "journals": journals_of_budget(found),
        "revisions": revision_lines(revisions_of(found)),
        "waiting": revision_waiting(found),
        "openings": [(row, in_force.get(row.period) == row) for row in openings_of(found)],
        "opening_waiting": opening_waiting(found),
        "counted_twice": overlap_problem(found, map(as_covered, in_force.values())),
        "steps": found.steps.select_related("by__person").order_by("pk"),
        "bound": bound_of(slug_of(found.unit), at=at),
        "zone": company().time_zone,
        "refusal": refusal,
        "typed": request.POST.get("reason", ""),
        "crumbs": [*CRUMBS, (f"FY{found.fiscal_year}", f"/budgets/?fy={found.fiscal_year}")],
        **thresholds_context(request, found, at=at),
    }
    status = refusal.status if refusal else 200
    return render(request, "budgets/budget.html", context, status=status)


def _request(request: PageRequest, form: BudgetForm, *, at: datetime) -> Budget | None:
    try:
        return request_budget(**form.cleaned_data, by=request.user, at=at)
    except Refusal as refusal:
        if isinstance(refusal, NotAllowed):
            raise
        place_refusal(form, refusal)
        return None


def _previewed(form: BudgetForm) -> list[PlannedPeriod]:
    """Return the periods that the form's budget would be phased to; tell in it why not."""
    if not form.is_valid():
        return []
    terms = {name: form.cleaned_data[name] for name in PHASED}
    try:
        return previewed_periods(**terms)
    except Refusal as refusal:
        place_refusal(form, refusal)
        return []


def _visible(request: PageRequest) -> QuerySet[Budget]:
    return Budget.objects.visible_to(request.user).select_related("unit", "created_by__person")


def _action(name: str) -> BudgetAction:
    if name not in BudgetAction.values:
        raise Http404(name)
    return BudgetAction(name)


def _year_in_sight(request: PageRequest) -> dict[str, Any]:
    """Return the year that is asked for, those that are open, and its budgets in sight."""
    on = reporting_today(timezone.now())
    current = fiscal_year_containing(on)
    year = _year_asked(request, default=current)
    years = FiscalPeriod.objects.values_list("fiscal_year", flat=True).distinct()
    opened = sorted(set(years), reverse=True)
    rows = budgets_grid(user=request.user, fiscal_year=year, on=on) if year in opened else []
    return {
        "rows": rows,
        "has_budgets": any(row.standing for row in rows),
        "year": year,
        "years": sorted(opened, key=lambda each: each != current),  # the present one first
        "on": on,
        "may_ask": units_to_ask_for(request.user).exists(),
    }


def _year_asked(request: PageRequest, *, default: int) -> int:
    asked = request.GET.get("fy", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 4 else default  # noqa: PLR2004 -- a year has four digits


def _places(rows: list[GridRow]) -> int:
    """Return the decimals that all amounts of the table share."""
    standings = [row.standing for row in rows if row.standing]
    core = [usd for each in standings for usd in (each.core.granted_usd, each.core.actual_usd)]
    return money_places([*core, *(each.pool.granted_usd for each in standings)])


def _outlook(row: GridRow) -> str:
    return budget_outlook(row.standing) if row.standing else ""
