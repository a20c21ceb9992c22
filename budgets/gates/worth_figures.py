"""The figures of gate 1: results, what they bring and what they cost, over some days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from budgets.gates.rule import Inputs, text_of
from budgets.models import Initiative
from budgets.queries.core_objects import cost_objects_of
from finops.gates.worth import FEWEST_OUTCOMES
from finops.money import ROUNDED, calculated_in
from finops.periods import Period
from finops.unit_economics import (
    REALISED_MEASURED,
    REALISED_SURVEYED,
    benefit_usd,
    labour_usd,
    loaded_usd,
    per_piece,
)
from ingestion.models import OutcomeTerms
from ingestion.queries.definitions import terms_in_force
from ingestion.queries.outcomes import OutcomeCounts, outcomes_in
from ingestion.queries.product_money import ProductMoney, other_costs_in, revenue_in
from ingestion.queries.tasks import TaskCosts, per_task_costs
from ingestion.queries.work import WorkCost, cost_of, work_of_objects

CUSTOMER = OutcomeTerms.Kind.CUSTOMER.value
MONTH_DAYS = Decimal(30)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is measured; `product` is empty where no customer pays."""

    product: str
    measures: dict[str, Any]
    data_status: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """How many tasks lead to how many results, and what AI costs for all of them."""

    started: Decimal | None
    outcomes: Decimal | None
    failed: Decimal | None
    ai_usd: Decimal | None
    months: Decimal
    is_projection: bool


def offered_definitions(initiative: Initiative) -> Sequence[tuple[str, str]]:
    """Return the definitions whose workflows are all the experiment's."""
    patterns = [
        pattern
        for condition in initiative.match
        for pattern in _patterns(condition.get("workflow", []))
    ]
    return [
        (terms.definition.slug, terms.name)
        for terms in terms_in_force()
        if all(_is_own(workflow, patterns) for workflow in terms.workflows)
    ]


def figures_of(initiative: Initiative, inputs: Inputs, *, period: Period) -> Figures:
    """Return what gate 1 measures over the period's days."""
    terms = terms_in_force().get(definition__slug=inputs["definition"])
    counts = outcomes_in(terms.definition, period=period)
    work = work_of_objects(*cost_objects_of(initiative))
    cost, tasks = cost_of(work, period=period), per_task_costs(work, period=period)
    volume = _volume(counts, cost, tasks, inputs, period=period)
    own = _customer if terms.kind == CUSTOMER else _internal
    return Figures(
        product=terms.product,
        measures={
            "definition": terms.definition.slug,
            "terms": terms.number,
            "kind": terms.kind,
            "outcomes": text_of(volume.outcomes),
            "coverage": text_of(counts.coverage),
            "is_projection": volume.is_projection,
            "unpriced_calls": cost.unpriced_calls,
            "ai_usd": text_of(volume.ai_usd),
            "p50_usd": text_of(_task_usd(tasks.p50_usd, inputs)),
            "p90_usd": text_of(_task_usd(tasks.p90_usd, inputs)),
            **own(terms, volume, inputs, period),
        },
        data_status={
            "calls": cost.calls,
            "unpriced_calls": cost.unpriced_calls,
            "results": counts.source.value,
            "results_told_one_by_one": counts.n,
            "tasks_named": tasks.tasks,
            **{f"usd_{status.label.lower()}": f"{usd:f}" for status, usd in cost.statuses.items()},
        },
    )


@calculated_in(ROUNDED)
def _volume(
    counts: OutcomeCounts, cost: WorkCost, tasks: TaskCosts, inputs: Inputs, *, period: Period
) -> Volume:
    if counts.succeeded >= FEWEST_OUTCOMES:
        return Volume(
            started=Decimal(counts.started),
            outcomes=Decimal(counts.succeeded),
            failed=Decimal(counts.failed),
            ai_usd=cost.usd,
            months=period.days / MONTH_DAYS,
            is_projection=False,
        )
    planned = _typed(inputs, "planned_per_month")
    # So far as results are known they tell how many tasks one takes.
    per_outcome = Decimal(counts.started) / counts.succeeded if counts.succeeded else Decimal(1)
    started = None if planned is None else planned * per_outcome
    each = per_piece(cost.usd, tasks.tasks) if tasks.tasks else _typed(inputs, "expected_task_usd")
    return Volume(
        started=started,
        outcomes=planned,
        failed=None if started is None or planned is None else started - planned,
        ai_usd=None if each is None or started is None else each * started,
        months=Decimal(1),
        is_projection=True,
    )


@calculated_in(ROUNDED)
def _internal(
    terms: OutcomeTerms, volume: Volume, inputs: Inputs, period: Period
) -> dict[str, Any]:
    return {
        "benefit_usd": text_of(_benefit(terms, volume, inputs, period)),
        "cost_usd": text_of(_cost(terms, volume, inputs)),
        "human_usd": text_of(_typed(inputs, "human_usd")),
    }


def _benefit(terms: OutcomeTerms, volume: Volume, inputs: Inputs, period: Period) -> Decimal | None:
    """Return what the results bring, None where the definition does not say what one does."""
    if volume.outcomes is None:
        return None
    legacy = _legacy(inputs, volume, period)
    if terms.value_usd is not None:
        return terms.value_usd * volume.outcomes + legacy
    if terms.minutes_saved is None or terms.loaded_usd_per_hour is None:
        return None
    surveyed = terms.minutes_basis == OutcomeTerms.Basis.SURVEY
    return benefit_usd(
        labour_saved_usd=labour_usd(
            pieces=volume.outcomes,
            minutes=terms.minutes_saved,
            usd_per_hour=terms.loaded_usd_per_hour,
        ),
        realised=REALISED_SURVEYED if surveyed else REALISED_MEASURED,
        legacy_usd=legacy,
    )


def _legacy(inputs: Inputs, volume: Volume, period: Period) -> Decimal:
    """Return what cancelled software saves: only of the days since it was cancelled."""
    a_month, since = _typed(inputs, "legacy_usd_per_month"), inputs.get("legacy_from")
    if a_month is None or not since:
        return ZERO
    days = max((period.end - max(date.fromisoformat(since), period.start)).days, 0)
    share = Decimal(days) / period.days
    return a_month * volume.months * share


def _cost(terms: OutcomeTerms, volume: Volume, inputs: Inputs) -> Decimal | None:
    """Return the loaded cost, None where a part of it is not stated."""
    parts = (terms.review_usd, terms.rework_usd, terms.platform_usd_per_month)
    if volume.ai_usd is None or volume.started is None or volume.failed is None:
        return None
    review, rework, platform = parts
    if review is None or rework is None or platform is None:
        return None
    build = _typed(inputs, "build_usd_per_month") or ZERO
    return loaded_usd(
        ai_usd=volume.ai_usd,
        review_usd=review * volume.started,
        rework_usd=rework * volume.failed,
        platform_usd=(platform + build) * volume.months,
    )


@calculated_in(ROUNDED)
def _customer(
    terms: OutcomeTerms, volume: Volume, inputs: Inputs, period: Period
) -> dict[str, Any]:
    outcomes, started = volume.outcomes, volume.started
    waste = started / outcomes - 1 if outcomes and started else ZERO
    revenue = revenue_in(terms.product, period=period)
    others = other_costs_in(terms.product, period=period)
    return {
        "price_usd": text_of(_of_piece(revenue, volume, period) or _typed(inputs, "price_usd")),
        "other_usd": text_of(_of_piece(others, volume, period) or _typed(inputs, "other_usd")),
        "waste": f"{waste:f}",
    }


def _of_piece(money: ProductMoney, volume: Volume, period: Period) -> Decimal | None:
    """Return the money of a piece, None where days are missing or results are only planned."""
    if money.days < period.days or volume.is_projection or not volume.outcomes:
        return None
    return money.usd / volume.outcomes


def _task_usd(measured: Decimal | None, inputs: Inputs) -> Decimal | None:
    return measured if measured is not None else _typed(inputs, "expected_task_usd")


def _typed(inputs: Inputs, name: str) -> Decimal | None:
    return Decimal(inputs[name]) if inputs.get(name) else None


def _patterns(wanted: str | Sequence[str]) -> Sequence[str]:
    return [wanted] if isinstance(wanted, str) else wanted


def _is_own(workflow: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(workflow, pattern) for pattern in patterns)
