"""Unit economics from the ledger and what is told: divided by known days alone, with evidence."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from finops.periods import Period
from ingestion.models import CostStatus
from ingestion.operations.metrics import FIGURES, record_figures
from ingestion.operations.outcomes import record_outcomes
from ingestion.queries.economics import Economics, Evidence, economics, platform_share
from org.models import User
from tests.factories.ingestion import book, new_slice
from tests.factories.outcomes import defined, told
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast

NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
TODAY = date(2026, 11, 30)


def one(user: User, *, period: Period = NOVEMBER, today: date = TODAY) -> Economics:
    (row,) = economics(user=user, period=period, today=today)
    return row


def count(cast: Cast, at: datetime, period: str, started: int, succeeded: int) -> None:
    record = {
        "definition": "ticket-answered", "period": period,
        "started": started, "succeeded": succeeded,
    }  # fmt: skip
    record_figures(figure=FIGURES["counts"], records=[record], by=cast.fiona, at=at)


def spend(day: int, usd: str, **more: Any) -> None:
    book(new_slice(workflow="support-drafter"), date(2026, 11, day), usd, **more)


def test_the_worked_month(cast: Cast, at: datetime) -> None:
    defined(cast, at=at, rework_usd=Decimal("6.50"))
    spend(10, "4200")
    count(cast, at, "2026-11", 9500, 7790)

    row = one(cast.carl)

    assert row.per_task_usd is not None
    assert row.now.per_outcome_usd is not None
    assert row.now.loaded_per_outcome_usd is not None
    assert round(row.per_task_usd, 3) == Decimal("0.442")
    assert round(row.now.per_outcome_usd, 3) == Decimal("0.539")
    assert round(row.now.loaded_per_outcome_usd, 3) == Decimal("1.966")
    assert row.now.evidence == Evidence.ENOUGH


def test_only_days_that_are_known_are_divided(cast: Cast, at: datetime) -> None:
    defined(cast, at=at)
    spend(3, "10")
    spend(5, "2")
    spend(6, "4")
    record_outcomes(
        records=[told("1", at="2026-11-05T09:00:00Z"), told("2", at="2026-11-06T09:00:00Z")],
        by=cast.ed,
        at=at,
    )

    now = one(cast.carl).now

    assert (now.cost.usd, now.known_cost.usd) == (Decimal(16), Decimal(6))
    assert (now.per_outcome_usd, now.evidence) == (Decimal(3), Evidence.THIN)
    assert now.counts.known_days == 2


def test_without_outcomes_there_is_a_cost_and_no_cost_of_one(cast: Cast, at: datetime) -> None:
    defined(cast, at=at)
    spend(3, "10", status=CostStatus.STATED)
    spend(4, "0", status=CostStatus.UNPRICED, calls=3)

    row = one(cast.carl)

    assert (row.now.cost.usd, row.now.cost.unpriced_calls) == (Decimal(10), 3)
    assert row.now.cost.statuses == {CostStatus.STATED: Decimal(10)}
    assert (row.now.evidence, row.now.per_outcome_usd, row.per_task_usd) == (
        Evidence.NONE, None, None,
    )  # fmt: skip
    assert (row.now.loaded_usd, row.now.margin_per_outcome_usd) == (None, None)
    assert row.moved == []


def test_without_a_count_tasks_are_those_that_calls_name(
    cast: Cast, at: datetime, deliver: Deliver
) -> None:
    defined(cast, at=at)
    line = "{},2026-11-19T10:00:00Z,openai,gpt-4o,support-drafter,ana,{},10,{}\n"
    deliver(
        "id,started_at,provider,model,workflow,user,task,in_text,cost_usd\n"
        + line.format("1", "a", "0.10")
        + line.format("2", "a", "0.20")
        + line.format("3", "b", "0.50")
        + line.format("4", "", "9.00")
    )

    row = one(cast.carl)

    assert (row.per_task_usd, row.tasks.p90_usd) == (Decimal("0.4"), Decimal("0.5"))
    assert row.per_user_usd == Decimal("9.8")


def test_what_a_success_is_worth_is_told_one_by_one_or_by_the_terms(
    cast: Cast, at: datetime
) -> None:
    defined(cast, at=at, value_usd=Decimal(9))
    spend(5, "8")
    count(cast, at, "2026-11", 4, 4)
    assert one(cast.carl).now.margin_per_outcome_usd == Decimal(7)

    record_outcomes(records=[told("1", at="2026-10-05T09:00:00Z", value="3")], by=cast.ed, at=at)
    october = one(cast.carl, period=Period(date(2026, 10, 1), date(2026, 11, 1)))
    assert october.now.value_per_outcome_usd == Decimal(3)


def test_the_trend_is_of_the_last_six_fiscal_periods(cast: Cast, at: datetime) -> None:
    defined(cast, at=at)
    spend(5, "8")
    count(cast, at, "2026-11", 4, 2)
    count(cast, at, "2026-10", 4, 2)

    row = one(cast.carl, today=date(2026, 11, 20))

    assert [step.label for step in row.trend] == [f"FY2026 P{number}" for number in range(6, 12)]
    # November is not over: its count is of days that have not come, so it is not known yet.
    assert row.moved == [None, None, None, None, Decimal(0), None]


def test_a_month_of_platform_is_parted_by_its_days() -> None:
    spans = [
        Period(date(2026, 2, 1), date(2026, 2, 15)),
        Period(date(2026, 3, 30), date(2026, 4, 2)),
    ]

    # 14 of 28 days, 2 of 31 and 1 of 30.
    assert round(platform_share(Decimal(930), spans), 6) == Decimal(465 + 60 + 31)


def test_an_outcome_of_another_unit_is_not_there(cast: Cast, at: datetime) -> None:
    defined(cast, at=at)

    assert economics(user=cast.greta, period=NOVEMBER, today=TODAY) == []
    assert economics(user=cast.stan, period=NOVEMBER, today=TODAY) == []
    assert one(cast.grace).terms.name == "Ticket answered"


@pytest.mark.parametrize("count", [1, 3])
def test_three_outcomes_take_as_many_questions_as_one(
    cast: Cast, at: datetime, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        defined(cast, at=at, name=f"Work {number}", workflows=[f"flow-{number}"])

    with django_assert_num_queries(8):
        economics(user=cast.grace, period=NOVEMBER, today=TODAY)
