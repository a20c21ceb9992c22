"""A core budget that follows its tickets: the ledger sets the rule, the clock scales by it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from budgets.flex_terms import FlexTerms
from budgets.lifecycle import BudgetState
from budgets.models import Budget, FlexRule
from budgets.operations.flex import decide_flex, propose_flex
from budgets.operations.flex_steps import scale
from budgets.queries.core_use import core_use
from budgets.queries.revisions import revision_waiting
from dashboard.demo.cast import Cast
from dashboard.demo.company import manager_of
from dashboard.demo.history import History, Scene, fiscal_year, year_start
from finops.money import ROUNDED
from finops.periods import FiscalPeriod
from ingestion.models import OutcomeDefinition
from ingestion.queries.outcomes import told_of
from org.queries.calendar import periods_of_year

UNIT, WORK = "support", "ticket-answered"
BEGINS_DAYS_AGO = 150
LEARNS_DAYS = 60  # the standard is what the work cost before, so there has to be a before
PROPOSED, SIGNED = 10, 8  # days before the rule begins
SCALED_AFTER_DAYS = (6, 12)  # a period is final five days after its end
THOUSANDTH, MILLIONTH = Decimal("0.001"), Decimal("0.000001")


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    """Yield the rule as it is proposed and signed, and the rounds of the clock since."""
    first = _first_day(history)
    asked, decided = (first - timedelta(days=days) for days in (PROPOSED, SIGNED))
    if asked < history.start + timedelta(days=LEARNS_DAYS) or first > history.today:
        return  # too little is known for a standard
    yield Scene(history.at(asked, "14:10"), partial(_propose, cast, first))
    yield Scene(history.at(decided, "15:05"), partial(_sign, cast))
    month = first
    while month <= history.today:
        month = _next_month(month)
        for days in SCALED_AFTER_DAYS:
            yield Scene(history.at(month + timedelta(days=days), "05:30"), _scale)


def _first_day(history: History) -> date:
    begins = (history.today - timedelta(days=BEGINS_DAYS_AGO)).replace(day=1)
    return max(begins, year_start(fiscal_year(history.today)))


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _propose(cast: Cast, first: date, at: datetime) -> None:
    budget = _budget(fiscal_year(first))
    definition = OutcomeDefinition.objects.select_related("unit").get(slug=WORK)
    periods = periods_of_year(fiscal_year(first))
    known = _last_known(at.date())
    if budget is None or known is None:
        return
    [use] = core_use(budget, [known])
    told = told_of([definition.pk], period=known.period)[definition.pk]
    tickets = told.within(known.period).succeeded
    if not tickets or not use.tokens or use.unpriced or not use.usd:
        return
    ahead = sum(period.start >= first for period in periods)
    propose_flex(
        budget_id=budget.pk,
        terms=FlexTerms(
            definition=definition,
            starts_on=first,
            fixed_usd=Decimal("0.00"),
            tokens_per_unit=ROUNDED.divide(Decimal(use.tokens), tickets).quantize(THOUSANDTH),
            usd_per_mtok=ROUNDED.divide(use.usd * 10**6, Decimal(use.tokens)).quantize(MILLIONTH),
            planned_volumes=[Decimal(tickets)] * ahead,
            reason=f"Tickets grow faster than anybody plans. The standard is {known.label}.",
        ),
        by=cast.users[manager_of(UNIT)],
        at=at,
    )


def _sign(cast: Cast, at: datetime) -> None:
    for rule in FlexRule.objects.filter(state=FlexRule.State.REQUESTED):
        decide_flex(rule_id=rule.pk, approve=True, by=cast.users["cfo"], reason="", at=at)


def _scale(at: datetime) -> None:
    budget = _budget(fiscal_year(at.date()))
    # A revision that somebody is deciding on is let through first: the next round comes.
    if budget is not None and revision_waiting(budget) is None:
        scale(budget_id=budget.pk, at=at)


def _last_known(day: date) -> FiscalPeriod | None:
    """Return the last month that was over for a while by a day."""
    before = day.replace(day=1) - timedelta(days=1)
    return next(
        (each for each in periods_of_year(fiscal_year(before)) if before in each.period), None
    )


def _budget(year: int) -> Budget | None:
    found = Budget.objects.filter(unit__slug=UNIT, fiscal_year=year, state=BudgetState.ACTIVE)
    return found.select_related("unit").first()
