"""Watching what is spent of budgets and caps, and acting once on each level that is reached."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from budgets.lifecycle import SPENDING, BudgetState
from budgets.models import Budget, Initiative
from budgets.operations.thresholds import act_on_spend, keep_blocked
from budgets.queries.experiments import initiative_standings
from budgets.queries.standing import standings_of
from budgets.queries.thresholds import Of, standing_crossings, thresholds_of, unanswered_blocks
from finops.thresholds import levels_reached
from org.queries.calendar import fiscal_year_containing, reporting_today

Spent = tuple[Budget | Initiative, Decimal, Decimal]


def watch_thresholds(*, at: datetime) -> None:
    """Act on every level that an active budget or a running experiment has newly reached."""
    _act(_budgets(at=at), of=Of.BUDGET, at=at)
    _act(_experiments(at=at), of=Of.EXPERIMENT, at=at)
    for crossing_id in unanswered_blocks():
        keep_blocked(crossing_id=crossing_id, at=at)


def _budgets(*, at: datetime) -> list[Spent]:
    on = reporting_today(at)
    year = fiscal_year_containing(on)
    active = Budget.objects.filter(state=BudgetState.ACTIVE, fiscal_year=year)
    found = list(active.select_related("unit").order_by("pk"))
    if not found:
        return []
    standings = standings_of(found, fiscal_year=year, on=on)
    return [
        (budget, standings[budget.pk].core.actual_usd, standings[budget.pk].core.granted_usd)
        for budget in found
    ]


def _experiments(*, at: datetime) -> list[Spent]:
    running = Initiative.objects.filter(state__in=SPENDING).select_related(
        "unit", "owner__person", "on_call__person", "requested_by", "cost_object__scope"
    )
    standings = initiative_standings(list(running.order_by("pk")), on=reporting_today(at))
    return [(each.initiative, each.spent_usd, each.initiative.cap_usd) for each in standings]


def _act(found: Iterable[Spent], *, of: str, at: datetime) -> None:
    """Look without a lock at all of them, and take one only for those that reached something."""
    rows = list(found)
    subjects = [subject for subject, _, _ in rows]
    thresholds, standing = thresholds_of(subjects, of=of), standing_crossings(subjects)
    for subject, spent_usd, granted_usd in rows:
        levels = [level.level_pct for level in thresholds[subject.pk].levels]
        if set(levels_reached(spent_usd, granted_usd, levels)) - standing[subject.pk]:
            act_on_spend(subject=subject, spent_usd=spent_usd, at=at)
