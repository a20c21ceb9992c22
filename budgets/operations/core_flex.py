"""The flex rule that a graduation proposes: its volume plan, at what a result took so far."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from budgets.flex_terms import FlexTerms
from budgets.models import Budget, FlexRule, Graduation
from budgets.operations.flex import propose_flex
from budgets.queries.hierarchy import active_budget
from budgets.queries.plan import schedule_of
from budgets.queries.revisions import schedule_changes
from finops.graduation import Standard, standard_of
from finops.money import ROUNDED, to_cents
from finops.periods import FiscalPeriod, Period
from ingestion.models import OutcomeDefinition
from ingestion.queries.work import cost_of, work_of_objects
from org.queries.calendar import periods_of_year
from org.refusals import Refusal
from org.templatetags.figures import day as written_day

NONE_LEFT = "No fiscal period of the year begins after it: there is nothing to flex."
NO_STANDARD = "Its results or tokens are not counted: there is no standard to flex by."
HAS_ONE = "The budget has a flex rule already, or one that waits: it stays."


def propose_flex_for(graduation: Graduation, *, at: datetime) -> str:
    """Propose the rule in the name of whoever asked for the experiment; return what came of it.

    Another person signs it, as any rule. The rest of the budget is its fixed part.
    """
    budget = active_budget(unit=graduation.initiative.unit, fiscal_year=graduation.fiscal_year)
    if budget is None or _has_one(budget):
        return HAS_ONE
    periods = [
        each
        for each in periods_of_year(graduation.fiscal_year)
        if each.start >= graduation.starts_on
    ]
    worth = graduation.evidence.measures["worth"]
    standard = _standard(graduation, worth)
    if not periods or standard is None:
        return NO_STANDARD if periods else NONE_LEFT
    terms = _terms(graduation, budget, standard, periods, definition=worth["definition"])
    try:
        with transaction.atomic():
            propose_flex(
                budget_id=budget.pk, terms=terms, by=graduation.initiative.requested_by, at=at
            )
    except Refusal as refusal:
        return f"No flex rule could be proposed: {refusal.detail}"
    return (
        f"A flex rule from {written_day(terms.starts_on)} on is proposed, and waits to be signed."
    )


def _has_one(budget: Budget) -> bool:
    live = (FlexRule.State.REQUESTED, FlexRule.State.SIGNED)
    return FlexRule.objects.filter(budget=budget, state__in=live).exists()


def _standard(graduation: Graduation, worth: Mapping[str, Any]) -> Standard | None:
    baseline, cost_object = (
        graduation.evidence.measures["baseline"],
        graduation.initiative.cost_object,
    )
    if cost_object is None or not baseline or not baseline["from"]:
        return None
    days = Period(*(date.fromisoformat(baseline[name]) for name in ("from", "until")))
    return standard_of(
        outcomes=_number(worth["outcomes"]),
        tokens=cost_of(work_of_objects(cost_object), period=days).tokens,
        usd=_number(worth["ai_usd"]),
        days=days.days,
    )


def _terms(
    graduation: Graduation,
    budget: Budget,
    standard: Standard,
    periods: Sequence[FiscalPeriod],
    *,
    definition: str,
) -> FlexTerms:
    return FlexTerms(
        definition=OutcomeDefinition.objects.get(slug=definition),
        starts_on=periods[0].start,
        fixed_usd=_fixed_usd(graduation, budget, periods),
        tokens_per_unit=standard.tokens_per_unit,
        usd_per_mtok=standard.usd_per_mtok,
        planned_volumes=[
            round(ROUNDED.multiply(standard.a_day, Decimal(each.period.days)), 3)
            for each in periods
        ],
        reason=f"{graduation.initiative.name} graduated: its core follows its volume.",
    )


def _fixed_usd(graduation: Graduation, budget: Budget, periods: Sequence[FiscalPeriod]) -> Decimal:
    """Return what a period of the budget was planned for without the graduation, on average."""
    every = periods_of_year(graduation.fiscal_year)
    schedule = schedule_of(budget, every, schedule_changes([budget]).get(budget.pk, ()))
    planned = dict(zip((each.start for each in every), schedule.amounts_usd(), strict=True))
    gained = sum(
        (
            grant.usd
            for part in graduation.parts.filter(unit=budget.unit)
            for grant in part.grants.filter(starts_on__gte=periods[0].start)
        ),
        Decimal(0),
    )
    rest = sum((planned[each.start] for each in periods), Decimal(0)) - gained
    return to_cents(max(ROUNDED.divide(rest, Decimal(len(periods))), Decimal(0)))


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
