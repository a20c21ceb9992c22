"""The allocation rules as they stand: the list, the queue of what they miss, the why-ladder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from finops.periods import ONE_DAY, Period
from ingestion.models import Assignment, Rule, RuleBook, Slice
from ingestion.queries.attributes import WITHHELD, may_see_names
from ingestion.queries.rule_effects import (
    NOTHING_CAUGHT,
    Catch,
    catches,
)
from ingestion.queries.rules import (
    attributes_of,
    book_in_force,
    dated_rules,
    rules_in_force,
)
from ingestion.queries.unallocated import telling_conditions, unallocated_groups
from ingestion.queries.why import ladder
from ingestion.wording import attribute_in_words, condition_in_words, when_in_words
from org.http import PageRequest
from org.models import Unit, User
from org.permissions import can_manage_rules, can_see_company
from org.queries.calendar import company, fiscal_year_containing, reporting_today, year_period
from org.refusals import NotAllowed, NotThere

UNPROCESSABLE = 422
CAUGHT_DAYS = 30
CRUMBS = [("Rules", "/rules/")]
HISTORY = 20


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule as the table shows it."""

    rule: Rule
    words: str
    catch: Catch


@require_safe
def rules(request: PageRequest) -> HttpResponse:
    """List the rules in the order they are tried, with what each caught lately."""
    today = reporting_today(timezone.now())
    standing = rules_in_force()
    caught = catches(
        dated_rules(standing), period=Period(today - timedelta(days=CAUGHT_DAYS), today + ONE_DAY)
    )
    visible = _visible_ids(request.user)
    context = {
        "lines": [
            RuleLine(rule, when_in_words(rule.when), caught.get(rule.pk, NOTHING_CAUGHT))
            for rule in standing
            if visible is None or rule.unit_id in visible
        ],
        "days": CAUGHT_DAYS,
        "book": book_in_force(),
        "history": RuleBook.objects.select_related("published_by__person").order_by("-number")[
            :HISTORY
        ],
        "may_edit": can_manage_rules(request.user),
        "sees_company": can_see_company(request.user),
        "zone": company().zone,
    }
    return render(request, "ingestion/rules.html", context)


@require_safe
def unallocated(request: PageRequest) -> HttpResponse:
    """Show the queue of spend that no rule catches, the biggest first."""
    if not can_see_company(request.user):
        raise NotAllowed("Unallocated spend is of no unit, so only company-wide roles see it.")
    year = _open_year(timezone.now())
    groups = unallocated_groups(period=year)
    context = {
        "groups": [(g, _worded(g.shared), urlencode(g.conditions)) for g in groups],
        "usd": sum((group.usd for group in groups), Decimal(0)),
        "year": year,
        "may_edit": can_manage_rules(request.user),
        "crumbs": CRUMBS,
    }
    return render(request, "ingestion/unallocated.html", context)


@require_safe
def why(request: PageRequest, slice_id: int) -> HttpResponse:
    """Explain which rule decides on a slice, and why no other did."""
    piece = get_object_or_404(Slice, pk=slice_id)
    today = reporting_today(timezone.now())
    day = _day_asked(request, default=today)
    assignment = (
        Assignment.objects.filter(slice=piece, starts_on__lte=day, ends_on__gt=day)
        .select_related("unit", "cost_object")
        .first()
    )
    unit = assignment.unit if assignment else None
    visible = _visible_ids(request.user)
    if visible is not None and (unit is None or unit.pk not in visible):
        raise NotThere("There is no such slice of spend that you may see.")
    shown = dict(attributes_of(piece))
    if shown["person"] and not may_see_names(request.user, unit=unit):
        shown["person"] = WITHHELD
    context = {
        "piece": piece,
        "unit": unit,
        "cost_object": assignment.cost_object if assignment else None,
        "day": day,
        "attributes": _worded(shown),
        "conditions": urlencode(telling_conditions(attributes_of(piece))),
        "rungs": [
            (rung, [(condition_in_words(c.attribute, c.wanted), c) for c in rung.conditions])
            for rung in ladder(piece, on=day, user=request.user)
        ],
        "book": book_in_force(),
        "may_edit": can_manage_rules(request.user),
        "crumbs": CRUMBS,
    }
    return render(request, "ingestion/why.html", context)


def _worded(attributes: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(attribute_in_words(name), value) for name, value in attributes.items()]


def _visible_ids(user: User) -> set[int] | None:
    """Return the ids of the units in sight; None where all are, and Unallocated too."""
    if can_see_company(user):
        return None
    return set(Unit.objects.visible_to(user).values_list("pk", flat=True))


def _open_year(at: datetime) -> Period:
    return year_period(fiscal_year_containing(reporting_today(at)))


def _day_asked(request: PageRequest, *, default: date) -> date:
    try:
        return date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        return default
