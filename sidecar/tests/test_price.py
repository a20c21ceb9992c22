"""What a call costs until the server's meter says so."""

import json
from decimal import Decimal
from typing import Any

import pytest
from samples import document, model

from tokenops_sidecar.document import parse
from tokenops_sidecar.policy import Policy
from tokenops_sidecar.price import cost_usd

PRICED = [
    model("gpt-5", "frontier", in_text="2", out_text="10"),
    model("gpt-5-mini", "mid", in_text="0.5", out_text="4"),
    model("gpt-new", "mid"),
]


def policy(models: list[dict[str, Any]]) -> Policy:
    return parse(json.dumps(document(models=models)).encode())


@pytest.mark.parametrize(
    ("record", "usd"),
    [
        # 1,000 × $2 + 100 × $10 a million
        ({"model": "gpt-5", "tokens": {"in_text": 1000, "out_text": 100}}, "0.003"),
        # the provider's own statement outranks the list
        ({"model": "gpt-5", "tokens": {"in_text": 1000}, "cost_usd": "0.5"}, "0.5"),
        # a class without a price counts at the model's dearest: 1,000 × $10
        ({"model": "gpt-5", "tokens": {"in_audio": 1000}}, "0.01"),
        # a model without prices at the dearest of its tier: 1,000 × $4
        ({"model": "gpt-new", "tokens": {"in_text": 1000}}, "0.004"),
        # a model that is not listed at the dearest of all: 1,000 × $10
        ({"model": "unlisted", "tokens": {"in_text": 1000}}, "0.01"),
        ({"model": "gpt-5"}, "0"),
    ],
)
def test_a_call_costs_what_the_list_says(record: dict[str, Any], usd: str) -> None:
    assert cost_usd({"provider": "openai", **record}, policy(PRICED)) == Decimal(usd)


def test_where_nothing_is_priced_the_cost_is_unknown_unless_the_router_bounds_it() -> None:
    record = {"provider": "openai", "model": "gpt-5", "tokens": {"in_text": 1000}}

    assert cost_usd(record, policy([])) is None
    assert cost_usd(record | {"most_usd": "0.25"}, policy([])) == Decimal("0.25")
