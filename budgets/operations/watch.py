"""Telling, once for each threshold, that a budget or the cap of an experiment runs out."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from budgets.lifecycle import BudgetState, InitiativeState
from budgets.models import Budget, Initiative
from budgets.queries.experiments import InitiativeStanding, initiative_standings
from budgets.queries.standing import Standing, standings_of
from org.models import NoticeKind, Role, Unit, User
from org.operations.notices import tell
from org.queries.calendar import fiscal_year_containing, reporting_today
from org.queries.people import holders_of
from org.templatetags.figures import usd

THRESHOLDS_PCT = (80, 100)


def tell_of_thresholds(*, at: datetime) -> None:
    """Tell of every active budget and running experiment that reached a threshold."""
    on = reporting_today(at)
    year = fiscal_year_containing(on)
    budgets = Budget.objects.filter(state=BudgetState.ACTIVE, fiscal_year=year)
    active = list(budgets.select_related("unit"))
    if active:
        for standing in standings_of(active, fiscal_year=year, on=on).values():
            _tell_of_budget(standing, at=at)
    running = Initiative.objects.filter(state=InitiativeState.SANDBOX).select_related(
        "unit", "owner__person", "on_call__person", "requested_by", "cost_object__scope"
    )
    for experiment in initiative_standings(list(running), on=on):
        _tell_of_experiment(experiment, at=at)


def reached_pct(spent_usd: Decimal, limit_usd: Decimal, *, thresholds: Iterable[int]) -> int | None:
    """Return the highest threshold, in percent of the limit, that spend has reached."""
    if limit_usd <= 0:
        return None
    return max((pct for pct in thresholds if spent_usd * 100 >= limit_usd * pct), default=None)


def _tell_of_budget(standing: Standing, *, at: datetime) -> None:
    budget, core = standing.budget, standing.core
    pct = reached_pct(core.actual_usd, core.granted_usd, thresholds=THRESHOLDS_PCT)
    if pct is None:
        return
    _tell(
        f"budget:{budget.pk}",
        pct,
        title=f"{pct}% of the core budget of {budget} is spent",
        text=f"{usd(core.actual_usd)} of {usd(core.granted_usd)}.",
        url=f"/budgets/{budget.pk}/",
        unit=budget.unit,
        to=holders_of(Role.CFO, Role.FINANCE, Role.GM, unit=budget.unit),
        at=at,
    )


def _tell_of_experiment(standing: InitiativeStanding, *, at: datetime) -> None:
    experiment = standing.initiative
    pct = reached_pct(standing.spent_usd, experiment.cap_usd, thresholds=THRESHOLDS_PCT)
    if pct is None:
        return
    _tell(
        f"initiative:{experiment.slug}",
        pct,
        title=f"{pct}% of the cap of {experiment.name} is spent",
        text=f"{usd(standing.spent_usd)} of {usd(experiment.cap_usd)}.",
        url=f"/initiatives/{experiment.slug}/",
        unit=experiment.unit,
        to=[experiment.owner, *([experiment.on_call] if experiment.on_call else [])],
        at=at,
    )


def _tell(
    subject: str,
    pct: int,
    *,
    title: str,
    text: str,
    url: str,
    unit: Unit,
    to: Iterable[User],
    at: datetime,
) -> None:
    tell(
        kind=NoticeKind.THRESHOLD,
        subject=subject,
        title=title,
        text=text,
        url=url,
        unit=unit,
        to=to,
        by=None,
        at=at,
        once=f"{subject}:{pct}",
    )
