"""The first day: a company with people, prices, budgets, and what it asks of models."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from django.conf import settings

from budgets.models import Budget
from budgets.operations.budgets import request_budget
from budgets.operations.fund import ask_fund_plan, decide_fund_plan
from budgets.operations.held import hold_decision
from budgets.queries.fund import fund_waiting
from dashboard.demo.cast import Cast, add_people, add_units, appoint_managers, set_profile
from dashboard.demo.company import BY_SLUG, NAME, ROOT
from dashboard.demo.grading import COMPLEX, Graded, grade, require_of_risks
from dashboard.demo.guardrails import rank_all_models
from dashboard.simulation.life import GRADED_ON, PLAN
from dashboard.simulation.stage import CARRY_OUT, Act, Stage
from ingestion.operations.definitions import Terms, define_outcome
from org.operations.calendar import open_fiscal_year, set_up_company
from org.queries.calendar import fiscal_year_containing, reporting_today
from policy.models import Risk, WorkflowLabel
from policy.operations.requirements import Label, label_workflow

RESULT = "Complaint settled"
RESULT_USD = Decimal("3.60")
TASK_TYPE = "complaint reading"
READ = Graded(TASK_TYPE, COMPLEX, 300, {"claude-sonnet-5": 290, "claude-haiku-4-5": 249})
# The units that the sign-ins manage, and those above them.
SMALL = tuple(BY_SLUG[slug] for slug in (ROOT, "insurance", "customer", "claims", "support"))
FUND_USD = Decimal(290_000)


class Asked(NamedTuple):
    """The core, the pool and the reserve that a unit asks for."""

    unit: str
    core_usd: Decimal
    pool_usd: Decimal
    reserve_usd: Decimal


BUDGETS = (
    Asked(ROOT, Decimal(200_000), Decimal(40_000), Decimal(30_000)),
    Asked("customer", Decimal(100_000), Decimal(20_000), Decimal(20_000)),
    Asked(PLAN.unit, Decimal(40_000), Decimal(8_000), Decimal(10_000)),
)


def found(stage: Stage) -> Iterator[Act]:
    """Set the company up on day 1, have its budgets signed, and say what work is."""
    yield Act(stage.at(1, "08:00"), partial(_set_up, stage))
    yield Act(stage.at(1, "08:30"), partial(_appoint, stage))
    yield Act(stage.at(1, "09:20"), partial(_ask_fund, stage))
    yield Act(stage.at(1, "09:40"), partial(_sign_fund, stage))
    for hour, asked in enumerate(BUDGETS, start=10):
        yield Act(stage.at(1, f"{hour}:00"), partial(_ask_budget, stage, asked))
        yield Act(
            stage.at(1, f"{hour}:30"), partial(_approve_budget, stage, asked), rings=CARRY_OUT
        )
    yield Act(stage.at(1, "14:00"), partial(_say_what_work_is, stage))
    yield Act(stage.at(GRADED_ON, "11:00"), partial(_grade, stage))


def _set_up(stage: Stage, at: datetime) -> str:
    """Found the company; its fiscal year starts with the month, so that it holds the life."""
    set_up_company(
        name=NAME,
        time_zone=settings.TOKENOPS_TIME_ZONE,
        currency=settings.TOKENOPS_CURRENCY,
        fiscal_start_month=stage.first_day.month,
        at=at,
    )
    year = fiscal_year_containing(stage.first_day)
    for fiscal_year in (year, year + 1):
        open_fiscal_year(fiscal_year=fiscal_year, at=at)
    cast = Cast({}, {})
    add_units(cast, at, units=SMALL)
    add_people(cast, at, units=SMALL)
    set_profile(cast, at)
    return f"{NAME} is founded, with {len(cast.units)} units and {len(cast.users)} accounts."


def _appoint(stage: Stage, at: datetime) -> str:
    appoint_managers(stage.cast, at)
    return "Every unit has its manager."


def _ask_fund(stage: Stage, at: datetime) -> str:
    ask_fund_plan(
        fiscal_year=_year(at),
        planned_usd=FUND_USD,
        reason="The frame for AI that the board agreed on.",
        by=stage.cast.users["finance"],
        at=at,
    )
    return "Finance asks for the company's fund."


def _sign_fund(stage: Stage, at: datetime) -> str | None:
    asked = fund_waiting(_year(at))
    if asked is None:
        return None
    decide_fund_plan(
        fiscal_year=_year(at),
        approval_id=asked.pk,
        approve=True,
        by=stage.cast.users["cfo"],
        reason="",
        at=at,
    )
    return "The CFO signs the fund."


def _ask_budget(stage: Stage, asked: Asked, at: datetime) -> str:
    request_budget(
        unit=stage.cast.units[asked.unit],
        fiscal_year=_year(at),
        core_usd=asked.core_usd,
        experiment_usd=asked.pool_usd,
        reserve_usd=asked.reserve_usd,
        note="As planned with finance.",
        by=stage.cast.manager(asked.unit),
        at=at,
    )
    return f"{stage.cast.manager(asked.unit)} asks for a budget."


def _approve_budget(stage: Stage, asked: Asked, at: datetime) -> str:
    budget = Budget.objects.get(unit=stage.cast.units[asked.unit], fiscal_year=_year(at))
    hold_decision(
        subject=budget,
        action="approve",
        by=stage.cast.users["cfo"],
        reason="",
        version=budget.version,
        at=at,
    )
    return f"The CFO approves the budget of {budget.unit}."


def _say_what_work_is(stage: Stage, at: datetime) -> str:
    """Define a result, rank the models, and say how good an answer has to be."""
    cast = stage.cast
    define_outcome(
        unit=cast.units[PLAN.unit],
        terms=Terms(
            name=RESULT,
            unit_of_work=PLAN.unit_of_work,
            success="The customer does not write again within fourteen days.",
            owner=cast.manager(PLAN.unit),
            source="complaints desk",
            workflows=[PLAN.workflow],
            value_usd=RESULT_USD,
            review_usd=Decimal(0),
            rework_usd=Decimal(0),
            platform_usd_per_month=Decimal(0),
        ),
        by=cast.users["finance"],
        at=at,
    )
    rank_all_models(cast, at)
    require_of_risks(cast, at)
    label = Label(
        workflow=PLAN.workflow,
        task_type=TASK_TYPE,
        complexity=COMPLEX,
        risk=Risk.MEDIUM,
        latency=WorkflowLabel.Latency.SYNC,
    )
    label_workflow(label=label, reason="As its owner says.", by=cast.users["engineer"], at=at)
    return "Finance says what a result is, and the engineer what its work asks of a model."


def _grade(stage: Stage, at: datetime) -> str:
    grade(stage.cast, READ, at)
    return f"{READ.size} answers of {len(READ.passed)} models are graded."


def _year(at: datetime) -> int:
    return fiscal_year_containing(reporting_today(at))
