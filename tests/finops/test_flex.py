"""Flex budgets: what is granted for the work there was, and why spend differs."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.flex import (
    Actual,
    FlexRule,
    Funding,
    Movement,
    Verdict,
    funding,
    movement,
    variances,
)

D = Decimal
# 100,000 tickets of 12,000 tokens at $35 a million: 42 cents each, $42,000.
RULE = FlexRule(
    fixed_usd=D(0), planned_volume=D(100_000), tokens_per_unit=D(12_000), usd_per_mtok=D(35)
)
ACTUAL = Actual(volume=D(130_000), usd=D(57_200), tokens=13_750 * 130_000)


def funded(volume: int, usd: int, **more: Any) -> Funding:
    return funding(RULE, Actual(volume=D(volume), usd=D(usd), tokens=1), **more)


def verdicts(found: Funding) -> dict[str, str]:
    return {limit.name: limit.verdict.value for limit in found.limits}


def test_the_budget_is_what_the_work_may_cost() -> None:
    assert RULE.unit_usd == D("0.42")
    assert RULE.budget_usd(D(100_000)) == 42_000
    assert RULE.budget_usd(D(130_000)) == 54_600
    assert RULE.budget_usd(D(80_000)) == 33_600


def test_spend_differs_by_volume_price_and_efficiency() -> None:
    found = variances(RULE, ACTUAL)

    assert found.volume_usd == 12_600
    assert (found.price_usd, found.efficiency_usd) == (D("-5362.50"), D("7962.50"))
    assert found.spending_usd == ACTUAL.usd - RULE.budget_usd(ACTUAL.volume) == 2_600
    assert found.mix_usd is None


def test_other_shares_of_tiers_are_a_part_of_the_price() -> None:
    # Standard: half at $60, half at $10, $35 on average. Four tenths at $60 are $5 a million
    # less: 1,787.5 million tokens · (-0.1 · 60 + 0.1 · 10) = -8,937.50.
    found = variances(
        RULE,
        ACTUAL,
        standard_shares={"frontier": (D("0.5"), D(60)), "mid": (D("0.5"), D(10))},
        actual_shares={"frontier": D("0.4"), "mid": D("0.6")},
    )

    assert found.mix_usd == D("-8937.50")


def test_growth_within_the_limits_is_granted() -> None:
    found = funded(130_000, 57_200)

    assert found == Funding(found.limits, D(54_600), D(0))
    assert verdicts(found) == {"unit cost": "met", "volume": "met"}
    assert [limit.limit for limit in found.limits] == [D("0.462"), D(150_000)]
    assert found.limits[0].measured == D("0.44")


def test_less_work_takes_the_budget_down_and_asks_nobody() -> None:
    found = funded(80_000, 80_000)

    assert [found.granted_usd, found.waiting_usd] == [33_600, 0]
    assert verdicts(found)["unit cost"] == "missed"


def test_beyond_half_as_much_again_the_rest_waits_for_a_signature() -> None:
    found = funded(160_000, 67_200)

    assert [found.granted_usd, found.waiting_usd] == [63_000, 4_200]
    assert verdicts(found)["volume"] == "missed"


@pytest.mark.parametrize(("usd", "granted"), [(60_060, 54_600), (60_061, 42_000)])
def test_a_unit_that_costs_more_than_a_tenth_above_standard_earns_no_growth(
    usd: int, granted: int
) -> None:
    found = funded(130_000, usd)

    assert [found.granted_usd, found.waiting_usd] == [granted, 54_600 - granted]


@pytest.mark.parametrize(
    ("margin", "verdict", "granted"),
    [(D("0.70"), "met", 54_600), (D("0.699"), "missed", 42_000), (None, "unknown", 42_000)],
)
def test_a_product_below_its_margin_or_with_none_known_earns_no_growth(
    margin: Decimal | None, verdict: str, granted: int
) -> None:
    found = funded(130_000, 57_200, margin=margin, target_margin=D("0.70"))

    assert [verdicts(found)["margin"], found.granted_usd] == [verdict, granted]


def test_no_work_has_no_unit_cost() -> None:
    found = funded(0, 10)

    assert found.limits[0].verdict == Verdict.UNKNOWN
    assert found.granted_usd == 0


def test_a_rule_may_say_other_rooms() -> None:
    strict = replace(RULE, unit_cost_room=D("1.05"), volume_room=D("1.20"))

    found = funding(strict, Actual(volume=D(130_000), usd=D(54_600), tokens=1))

    # 120,000 · 0.42 = 50,400 stand by themselves, 10,000 more tickets wait.
    assert [found.granted_usd, found.waiting_usd] == [50_400, 4_200]
    assert [limit.name for limit in found.missed] == ["volume"]
    assert movement(strict, found) == Movement(D("8400.00"), D("4200.00"))


def test_what_moves_is_rounded_once_and_its_parts_add_up() -> None:
    rule = replace(RULE, planned_volume=D(1), tokens_per_unit=D(1_000), usd_per_mtok=D("5.005"))
    found = funding(rule, Actual(volume=D(4), usd=D(0), tokens=1))

    # 0.005005 each: half of one stands by itself, and together three are 0.015015.
    assert found.granted_usd + found.waiting_usd == D("0.020020")
    assert movement(rule, found) == Movement(D("0.00"), D("0.02"))


numbers = st.integers(0, 10**6).map(D)
rules = st.builds(
    FlexRule,
    fixed_usd=numbers,
    planned_volume=numbers,
    tokens_per_unit=numbers,
    usd_per_mtok=st.decimals(0, 100, places=4),
)
actuals = st.builds(
    Actual, volume=numbers, usd=st.decimals(0, 10**9, places=2), tokens=st.integers(0, 10**12)
)


@given(rules, actuals)
def test_the_variances_explain_all_of_the_difference(rule: FlexRule, actual: Actual) -> None:
    found = variances(rule, actual)

    assert found.spending_usd == actual.usd - rule.budget_usd(actual.volume)
    planned = rule.budget_usd(rule.planned_volume)
    assert found.volume_usd == rule.budget_usd(actual.volume) - planned


@given(rules, actuals)
def test_what_is_granted_and_what_waits_are_the_flexed_budget(
    rule: FlexRule, actual: Actual
) -> None:
    found = funding(rule, actual)

    assert found.granted_usd + found.waiting_usd == rule.budget_usd(actual.volume)
    assert found.waiting_usd >= 0
