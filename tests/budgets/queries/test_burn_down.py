"""The burn-down: what was left each day, beside the plan and the forecast."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from budgets.models import Budget
from budgets.queries.burn_down import BurnDown, Mark, budget_burn_down, initiative_burn_down
from budgets.queries.events import Event
from budgets.queries.experiments import initiative_standing
from budgets.queries.standing import standing_of
from ingestion.models import PriceRow
from tests.factories.budgets import drafted, granted_budget, running, spend
from tests.org_cast import Cast

TODAY = date(2026, 11, 20)


def burn_down_of(budget: Budget, *, on: date = TODAY) -> BurnDown:
    return budget_burn_down(standing_of(budget=budget, on=on))


def test_there_is_one_row_for_each_day_of_the_year(cast: Cast, at: datetime) -> None:
    found = burn_down_of(granted_budget(cast, at=at))

    assert [row.day for row in found.rows] == [
        date(2026, 1, 1) + timedelta(days=number) for number in range(365)
    ]


def test_the_table_has_the_end_of_each_week_and_of_the_year(cast: Cast, at: datetime) -> None:
    table = burn_down_of(granted_budget(cast, at=at)).table

    assert (table[0].day, len(table)) == (date(2026, 1, 7), 53)
    assert table[-1].day == date(2026, 12, 31)


def test_the_plan_falls_evenly_to_zero(cast: Cast, at: datetime) -> None:
    rows = burn_down_of(granted_budget(cast, core="3650.00", at=at)).rows

    assert [rows[place].plan_usd for place in (0, 1, -1)] == [Decimal(3640), Decimal(3630), 0]


def test_what_is_left_ends_where_the_ledger_ends_and_there_the_forecast_begins(
    cast: Cast, at: datetime
) -> None:
    budget = granted_budget(cast, core="480.00", at=at)
    for back in range(2, 30):
        spend(cast.support, TODAY - timedelta(days=back), "10.00")

    rows = {row.day: row for row in burn_down_of(budget).rows}

    assert rows[date(2026, 1, 1)].left_usd == Decimal(480)
    assert rows[date(2026, 11, 18)][2:] == (Decimal(200), None, None, None)
    # The 19th is over but not known; 10 a day are expected, 5 % to either side.
    yesterday, today = rows[date(2026, 11, 19)], rows[TODAY]
    assert yesterday[2:] == (None, Decimal(190), Decimal("189.5"), Decimal("190.5"))
    assert today[2:] == (None, Decimal(180), Decimal(179), Decimal(181))


def test_the_marks_say_when_how_much_was_or_will_be_used(cast: Cast, at: datetime) -> None:
    budget = granted_budget(cast, core="400.00", at=at)
    for back in range(1, 22):
        spend(cast.support, TODAY - timedelta(days=back), "10.00")

    marks = burn_down_of(budget).marks

    # 210 are used by the 19th: 200 were on the 18th, 300 will be after nine more days.
    assert marks == [
        Mark(50, Decimal(200), date(2026, 11, 18), is_expected=False),
        Mark(75, Decimal(100), date(2026, 11, 28), is_expected=True),
        Mark(90, Decimal(40), date(2026, 12, 4), is_expected=True),
        Mark(100, Decimal(0), date(2026, 12, 8), is_expected=True),
    ]


def test_without_spend_there_is_a_plan_and_no_forecast(cast: Cast, at: datetime) -> None:
    found = burn_down_of(granted_budget(cast, at=at))

    assert {row.forecast_usd for row in found.rows} == {None}
    assert {mark.day for mark in found.marks} == {None}


def test_on_the_first_day_of_the_year_nothing_is_over(cast: Cast, at: datetime) -> None:
    found = burn_down_of(granted_budget(cast, at=at), on=date(2026, 1, 1))

    assert {row.left_usd for row in found.rows} == {None}


@pytest.mark.parametrize(("model", "told"), [("gpt-5", True), ("gpt-5-mini", False)])
def test_a_new_price_of_a_model_that_is_used_is_an_event(
    cast: Cast, at: datetime, model: str, *, told: bool
) -> None:
    budget = granted_budget(cast, at=at)
    spend(cast.support, TODAY - timedelta(days=1), "1.00")
    PriceRow.objects.create(
        provider="openai",
        model=model,
        account="own",
        meter="in_text",
        usd=Decimal("1.25"),
        starts_at=datetime(2026, 10, 1, tzinfo=UTC),
        source="test",
        recorded_at=at,
    )

    events = burn_down_of(budget).events

    assert events == ([Event(date(2026, 10, 1), "New price: gpt-5")] if told else [])


def test_an_experiment_burns_its_cap_down_over_its_own_days(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)  # 100 dollars for the thirty days from 20 November on
    spend(cast.support, TODAY, "4.00", cost_object=made.cost_object)
    spend(cast.support, TODAY, "99.00")

    found = initiative_burn_down(initiative_standing(initiative=made, on=TODAY + timedelta(days=1)))

    assert (found.rows[0].day, len(found.rows)) == (TODAY, 30)
    assert found.rows[0].left_usd == Decimal(96)
    assert found.rows[2].plan_usd == Decimal(90)
    assert found.rows[1].forecast_usd == Decimal(92)


def test_a_draft_has_a_plan_and_nothing_else(cast: Cast, at: datetime) -> None:
    spend(cast.support, TODAY, "99.00")
    made = drafted(cast, at=at)

    found = initiative_burn_down(initiative_standing(initiative=made, on=TODAY + timedelta(days=1)))

    assert {row.left_usd for row in found.rows} == {None}
