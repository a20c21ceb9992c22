"""What an experiment cost: days against their caps, models, token classes, and one result."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from budgets.cost_sentences import cost_sentence, outcome_sentence
from budgets.models import Initiative
from budgets.queries.initiative_cost import InitiativeCost, initiative_cost
from ingestion.models import CostStatus
from ingestion.operations.outcomes import record_outcomes
from org.models import User
from policy.operations.scopes import put_cap
from tests.factories.budgets import drafted, granted_budget, running, spend
from tests.factories.ingestion import assign, book, new_slice
from tests.factories.outcomes import defined, told
from tests.org_cast import Cast

ON = date(2026, 11, 24)


@pytest.fixture
def drafter(cast: Cast, at: datetime) -> Initiative:
    """Return an experiment of 20 Nov to 20 Dec with 10 dollars a day."""
    granted_budget(cast, at=at)
    return running(cast, at=at)


def cost_of(initiative: Initiative, *, user: User, on: date = ON) -> InitiativeCost:
    found = Initiative.objects.select_related("unit", "cost_object__scope")
    return initiative_cost(found.get(pk=initiative.pk), user=user, on=on)


def spent(initiative: Initiative, day: int, usd: str, **more: object) -> None:
    spend(
        initiative.unit,
        date(2026, 11, day),
        usd,
        cost_object=initiative.cost_object,
        **more,  # type: ignore[arg-type]
    )


def test_each_day_stands_beside_the_cap_that_held_on_it(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    spent(drafter, 20, "9.00")
    spent(drafter, 22, "12.50")
    put_cap(
        scope=drafter.cost_object.scope,  # type: ignore[union-attr]
        window="day",
        limit_usd=Decimal("15.00"),
        mode="hard",
        starts_on=date(2026, 11, 20),
        ends_on=None,
        by=cast.carl,
        at=at + timedelta(days=3),
    )
    spent(drafter, 23, "12.50")

    found = cost_of(drafter, user=cast.aud)

    assert [(each.day.day, each.spent_usd, each.cap_usd) for each in found.days] == [
        (20, Decimal("9.00"), Decimal("10.00")),
        (21, Decimal("0.00"), Decimal("10.00")),  # a day without calls cost nothing
        (22, Decimal("12.50"), Decimal("10.00")),
        (23, Decimal("12.50"), Decimal("15.00")),
        (24, None, Decimal("15.00")),  # the ledger does not reach it
    ]
    assert cost_sentence(found) == (
        "$34.00 in 5 days. One day passed the cap, the dearest on 22 November 2026 with $12.50"
        " against $10.00. Of 1 day nothing is known: the ledger does not reach them yet."
    )
    assert [(spell.cap.limit_usd, spell.until) for spell in found.spells] == [
        (Decimal("10.00"), at + timedelta(days=3)),
        (Decimal("15.00"), None),
    ]


def test_calls_without_a_price_are_counted_and_cost_nothing_that_is_known(
    cast: Cast, drafter: Initiative
) -> None:
    spent(drafter, 20, "1.00")
    spent(drafter, 20, "0.00", status=CostStatus.UNPRICED, calls=3)

    found = cost_of(drafter, user=cast.aud, on=date(2026, 11, 20))

    assert found.days[0].cost == (Decimal("1.00"), 4, 3)
    assert not found.days[0].is_over
    assert "3 calls have no price: their cost is unknown" in cost_sentence(found)
    [model] = found.models
    assert (model.model, model.usd, model.calls, model.unpriced_calls) == (
        "gpt-5",
        Decimal("1.00"),
        4,
        3,
    )


def test_models_stand_the_dearest_first_and_tokens_by_class(
    cast: Cast, drafter: Initiative
) -> None:
    own = drafter.cost_object
    small, large = new_slice(model="gpt-5-mini"), new_slice(model="gpt-5")
    elsewhere = new_slice(model="gpt-5", workflow="other")
    assign(small, drafter.unit, own)
    assign(large, drafter.unit, own)
    assign(elsewhere, drafter.unit)
    book(small, date(2026, 11, 20), "0.25", tokens=(100, 50))
    book(large, date(2026, 11, 21), "2.00", tokens=(10, 5))
    book(elsewhere, date(2026, 11, 21), "9.00", tokens=(1000, 1000))
    book(large, date(2026, 11, 19), "5.00", tokens=(7, 7))  # before its first day

    found = cost_of(drafter, user=cast.aud)

    assert [(each.model, each.usd) for each in found.models] == [
        ("gpt-5", Decimal("2.00")),
        ("gpt-5-mini", Decimal("0.25")),
    ]
    assert found.tokens == {"in_text": 110, "out_text": 55}


def test_one_result_costs_what_its_days_did_with_how_much_is_known(
    cast: Cast, at: datetime
) -> None:
    definition = defined(cast, at=at)
    granted_budget(cast, at=at)
    made = running(cast, at=at, starts_on=date(2026, 11, 19), outcome_source=definition.slug)
    work = new_slice(workflow="support-drafter")
    assign(work, cast.support, made.cost_object)
    book(work, date(2026, 11, 19), "6.00", calls=3)
    record_outcomes(
        records=[told("1"), told("2"), told("3", outcome="failure")],
        by=cast.fiona,
        at=at,
    )

    found = cost_of(made, user=cast.aud, on=date(2026, 11, 20))

    assert found.economics is not None
    assert found.economics.now.counts.n == 3
    assert outcome_sentence(found) == (
        "One successful ticket cost $3.000, from 2 that succeeded: too few to rely on; outcomes"
        " are known of 50.0% of the days."
    )


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "No source of outcomes is named"),
        ("Zendesk", "“Zendesk”, which is no definition of outcomes here"),
    ],
)
def test_without_a_definition_nobody_knows_what_a_result_costs(
    cast: Cast, at: datetime, source: str, says: str
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at, outcome_source=source)

    assert says in outcome_sentence(cost_of(made, user=cast.aud))


def test_before_it_is_approved_or_has_begun_there_is_no_cost(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    draft = drafted(cast, at=at)
    later = running(cast, at=at, name="Later", starts_on=date(2026, 11, 26))

    of_draft = cost_of(draft, user=cast.aud)
    assert (of_draft.days, of_draft.models, of_draft.spells) == ([], [], [])
    assert cost_sentence(of_draft).startswith("It was never approved")
    assert cost_sentence(cost_of(later, user=cast.aud)) == (
        "It starts on 26 November 2026: nothing is spent yet."
    )
