"""Flex budgets by period: the worked example through real rows, and what is not known."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from budgets.flex_sentences import flex_sentence, known_in_words
from budgets.models import Budget
from budgets.queries.flex import FlexPeriod, FlexStanding, Known, flex_standing
from ingestion.models import CostStatus, OutcomeDefinition
from ingestion.operations.definitions import revise_outcome
from org.models import CostObject
from policy.models import ModelTier
from tests.factories.budgets import granted_budget, spend
from tests.factories.flex import NOVEMBER, counted, signed, used
from tests.factories.outcomes import defined, some_terms
from tests.org_cast import Cast

D = Decimal
FINAL = date(2026, 12, 8)  # an enterprise takes data for final after five days
TOKENS = 13_750 * 130_000


@pytest.fixture
def tickets(cast: Cast, at: datetime) -> OutcomeDefinition:
    return defined(cast, at=at)


@pytest.fixture
def budget(cast: Cast, at: datetime) -> Budget:
    return granted_budget(cast, core="504000.00", at=at)


def november(budget: Budget, *, on: date = FINAL) -> FlexPeriod:
    return flex_standing(budget, on=on).periods[10]


def worked(cast: Cast, tickets: OutcomeDefinition, at: datetime) -> None:
    """Let 130,000 tickets be answered for $57,200, half of it early in November."""
    used(cast.support, NOVEMBER[0], "28600", tokens=TOKENS // 2)
    used(cast.support, date(2026, 11, 30), "28600", tokens=TOKENS // 2)
    counted(cast, tickets, NOVEMBER, 130_000, at=at)


def test_the_worked_example_comes_out_of_the_ledger_and_the_outcomes_to_the_cent(
    cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
) -> None:
    signed(cast, budget, tickets, at=at)
    worked(cast, tickets, at)

    row = november(budget)

    assert row.known == Known.ALL
    assert (row.planned_usd, row.flex_usd, row.use.usd) == (D(42_000), D(54_600), D(57_200))
    assert row.variances is not None
    assert row.variances.volume_usd == 12_600
    assert row.variances.price_usd == D("-5362.50")
    assert row.variances.efficiency_usd == D("7962.50")
    assert row.variances.spending_usd == 2_600
    assert row.variances.mix_usd is None
    assert row.movement is not None
    assert (row.movement.granted_usd, row.movement.waiting_usd) == (D("12600.00"), D("0.00"))


def test_the_sentence_says_what_makes_the_difference(
    cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
) -> None:
    signed(cast, budget, tickets, at=at)
    worked(cast, tickets, at)

    said = flex_sentence(flex_standing(budget, on=FINAL))

    assert said == (
        "FY2026 P11: Spending is $2,600.00 over what the volume allows: 13,750 tokens for one"
        " ticket instead of 12,000 cost $7,962.50 more, and $32.00 a million tokens instead of"
        " $35.00 saved $5,362.50."
    )


def test_other_shares_of_the_tiers_are_told_apart_within_the_price(
    cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
) -> None:
    # Half at $60 and half at $10 are standard; a frontier share of 0.4 saves $8,937.50.
    mix = {"frontier": (D("0.5"), D(60)), "mid": (D("0.5"), D(10))}
    signed(cast, budget, tickets, at=at, standard_mix=mix)
    for model, tier in (("opus", "frontier"), ("gpt-5", "mid")):
        ModelTier.objects.create(
            provider="openai", model=model, tier=tier, starts_on=date(2026, 1, 1),
            reason="As delivered.", by=cast.ed, recorded_at=at,
        )  # fmt: skip
    used(cast.support, NOVEMBER[0], "47200", tokens=TOKENS * 4 // 10, model="opus")
    used(cast.support, date(2026, 11, 30), "10000", tokens=TOKENS * 6 // 10)
    counted(cast, tickets, NOVEMBER, 130_000, at=at)

    found = november(budget).variances

    assert found is not None
    assert found.mix_usd == D("-8937.50")
    assert found.price_usd == D("-5362.50")


def test_experiments_and_other_units_are_not_the_cores_spend(
    cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
) -> None:
    signed(cast, budget, tickets, at=at)
    worked(cast, tickets, at)
    used(cast.claims, date(2026, 11, 4), "999", tokens=1)
    trial = CostObject.objects.create(slug="trial", name="Trial", unit=cast.support)
    spend(cast.support, date(2026, 11, 4), "777", cost_object=trial)

    assert november(budget).use.usd == 57_200


@pytest.mark.parametrize(
    ("on", "known"),
    [
        (date(2026, 10, 31), Known.AHEAD),
        (date(2026, 11, 30), Known.RUNNING),
        (date(2026, 12, 5), Known.NOT_FINAL),
        (date(2026, 12, 6), Known.ALL),
    ],
)
def test_a_period_is_known_once_its_figures_are_final(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    at: datetime,
    budget: Budget,
    tickets: OutcomeDefinition,
    on: date,
    known: Known,
) -> None:
    signed(cast, budget, tickets, at=at)
    worked(cast, tickets, at)

    row = november(budget, on=on)

    assert row.known == known
    assert (row.variances is None) is (known != Known.ALL)


def test_usage_that_begins_within_a_period_leaves_it_open(
    cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
) -> None:
    signed(cast, budget, tickets, at=at)
    used(cast.support, date(2026, 11, 2), "100", tokens=10)
    used(cast.support, date(2026, 11, 30), "100", tokens=10)
    counted(cast, tickets, NOVEMBER, 130_000, at=at)

    assert november(budget).known == Known.NOT_FINAL


def test_usage_that_does_not_reach_its_last_day_leaves_a_period_open(
    cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
) -> None:
    signed(cast, budget, tickets, at=at)
    used(cast.support, NOVEMBER[0], "100", tokens=10)
    used(cast.support, date(2026, 11, 29), "100", tokens=10)
    counted(cast, tickets, NOVEMBER, 130_000, at=at)

    assert november(budget).known == Known.NOT_FINAL


def test_without_outcomes_nothing_is_flexed_and_the_row_says_so(
    cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
) -> None:
    signed(cast, budget, tickets, at=at)
    used(cast.support, NOVEMBER[0], "0", tokens=0)
    used(cast.support, date(2026, 11, 30), "57200", tokens=TOKENS)

    row = november(budget)

    assert row.known == Known.UNCOUNTED
    assert (row.volume, row.flex_usd, row.movement) == (None, None, None)
    assert known_in_words(row) == "No outcomes are told yet."


def test_a_call_without_a_price_leaves_the_variances_unknown(
    cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
) -> None:
    signed(cast, budget, tickets, at=at)
    worked(cast, tickets, at)
    used(cast.support, date(2026, 11, 9), "0", tokens=5, status=CostStatus.UNPRICED)

    row = november(budget)

    assert row.known == Known.UNPRICED
    assert row.variances is None
    assert known_in_words(row) == "1 call has no price: give one."


def test_a_count_that_was_changed_to_calls_since_funds_nothing(
    cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
) -> None:
    signed(cast, budget, tickets, at=at)
    worked(cast, tickets, at)
    revise_outcome(
        definition_id=tickets.pk, terms=some_terms(cast, unit_of_work="call"), version=1,
        by=cast.fiona, at=at,
    )  # fmt: skip

    row = november(budget)

    assert (row.known, row.movement) == (Known.METERED, None)
    assert flex_standing(budget, on=FINAL).due == []


def test_a_budget_without_a_rule_has_no_flex_at_all(cast: Cast, budget: Budget) -> None:
    assert flex_standing(budget, on=FINAL) == FlexStanding(
        budget=budget, rule=None, waiting=None, terms=None, periods=[]
    )


def test_periods_before_the_rule_begins_stay_as_they_were(
    cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
) -> None:
    signed(cast, budget, tickets, at=at)

    periods = flex_standing(budget, on=FINAL).periods

    assert [row.known for row in periods[:10]] == [Known.NO_RULE] * 10
    assert [row.planned_usd for row in periods[10:]] == [42_000, 42_000]
