"""Credits make a line of Google's bill cheaper, or pay for it."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.readers.gcp_credits import Credit, Credits, credits_of, effective_cost

AMOUNTS = st.decimals(-1000, 0, places=9)


def cell(*given_back: tuple[str, str]) -> str:
    return json.dumps(
        [{"name": "n", "type": kind, "amount": amount} for kind, amount in given_back]
    )


def test_a_commitment_is_a_discount_and_a_promotion_is_not() -> None:
    found = credits_of(cell(("COMMITTED_USAGE_DISCOUNT", "-0.25"), ("PROMOTION", "-1.5e-3")), "")

    assert found == Credits(
        (
            Credit("n", "-0.25", is_discount=True),
            Credit("n", "-1.5e-3", is_discount=False),
        )
    )
    assert effective_cost("2.00", found) == "1.75"


@pytest.mark.parametrize(
    ("text", "total", "expected"),
    [
        ("", "", Credits()),
        ("[]", "", Credits()),
        ('[{"name":"n","amount":0}]', "", Credits()),
        # A bare total does not say what it is for, and makes no line cheaper.
        ("", "-3.5", Credits((Credit("PROMOTION", "-3.5", is_discount=False),))),
        ('[{"amount":-1,"full_name":"Long name"}]', "",
         Credits((Credit("Long name", "-1", is_discount=False),))),
    ],
)  # fmt: skip
def test_credits_are_read_as_they_come(text: str, total: str, expected: Credits) -> None:
    assert credits_of(text, total) == expected


@pytest.mark.parametrize(
    "text", ["half a list", "7", '["x"]', '[{"amount":"lots"}]', '{"amount":-1}']
)
def test_credits_that_cannot_be_read_are_a_fault(text: str) -> None:
    found = credits_of(text, "")

    assert found.items == ()
    assert found.fault.startswith("cannot be read: ")


def test_a_cost_that_is_no_amount_stays_for_the_report_to_name() -> None:
    assert effective_cost("lots", credits_of(cell(("FREE_TIER", "-1")), "")) == "lots"


@given(st.decimals(0, 1000, places=9), st.lists(AMOUNTS), st.lists(AMOUNTS))
def test_what_a_line_costs_in_effect_and_its_promotions_are_the_net(
    cost: Decimal, discounts: list[Decimal], promotions: list[Decimal]
) -> None:
    given_back = [("DISCOUNT", f"{amount:f}") for amount in discounts]
    given_back += [("PROMOTION", f"{amount:f}") for amount in promotions]
    found = credits_of(cell(*given_back), "")

    paid = [Decimal(credit.amount) for credit in found.items if not credit.is_discount]
    net = cost + sum(discounts, Decimal(0)) + sum(promotions, Decimal(0))
    assert Decimal(effective_cost(f"{cost:f}", found)) + sum(paid, Decimal(0)) == net
