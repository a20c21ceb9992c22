"""The year as a grid: used against planned in every period, unknown where nothing is known."""

from datetime import date, datetime
from decimal import Decimal

from budgets.queries.period_grid import PeriodCell, period_grid
from budgets.queries.standing import budgets_grid
from org.models import User
from org.queries.calendar import periods_of_year
from tests.budgets.operations.test_openings import opened
from tests.factories.budgets import granted_budget, running, spend
from tests.org_cast import Cast

TODAY = date(2026, 11, 20)


def cells_of(user: User) -> dict[str, list[PeriodCell]]:
    rows = budgets_grid(user=user, fiscal_year=2026, on=TODAY)
    return {line.row.unit.name: line.cells for line in period_grid(rows, periods_of_year(2026))}


def test_each_period_has_its_plan_and_what_the_ledger_knows(cast: Cast, at: datetime) -> None:
    granted_budget(cast, core="3650.00", at=at)
    spend(cast.support, date(2026, 9, 30), "310.00")
    spend(cast.support, date(2026, 10, 1), "77.50")
    spend(cast.support, date(2026, 11, 2), "12.00")

    cells = cells_of(cast.carl)["Support"]

    assert [cell.planned_usd for cell in cells[8:11]] == [300, 310, 300]
    assert [cell.used_usd for cell in cells[7:]] == [None, 310, Decimal("77.5"), 12, None]
    assert [cell.used_share for cell in cells[9:]] == [Decimal("0.25"), Decimal("0.04"), None]
    assert [cell.is_over for cell in cells[8:10]] == [True, False]


def test_what_was_spent_before_usage_was_loaded_stands_in_its_period(
    cast: Cast, at: datetime
) -> None:
    budget = granted_budget(cast, core="3650.00", at=at)
    granted_budget(cast, unit=cast.operations, core="9000.00", pool="900.00", at=at)
    spend(cast.support, date(2026, 10, 11), "10.00")

    opened(cast, budget, {1: "31.00", 10: "20.00"}, at=at)

    found = cells_of(cast.carl)
    for name in ("Support", "Operations"):
        used = [cell.used_usd for cell in found[name]]
        assert [used[0], used[1], used[9]] == [31, None, 30]


def test_a_unit_counts_what_is_beneath_it_and_no_experiment(cast: Cast, at: datetime) -> None:
    granted_budget(cast, unit=cast.operations, core="2000.00", at=at)
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    spend(cast.support, date(2026, 11, 3), "40.00")
    spend(cast.claims, date(2026, 11, 4), "2.00")
    spend(cast.support, date(2026, 11, 20), "5.00", cost_object=made.cost_object)

    found = cells_of(cast.carl)

    assert found["Operations"][10].used_usd == 42
    assert found["Support"][10].used_usd == 40
    assert found["Claims"] == []


def test_a_period_without_a_plan_is_over_it_with_any_cent(cast: Cast) -> None:
    period = periods_of_year(2026)[0]

    assert PeriodCell(period, Decimal(0), Decimal("0.01")).is_over
    assert PeriodCell(period, Decimal(0), Decimal("0.01")).used_share is None
    assert not PeriodCell(period, Decimal(0), Decimal(0)).is_over
