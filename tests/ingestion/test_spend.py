"""Spend: totals and days of a scope, exact, each dollar once."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from finops.periods import Period
from ingestion.models import CostStatus
from ingestion.queries.spend import (
    Spent,
    UnitSpend,
    daily_spend,
    data_days,
    spend_by_unit,
    spent,
    unpriced_models,
)
from org.models import CostObject, Unit
from tests.factories.ingestion import assign, book, new_slice

pytestmark = pytest.mark.django_db

NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
FIRST, SECOND, THIRD, FIFTH = (date(2026, 11, day) for day in (1, 2, 3, 5))


def unit(slug: str, parent: Unit | None = None) -> Unit:
    made = Unit.objects.create(slug=slug, name=slug.title(), parent=parent, path=slug)
    made.path = f"{parent.path if parent else ''}{made.pk}/"
    made.save()
    return made


@pytest.fixture
def company() -> Unit:
    return unit("company")


@pytest.fixture
def support(company: Unit) -> Unit:
    return unit("support", company)


@pytest.fixture
def claims(company: Unit) -> Unit:
    return unit("claims", company)


def spend(
    owner: Unit | None,
    day: date,
    usd: str,
    cost_object: CostObject | None = None,
    model: str = "gpt-5",
    **more: Any,
) -> None:
    called = new_slice(model=model)
    assign(called, owner, cost_object)
    book(called, day, usd, **more)


def test_a_unit_spends_what_everything_beneath_it_spends(
    company: Unit, support: Unit, claims: Unit
) -> None:
    spend(support, FIRST, "1.25")
    spend(claims, SECOND, "2.50")
    spend(company, SECOND, "4.00")

    assert spent(period=NOVEMBER, unit=company).usd == Decimal("7.75")
    assert spent(period=NOVEMBER, unit=support).usd == Decimal("1.25")


def test_unallocated_spend_counts_for_the_company_and_for_no_unit(support: Unit) -> None:
    spend(None, FIRST, "3.00")
    spend(support, FIRST, "1.00")

    assert spent(period=NOVEMBER).usd == Decimal("4.00")
    assert spent(period=NOVEMBER, unit=support).usd == Decimal("1.00")


def test_a_pico_dollar_is_not_lost_beside_a_million(support: Unit) -> None:
    spend(support, FIRST, "1000000.000000000001")
    spend(support, SECOND, "0.000000000001")

    assert spent(period=NOVEMBER).usd == Decimal("1000000.000000000002")


def test_calls_without_a_price_are_counted_and_cost_nothing_yet(support: Unit) -> None:
    spend(support, FIRST, "2.00", calls=3, tokens=(100, 20))
    spend(support, FIRST, "0", calls=4, tokens=(7, 1), status=CostStatus.UNPRICED)

    assert spent(period=NOVEMBER) == Spent(Decimal("2.00"), 7, 128, 4)


def test_a_second_source_of_the_same_money_does_not_count(support: Unit) -> None:
    spend(support, FIRST, "2.00")
    spend(support, FIRST, "2.00", metered=False)

    assert spent(period=NOVEMBER).usd == Decimal("2.00")


def test_the_day_a_period_ends_on_is_outside(support: Unit) -> None:
    spend(support, date(2026, 10, 31), "1.00")
    spend(support, FIRST, "2.00")
    spend(support, date(2026, 12, 1), "4.00")

    assert spent(period=NOVEMBER).usd == Decimal("2.00")


def test_core_spend_leaves_out_what_initiatives_cost(support: Unit) -> None:
    drafter = CostObject.objects.create(slug="drafter", name="Drafter", unit=support)
    spend(support, FIRST, "2.00")
    spend(support, FIRST, "0.75", cost_object=drafter)

    assert spent(period=NOVEMBER, unit=support).usd == Decimal("2.75")
    assert spent(period=NOVEMBER, unit=support, core_only=True).usd == Decimal("2.00")
    assert spent(period=NOVEMBER, cost_object=drafter).usd == Decimal("0.75")


def test_nothing_spent_is_zero_of_everything(support: Unit) -> None:
    assert spent(period=NOVEMBER, unit=support) == Spent(Decimal(0), 0, 0, 0)


def test_a_day_without_rows_between_two_with_rows_cost_nothing(support: Unit, claims: Unit) -> None:
    spend(support, FIRST, "1.00")
    spend(support, THIRD, "3.00")

    assert daily_spend(period=NOVEMBER, unit=support) == [
        (FIRST, Decimal("1.00")),
        (SECOND, Decimal(0)),
        (THIRD, Decimal("3.00")),
    ]


def test_days_the_ledger_reaches_through_others_are_known_to_have_cost_nothing(
    support: Unit, claims: Unit
) -> None:
    spend(support, SECOND, "1.00")
    spend(claims, FIRST, "9.00")
    spend(claims, THIRD, "9.00")

    assert daily_spend(period=NOVEMBER, unit=support) == [
        (FIRST, Decimal(0)),
        (SECOND, Decimal("1.00")),
        (THIRD, Decimal(0)),
    ]


def test_days_that_no_data_reaches_are_unknown_and_left_out(support: Unit) -> None:
    spend(support, SECOND, "1.00")

    assert daily_spend(period=Period(FIRST, FIFTH)) == [(SECOND, Decimal("1.00"))]
    assert daily_spend(period=Period(THIRD, FIFTH)) == []


def test_an_empty_ledger_reaches_no_day() -> None:
    assert data_days() is None
    assert daily_spend(period=NOVEMBER) == []


def test_units_and_unallocated_add_up_to_the_total(company: Unit, support: Unit) -> None:
    drafter = CostObject.objects.create(slug="drafter", name="Drafter", unit=support)
    spend(company, FIRST, "1.00")
    spend(support, FIRST, "2.00", calls=2)
    spend(support, SECOND, "0.50", cost_object=drafter)
    spend(None, SECOND, "0", status=CostStatus.UNPRICED, calls=5)

    rows = {row.unit_id: row for row in spend_by_unit(period=NOVEMBER)}

    assert rows == {
        company.pk: UnitSpend(company.pk, Decimal("1.00"), Decimal("1.00"), 1, 0),
        support.pk: UnitSpend(support.pk, Decimal("2.50"), Decimal("2.00"), 3, 0),
        None: UnitSpend(None, Decimal(0), Decimal(0), 5, 5),
    }
    assert sum(row.usd for row in rows.values()) == spent(period=NOVEMBER).usd


def test_a_model_without_a_price_is_counted_once_however_often_it_is_called(support: Unit) -> None:
    spend(support, FIRST, "0", status=CostStatus.UNPRICED, model="gpt-x")
    spend(support, SECOND, "0", status=CostStatus.UNPRICED, model="gpt-x")
    spend(support, SECOND, "1.00", model="gpt-5")

    assert unpriced_models(period=NOVEMBER) == 1
