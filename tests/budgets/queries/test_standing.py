"""The standing of budgets: granted, spent, left, at which pace and until when."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from budgets.queries.consequences import Consequence
from budgets.queries.standing import budgets_grid, standing_of
from finops.backtest import Method
from finops.periods import Period
from ingestion.models import CostStatus
from ingestion.queries.spend import spent
from org.models import Unit
from org.operations.calendar import open_fiscal_year
from policy.models import Scope
from policy.operations.scopes import put_cap
from tests.factories.budgets import asked_budget, granted_budget, running, spend
from tests.factories.org import new_cost_object, new_unit
from tests.org_cast import Cast

TODAY = date(2026, 11, 20)
YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))


def spend_daily(unit: Unit, usd: str, *, days: int, until: date = TODAY, **more: Any) -> None:
    """Book the same amount to each of the last days before `until`."""
    for back in range(1, days + 1):
        spend(unit, until - timedelta(days=back), usd, **more)


def test_a_budget_nobody_used_has_all_of_it_left_and_no_pace(cast: Cast, at: datetime) -> None:
    core = standing_of(budget=granted_budget(cast, at=at), on=TODAY).core

    assert core.granted_usd == core.available_usd == Decimal(1000)
    assert core.actual_usd == 0
    assert core.run_rate_usd is None
    assert core.outlook.forecast is None
    assert core.exhausts is None


def test_what_is_only_asked_for_cannot_run_out(cast: Cast, at: datetime) -> None:
    spend_daily(cast.support, "5.00", days=30)

    core = standing_of(budget=asked_budget(cast, at=at), on=TODAY).core

    assert core.run_rate_usd == Decimal("5.00")
    assert core.exhausts is None


def test_an_even_year_allows_its_share_of_the_days_that_are_over(cast: Cast, at: datetime) -> None:
    core = standing_of(budget=granted_budget(cast, core="3650.00", at=at), on=TODAY).core

    # 323 days lie before 20 November; ten dollars a day are planned.
    assert core.pace_usd == Decimal(3230)


def test_core_counts_the_unit_and_all_beneath_and_leaves_experiments_out(
    cast: Cast, at: datetime
) -> None:
    budget = granted_budget(cast, unit=cast.operations, at=at)
    spend(cast.operations, date(2026, 3, 1), "1.00")
    spend(cast.support, date(2026, 3, 1), "2.00")
    spend(cast.support, date(2026, 3, 1), "4.00", cost_object=new_cost_object(unit=cast.support))
    spend(cast.acme, date(2026, 3, 1), "8.00")
    spend(cast.support, date(2026, 3, 1), "16.00", metered=False)
    spend(cast.support, date(2025, 12, 31), "32.00")

    core = standing_of(budget=budget, on=TODAY).core

    assert core.actual_usd == Decimal("3.00")
    assert core.actual_usd == spent(period=YEAR, unit=cast.operations, core_only=True).usd


def test_calls_without_a_price_are_counted_and_not_taken_for_free(cast: Cast, at: datetime) -> None:
    budget = granted_budget(cast, at=at)
    spend(cast.support, TODAY, "0", status=CostStatus.UNPRICED, calls=12)

    assert standing_of(budget=budget, on=TODAY).unpriced_calls == 12


def test_a_steady_spend_names_the_day_the_money_is_gone(cast: Cast, at: datetime) -> None:
    budget = granted_budget(cast, core="480.00", at=at)
    spend_daily(cast.support, "10.00", days=28)

    core = standing_of(budget=budget, on=TODAY).core

    # 280 of 480 are spent: 200 last 20 days, the 20th of which is 9 December.
    # 5 % more a day: 10.50 lasts 19.05 days, so 20; 9.50 lasts 21.05, so 22.
    assert core.run_rate_usd == Decimal(10)
    assert core.exhausts == (date(2026, 12, 9), date(2026, 12, 9), date(2026, 12, 11))
    total = Decimal(280 + 42 * 10)
    assert core.outlook.total == (total - 21, total, total + 21)


@pytest.mark.parametrize("method", Method)
def test_another_method_forecasts_where_it_is_asked_for(
    cast: Cast, at: datetime, method: Method
) -> None:
    budget = granted_budget(cast, at=at)
    spend_daily(cast.support, "1.00", days=40)

    forecast = standing_of(budget=budget, on=TODAY, method=method).core.outlook.forecast

    assert forecast is not None
    assert forecast.method == method


def test_what_is_spent_today_is_left_out_of_the_pace_and_in_what_is_left(
    cast: Cast, at: datetime
) -> None:
    budget = granted_budget(cast, core="480.00", at=at)
    spend_daily(cast.support, "10.00", days=28)
    spend(cast.support, TODAY, "7.00")

    core = standing_of(budget=budget, on=TODAY).core

    assert core.available_usd == Decimal("193.00")
    assert core.run_rate_usd == Decimal(10)
    assert core.exhausts is not None
    assert core.exhausts.expected == date(2026, 12, 9)


def test_fewer_than_fourteen_days_are_rough_and_fewer_than_seven_tell_no_day(
    cast: Cast, at: datetime
) -> None:
    budget = granted_budget(cast, at=at)
    spend_daily(cast.support, "100.00", days=6)

    of_six = standing_of(budget=budget, on=TODAY).core.outlook
    spend(cast.support, TODAY, "100.00")
    of_seven = standing_of(budget=budget, on=TODAY + timedelta(days=1)).core.outlook

    assert of_six.forecast is not None
    assert (of_six.forecast.is_rough, of_six.forecast.known_days) == (True, 6)
    assert (of_six.exhausts, of_six.total) == (None, None)
    # 300 are left from 21 November on: two days at 150, three at 100, six at 50.
    assert of_seven.exhausts == (date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 26))


def test_days_the_ledger_has_not_reached_are_expected_and_not_free(
    cast: Cast, at: datetime
) -> None:
    budget = granted_budget(cast, core="480.00", at=at)
    spend_daily(cast.support, "10.00", days=28, until=TODAY - timedelta(days=3))

    core = standing_of(budget=budget, on=TODAY).core

    # 280 are known by 16 November; the 200 that are left last until 6 December.
    assert core.outlook.forecast is not None
    assert core.outlook.forecast.first_day == date(2026, 11, 17)
    assert core.exhausts is not None
    assert core.exhausts.expected == date(2026, 12, 6)


def test_the_next_years_budget_is_not_spent_before_it_begins(cast: Cast, at: datetime) -> None:
    open_fiscal_year(fiscal_year=2027, at=at)
    budget = granted_budget(cast, core="480.00", fiscal_year=2027, at=at)
    spend_daily(cast.support, "10.00", days=28)

    core = standing_of(budget=budget, on=TODAY).core

    assert core.exhausts is not None
    assert core.exhausts.expected == date(2027, 2, 17)  # the 48th day
    assert core.outlook.total is not None
    assert core.outlook.total.expected_usd == 3650


def test_burning_twice_the_plan_for_seven_days_and_on_the_last_is_an_alert(
    cast: Cast, at: datetime
) -> None:
    budget = granted_budget(cast, core="3650.00", at=at)  # ten dollars a day are planned
    spend_daily(cast.support, "20.00", days=7)
    fast = standing_of(budget=budget, on=TODAY).core.alert
    spend(cast.support, TODAY, "19.99")

    slower = standing_of(budget=budget, on=TODAY + timedelta(days=1)).core.alert

    assert fast == (Decimal(2), Decimal(2))
    assert slower is None


@pytest.mark.parametrize(
    ("limit", "mode", "window", "then"),
    [
        ("1000.00", "hard", "total", Consequence.BLOCKS),
        ("1000.01", "hard", "total", Consequence.TELLS),  # it is not reached by then
        ("10.00", "hard", "day", Consequence.TELLS),  # it blocks a day, not what is left
        ("900.00", "soft", "total", Consequence.TELLS),
        ("900.00", "alert", "total", Consequence.TELLS),
    ],
)
def test_what_happens_then_is_what_the_caps_on_the_units_scope_do(
    cast: Cast, at: datetime, *, limit: str, mode: str, window: str, then: Consequence
) -> None:
    budget = granted_budget(cast, at=at)
    before = standing_of(budget=budget, on=TODAY).core.then
    put_cap(
        scope=Scope.objects.get(unit=cast.support),
        window=window,
        limit_usd=Decimal(limit),
        mode=mode,
        starts_on=YEAR.start,
        ends_on=None,
        by=cast.carl,
        at=at,
    )

    assert before == Consequence.TELLS
    assert standing_of(budget=budget, on=TODAY).core.then == then


def test_a_day_without_spend_within_the_data_cost_nothing(cast: Cast, at: datetime) -> None:
    budget = granted_budget(cast, at=at)
    spend(cast.support, TODAY - timedelta(days=4), "12.00")
    spend(cast.claims, TODAY - timedelta(days=1), "1.00")

    core = standing_of(budget=budget, on=TODAY).core

    assert core.run_rate_usd == Decimal(3)


def test_the_pool_is_what_was_passed_on_committed_and_free(cast: Cast, at: datetime) -> None:
    above = granted_budget(cast, unit=cast.operations, core="0.00", pool="900.00", at=at)
    budget = granted_budget(cast, core="0.00", pool="300.00", at=at)
    running(cast, at=at)

    of_operations = standing_of(budget=above, on=TODAY).pool
    of_support = standing_of(budget=budget, on=TODAY).pool

    assert vars(of_operations) == {
        "granted_usd": 900,
        "passed_on_usd": 300,
        "exceeded_usd": 0,
        "committed_usd": 0,
        "free_usd": 600,
    }
    assert vars(of_support) == {
        "granted_usd": 300,
        "passed_on_usd": 0,
        "exceeded_usd": 0,
        "committed_usd": 100,
        "free_usd": 200,
    }


def test_a_budget_that_only_waits_grants_nothing(cast: Cast, at: datetime) -> None:
    standing = standing_of(budget=asked_budget(cast, at=at), on=TODAY)

    assert standing.core.granted_usd == standing.pool.granted_usd == 0


def test_the_grid_shows_the_tree_as_far_as_one_may_see(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)

    for_carl = budgets_grid(user=cast.carl, fiscal_year=2026, on=TODAY)
    for_grace = budgets_grid(user=cast.grace, fiscal_year=2026, on=TODAY)

    assert [(row.unit.name, row.level) for row in for_carl] == [
        ("Acme", 0),
        ("Operations", 1),
        ("Claims", 2),
        ("Support", 2),
    ]
    assert [row.standing is not None for row in for_carl] == [False, False, False, True]
    assert [row.unit.name for row in for_grace] == ["Support"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_grid_asks_the_same_number_of_questions_for_any_number_of_budgets(
    cast: Cast, at: datetime, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        unit = new_unit(f"Team {number}", parent=cast.support)
        granted_budget(cast, unit=unit, at=at)
        spend(unit, TODAY - timedelta(days=1), "1.00")

    with django_assert_num_queries(15):
        rows = budgets_grid(user=cast.carl, fiscal_year=2026, on=TODAY)

    assert sum(row.standing is not None for row in rows) == count
