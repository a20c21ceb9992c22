"""What a call costs by the list prices of the policy. Pure.

The server's price book has the last word. Until its meter has taken a call in, the sidecar
counts it by the list; a token class without a price counts at the dearest that could be meant.
Fees by the request and prices of long contexts stand in no document, so they are missing here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tokenops_sidecar.call import Call
from tokenops_sidecar.policy import Model, Policy
from tokenops_sidecar.reading import Node

# What a call counts as whose size nobody said, each way.
UNKNOWN_TOKENS = 4_096
_MILLION = 1_000_000


def cost_usd(record: Mapping[str, Any], policy: Policy) -> Decimal | None:
    """Return what a usage record cost, or `most_usd` where nothing is priced; None without."""
    top = Node(record)
    stated, tokens, most = top.maybe("cost_usd"), top.maybe("tokens"), top.maybe("most_usd")
    if stated is not None:
        return stated.usd()
    counts = {name: each.whole() for name, each in tokens.each_member()} if tokens else {}
    model = policy.models.get((top.at("provider").name(), top.at("model").name()))
    dearest_usd = dearest(policy, model)
    if dearest_usd is None:
        return most.usd() if most else None
    prices = model.usd_per_mtok if model else {}
    costs = (count * prices.get(name, dearest_usd) for name, count in counts.items())
    return sum(costs, Decimal(0)) / _MILLION


def dearest(policy: Policy, model: Model | None) -> Decimal | None:
    """Return the highest price per million tokens that may be meant.

    That of the model itself; without one, of its tier; without a tier, of all models.
    """
    if model is not None and model.usd_per_mtok:
        return max(model.usd_per_mtok.values())
    listed = policy.models.values()
    peers = [one for one in listed if model is None or one.tier == model.tier]
    return _highest(peers)


def tokens_of(call: Call) -> int:
    """Return how many tokens a call may take, in and out."""
    return _or_unknown(call.in_tokens) + _or_unknown(call.max_out_tokens)


def reserve_usd(call: Call, policy: Policy, model: Model | None) -> Decimal | None:
    """Return what a call can cost at most, to be held before it is made; None where nobody knows.

    Tokens in and tokens out count at the dearest class each way; the caller's `most_usd` outranks
    that.
    """
    if call.most_usd is not None:
        return call.most_usd
    if model is not None and model.in_usd is not None and model.out_usd is not None:
        in_usd, out_usd = model.in_usd, model.out_usd
    else:
        highest_usd = dearest(policy, model)
        if highest_usd is None:
            return None
        in_usd = out_usd = highest_usd
    tokens_in, tokens_out = _or_unknown(call.in_tokens), _or_unknown(call.max_out_tokens)
    return (tokens_in * in_usd + tokens_out * out_usd) / _MILLION


def input_usd(call: Call, policy: Policy, model: Model | None) -> Decimal | None:
    """Return what the input alone can cost: that much stays spent when a call is cancelled."""
    return reserve_usd(replace(call, max_out_tokens=0, most_usd=None), policy, model)


def _or_unknown(tokens: int | None) -> int:
    return UNKNOWN_TOKENS if tokens is None else tokens


def _highest(models: Iterable[Model]) -> Decimal | None:
    return max((usd for model in models for usd in model.usd_per_mtok.values()), default=None)
