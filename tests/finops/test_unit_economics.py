"""What a task and a result cost, what margin is left, and whether it pays."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.money import to_cents
from finops.unit_economics import (
    REALISED_MEASURED,
    REALISED_SURVEYED,
    Margins,
    benefit_usd,
    cost_per_task_index,
    gross_margin,
    labour_usd,
    loaded_usd,
    margin_after,
    per_piece,
    quantile,
    roi,
)

D = Decimal
amounts = st.decimals(min_value=0, max_value=10**6, places=6)


def rounded(value: Decimal | None, places: int = 3) -> str:
    assert value is not None
    return str(to_cents(value, places))


def test_failed_work_is_paid_by_what_succeeds() -> None:
    # $4,200 on 9,500 tickets, 82 % of which the models resolve.
    assert rounded(per_piece(D(4200), 9500)) == "0.442"
    assert rounded(per_piece(D(4200), 7790)) == "0.539"


def test_the_loaded_cost_holds_the_people_who_finish_what_models_did_not() -> None:
    # 18 % go to people at $6.50: 4,200 + 1,710 · 6.50 = 15,315.
    loaded = loaded_usd(ai_usd=D(4200), rework_usd=1710 * D("6.50"))

    assert loaded == 15_315
    assert rounded(per_piece(loaded, 9500)) == "1.612"
    assert rounded(per_piece(loaded, 7790)) == "1.966"


def test_review_and_platform_are_loaded_too() -> None:
    loaded = loaded_usd(
        ai_usd=D("1"), review_usd=D("0.2"), rework_usd=D("0.03"), platform_usd=D("0.004")
    )

    assert loaded == D("1.234")


def test_of_nothing_there_is_no_cost_per_piece() -> None:
    assert per_piece(D(4200), 0) is None
    assert gross_margin(revenue_usd=D(0), ai_usd=D(1)) is None
    assert roi(benefit=D(1), cost=D(0)) is None
    assert quantile([], D("0.5")) is None


@pytest.mark.parametrize(("ai", "margin"), [("6", "0.72"), ("9", "0.69"), ("12", "0.66")])
def test_the_margin_after_other_costs_and_models(ai: str, margin: str) -> None:
    after = margin_after(price_usd=D(100), other_usd=D(22), ai_usd=D(ai))

    assert after == D(margin)


def test_waste_is_work_beyond_what_is_sold() -> None:
    assert margin_after(price_usd=D(100), other_usd=D(22), ai_usd=D(6), waste=D("0.5")) == D("0.69")


def test_the_usual_piece_must_reach_the_target_and_a_dear_one_the_floor() -> None:
    margins = Margins(p50=D("0.72"), p90=D("0.69"))

    assert margins.hold(target=D("0.70"), floor=D("0.68"))
    assert not margins.hold(target=D("0.72"), floor=D("0.70"))
    assert not margins.hold(target=D("0.73"), floor=D("0.68"))


def test_a_thin_margin_turns_negative_where_models_cost_more() -> None:
    # Price 1.00, other costs 0.72: 20 % at 0.08 of models, a loss of 1 % at 0.29.
    assert margin_after(price_usd=D(1), other_usd=D("0.72"), ai_usd=D("0.08")) == D("0.20")
    assert margin_after(price_usd=D(1), other_usd=D("0.72"), ai_usd=D("0.29")) == D("-0.01")
    assert margin_after(price_usd=D(1), other_usd=D("0.72"), ai_usd=D("0.13")) == D("0.15")


def test_hours_are_worth_what_of_them_turns_into_money() -> None:
    # 1,800 h · $48 · 0.7 + 6,000 of cancelled software; 180 h of review.
    benefit = benefit_usd(
        labour_saved_usd=1800 * D(48), realised=REALISED_MEASURED, legacy_usd=D(6000)
    )
    cost = loaded_usd(ai_usd=D(9500), review_usd=180 * D(48), platform_usd=D(4000) + D(2500))

    assert [benefit, cost, benefit - cost] == [66_480, 24_640, 41_840]
    assert rounded(roi(benefit=benefit, cost=cost), 2) == "1.70"


def test_a_support_drafter_before_and_after_it_was_moved_to_a_smaller_model() -> None:
    tickets, rate = D(21_000), D(32)
    saved = labour_usd(pieces=tickets, minutes=D(4), usd_per_hour=rate)
    review = labour_usd(pieces=tickets, minutes=D("0.5"), usd_per_hour=rate)
    benefit = benefit_usd(labour_saved_usd=saved, realised=REALISED_MEASURED)
    before = loaded_usd(ai_usd=D(1659), review_usd=review, platform_usd=D(800))
    after = loaded_usd(ai_usd=D("497.70"), review_usd=review, platform_usd=D(800))

    assert [benefit, before] == [31_360, 8_059]
    assert rounded(roi(benefit=benefit, cost=before), 2) == "2.89"
    assert rounded(roi(benefit=benefit, cost=after), 2) == "3.55"


def test_what_people_only_report_counts_less() -> None:
    assert (D("0.7"), D("0.5")) == (REALISED_MEASURED, REALISED_SURVEYED)


def test_half_the_price_and_four_and_a_half_times_the_tokens_are_more_than_twice_the_cost() -> None:
    assert cost_per_task_index(price_index=D("0.5"), tokens_per_task_index=D("4.5")) == D("2.25")


@given(st.lists(amounts, min_size=1), st.decimals(min_value=0, max_value=1, places=3))
def test_a_quantile_is_the_least_cost_that_so_many_do_not_exceed(
    costs: list[Decimal], share: Decimal
) -> None:
    found = quantile(costs, share)

    assert found in costs

    def enough(cost: Decimal) -> bool:
        return sum(each <= cost for each in costs) >= Fraction(share) * len(costs)

    assert enough(found)
    assert all(not enough(cost) for cost in costs if cost < found)


@pytest.mark.parametrize("share", ["-0.1", "1.1"])
def test_a_quantile_of_no_share_is_refused(share: str) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile([D(1)], D(share))


@given(amounts, st.integers(1, 10**6), st.integers(1, 10**6))
def test_an_outcome_never_costs_less_than_a_task(
    cost: Decimal, succeeded: int, failed: int
) -> None:
    per_outcome, per_task = per_piece(cost, succeeded), per_piece(cost, succeeded + failed)

    assert per_outcome is not None
    assert per_task is not None
    assert per_outcome >= per_task
