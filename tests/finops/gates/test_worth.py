"""Gate 1: the worked examples of both variants, and what is missing or too little."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from finops.gates.criteria import Outcome, Verdict
from finops.gates.worth import (
    CustomerWork,
    InternalWork,
    Known,
    judge_customer,
    judge_internal,
)

# 21,000 tickets a month save 4 minutes each at $32 an hour, of which 70 % are realised.
BENEFIT_USD = Decimal(21_000) * 4 / 60 * 32 * Decimal("0.70")
REVIEW_USD, PLATFORM_USD = Decimal(5600), Decimal(800)
MONTH = Known(outcomes=Decimal(21_000), coverage=Decimal(1), unpriced_calls=0, is_projection=False)
DRAFTER = InternalWork(
    benefit_usd=BENEFIT_USD,
    cost_usd=Decimal(1659) + REVIEW_USD + PLATFORM_USD,
    hurdle=Decimal("0.50"),
)
SOLD = CustomerWork(
    price_usd=Decimal(100),
    other_usd=Decimal(22),
    p50_usd=Decimal(6),
    p90_usd=Decimal(9),
    waste=Decimal(0),
    target=Decimal("0.70"),
    floor=Decimal("0.68"),
)
NO_BENEFIT = "Nobody knows the benefit yet: say in the definition what a result saves or brings."
NO_COST = (
    "Nobody knows the cost yet: let it run or type what a task is expected to cost, and state"
    " review, rework and platform in the definition, 0 where there is none."
)


def measured(judged: Any, code: str) -> str:
    [found] = [each for each in judged.criteria if each.code == code]
    return f"{found.measured:.0%}"


class TestInternal:
    def test_the_drafter_on_the_flagship_returns_289_percent(self) -> None:
        found = judge_internal(MONTH, DRAFTER)

        assert (BENEFIT_USD, DRAFTER.cost_usd) == (Decimal(31_360), Decimal(8059))
        assert (found.outcome, measured(found, "roi")) == (Outcome.PASSED, "289%")

    def test_on_the_model_of_the_middle_it_returns_355_percent(self) -> None:
        cost_usd = Decimal("497.70") + REVIEW_USD + PLATFORM_USD

        found = judge_internal(MONTH, replace(DRAFTER, cost_usd=cost_usd))

        assert (found.outcome, measured(found, "roi")) == (Outcome.PASSED, "355%")

    def test_the_other_worked_case_returns_170_percent(self) -> None:
        benefit = Decimal(1800) * 48 * Decimal("0.7") + 6000
        cost = Decimal(9500 + 8640 + 4000 + 2500)

        found = judge_internal(MONTH, replace(DRAFTER, benefit_usd=benefit, cost_usd=cost))

        assert (f"{benefit:.0f}", f"{cost}", measured(found, "roi")) == ("66480", "24640", "170%")

    @pytest.mark.parametrize(
        ("change", "outcome", "reasons"),
        [
            (
                {"cost_usd": Decimal(40_000)},
                Outcome.FAILED,
                [
                    "It costs $40,000.00 and brings $31,360.00: lower the cost below that.",
                    "The return of -22% misses the hurdle of 50%.",
                ],
            ),
            (
                {"cost_usd": Decimal(31_360)},
                Outcome.FAILED,
                [
                    "It costs $31,360.00 and brings $31,360.00: lower the cost below that.",
                    "The return of 0% misses the hurdle of 50%.",
                ],
            ),
            (
                {"cost_usd": Decimal(25_000)},
                Outcome.FAILED,
                ["The return of 25% misses the hurdle of 50%."],
            ),
            (
                {"benefit_usd": None},
                Outcome.DEFERRED,
                [
                    NO_BENEFIT,
                    "The return is not known without both.",
                ],
            ),
            (
                {"cost_usd": None},
                Outcome.DEFERRED,
                [
                    NO_COST,
                    "The return is not known without both.",
                ],
            ),
            (
                {"human_usd": Decimal("0.30")},
                Outcome.DEFERRED,
                ["People do it for less: lower the cost of a result."],
            ),
        ],
    )
    def test_too_little_fails_and_what_is_not_known_defers(
        self, change: dict[str, Any], outcome: Outcome, reasons: list[str]
    ) -> None:
        found = judge_internal(MONTH, replace(DRAFTER, **change))

        assert (found.outcome, list(found.reasons)) == (outcome, reasons)

    def test_a_hurdle_that_is_just_reached_passes(self) -> None:
        work = replace(DRAFTER, benefit_usd=Decimal("12088.50"))

        assert judge_internal(MONTH, work).outcome == Outcome.PASSED


class TestCustomer:
    @pytest.mark.parametrize(
        ("change", "outcome"),
        [
            ({}, Outcome.PASSED),  # 72 % usually, 69 % where it is dear
            ({"target": Decimal("0.72"), "floor": Decimal("0.70")}, Outcome.FAILED),  # 69 < 70
            ({"p50_usd": Decimal(12), "p90_usd": Decimal(12)}, Outcome.FAILED),  # 66 %
            ({"p50_usd": Decimal(9)}, Outcome.DEFERRED),  # 69 % misses the target alone
            ({"waste": Decimal("0.5")}, Outcome.FAILED),  # 64.5 % where it is dear
            ({"is_flat": True}, Outcome.FAILED),  # 60 % at twice the use
            ({"is_flat": True, "p50_usd": Decimal(4), "p90_usd": Decimal(5)}, Outcome.PASSED),
            ({"price_usd": None}, Outcome.DEFERRED),
            ({"other_usd": None}, Outcome.DEFERRED),
            ({"p50_usd": None, "p90_usd": None}, Outcome.DEFERRED),
            ({"price_usd": Decimal(0)}, Outcome.DEFERRED),
        ],
    )
    def test_the_usual_piece_keeps_the_target_and_a_dear_one_the_floor(
        self, change: dict[str, Any], outcome: Outcome
    ) -> None:
        assert judge_customer(MONTH, replace(SOLD, **change)).outcome == outcome

    def test_what_is_missing_is_named(self) -> None:
        found = judge_customer(MONTH, replace(SOLD, price_usd=None, p50_usd=None))

        assert found.reasons[0] == (
            "The margin is not known: tell the revenue or type a price and let calls name their"
            " tasks."
        )


class TestWhatIsKnown:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"outcomes": None}, "outcomes"),
            ({"outcomes": Decimal(0)}, "outcomes"),
            ({"coverage": Decimal("0.97")}, "coverage"),
            ({"coverage": None}, "coverage"),
            ({"unpriced_calls": 3}, "priced"),
        ],
    )
    def test_what_is_missing_defers(self, change: dict[str, Any], code: str) -> None:
        found = judge_internal(replace(MONTH, **change), DRAFTER)

        unmet = [each.code for each in found.criteria if each.verdict != Verdict.MET]
        assert (found.outcome, unmet) == (Outcome.DEFERRED, [code])

    def test_a_projection_is_provisional_and_misses_no_day(self) -> None:
        known = replace(MONTH, is_projection=True, coverage=None)

        found = judge_internal(known, DRAFTER)

        assert (found.outcome, found.provisional) == (Outcome.PASSED, True)
