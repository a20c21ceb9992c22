"""Which model a call goes to: the one asked for, or a cheaper one that policy names. Pure.

A route only ever leads down: nobody pays for a dearer model than he asked for. What is risky stays
where it is, a conversation stays with the model it began with, and what the classifier is not sure
of goes one tier less far down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeGuard

from tokenops_sidecar.call import Call
from tokenops_sidecar.classify import HIGH, Labels, classify, is_worth_it
from tokenops_sidecar.decision import Queue
from tokenops_sidecar.policy import Model, Policy, Route, Scope
from tokenops_sidecar.price import reserve_usd
from tokenops_sidecar.tally import Tally

SURE = Decimal("0.6")
BATCH: Literal["batch"] = "batch"
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Way:
    """Where a call goes; with a text, it goes there instead of where it was asked to.

    `scope` is the one whose ceiling decided. `without_fallback` is a downgraded scope that has
    no model for the call, `too_high` a ceiling that nothing fits beneath.
    """

    model: Model | None
    code: str = ""
    text: str = ""
    scope: Scope | None = None
    labels: Labels | None = None
    queue: Queue = "sync"
    without_fallback: Scope | None = None
    too_high: Scope | None = None


def way_of(call: Call, path: Sequence[Scope], policy: Policy, tally: Tally, *, at_s: float) -> Way:
    """Return where a call goes by the routes and the ceilings of its scopes."""
    asked = policy.models.get((call.provider, call.model))
    way = _routed(call, asked, policy, tally, at_s) if policy.routes.lines else Way(asked)
    ceiling = _ceiling(policy, path)
    return way if ceiling is None else _beneath(ceiling, way, call, policy)


def _routed(call: Call, asked: Model | None, policy: Policy, tally: Tally, at_s: float) -> Way:
    labels = _labels(call, asked, policy)
    route = _line(policy, labels)
    kept = _kept(call, policy, tally, at_s)
    model = kept or _preferred(call, route, labels, policy)
    if not _leads_down(model, asked, call, labels, policy):
        return Way(asked, labels=labels, queue=_queue(route, labels, asked))
    text = f"The conversation goes on with {model.name}." if kept else _in_words(labels, model)
    return Way(model, "route", text, None, labels, _queue(route, labels, model))


def _leads_down(
    model: Model | None, asked: Model | None, call: Call, labels: Labels | None, policy: Policy
) -> TypeGuard[Model]:
    """Test whether a model is of a lower tier than the one asked for, and the call may go there."""
    risk = labels.risk if labels else call.labels.get("risk", "")
    if asked is None or model is None or risk == HIGH:
        return False
    task_type = labels.task_type if labels else call.task_type
    return policy.rank(model.tier_for(task_type)) < policy.rank(asked.tier_for(task_type))


def _labels(call: Call, asked: Model | None, policy: Policy) -> Labels | None:
    """Return what kind of call it is; None where finding out costs more than it can save."""
    most_usd = reserve_usd(call, policy, asked)
    return classify(call) if is_worth_it(call, most_usd) else None


def _line(policy: Policy, labels: Labels | None) -> Route | None:
    if labels is None:
        return None
    return policy.routes.line(labels.task_type, labels.complexity, labels.risk)


def _kept(call: Call, policy: Policy, tally: Tally, at_s: float) -> Model | None:
    """Return the model that the conversation goes on with, if it still asks for the same."""
    if not call.conversation:
        return None
    asked, got = tally.conversation(call.conversation, at_s=at_s) or ("", "")
    return policy.models.get((call.provider, got)) if asked == call.model else None


def _preferred(
    call: Call, route: Route | None, labels: Labels | None, policy: Policy
) -> Model | None:
    """Return the provider's model for the line: by its list, else the cheapest of its tier."""
    if route is None or labels is None:
        return None
    rank = policy.rank(route.tier)
    if labels.confidence >= SURE:
        for name in route.models:
            if (call.provider, name) in policy.models:
                return policy.models[call.provider, name]
    else:
        rank += 1
    of_tier = [
        model
        for model in policy.models.values()
        if model.provider == call.provider and policy.rank(model.tier_for(labels.task_type)) == rank
    ]
    return min(of_tier, key=_by_price, default=None)


def _queue(route: Route | None, labels: Labels | None, model: Model | None) -> Queue:
    """Return whether the call can wait for a batch: the route, the work and the model allow it."""
    if route is None or route.queue != BATCH or labels is None or model is None:
        return "sync"
    return BATCH if labels.latency == "async" and model.has_batch else "sync"


def _ceiling(policy: Policy, path: Sequence[Scope]) -> Scope | None:
    """Return the scope with the lowest highest tier; None where any tier will do."""
    lowest: Scope | None = None
    for scope in path:
        if scope.max_tier and (
            lowest is None
            or policy.rank(scope.max_tier) < policy.rank(lowest.max_tier or scope.max_tier)
        ):
            lowest = scope
    return lowest


def _beneath(ceiling: Scope, way: Way, call: Call, policy: Policy) -> Way:
    if _fits(way.model, ceiling, policy, call):
        return way
    is_downgraded = ceiling.state == "downgraded"
    is_risky = is_downgraded and _risk(call, way) == HIGH
    fitting = None if is_risky else _best_beneath(ceiling, policy, call)
    labels = way.labels
    if fitting is not None:
        text = f"{ceiling.name} goes up to tier {ceiling.max_tier}: call {fitting.name} instead."
        queue: Queue = BATCH if way.queue == BATCH and fitting.has_batch else "sync"
        return Way(fitting, "tier", text, ceiling, labels, queue)
    if is_downgraded and ceiling.keep_fraction is not None:
        return Way(way.model, labels=labels, queue=way.queue, without_fallback=ceiling)
    return Way(way.model, labels=labels, too_high=ceiling)


def _risk(call: Call, way: Way) -> str:
    return way.labels.risk if way.labels else call.labels.get("risk", "")


def _fits(model: Model | None, ceiling: Scope, policy: Policy, call: Call) -> bool:
    # A model without a tier may be of any, so it fits beneath none.
    if model is None or ceiling.max_tier is None:
        return False
    return policy.rank(model.tier_for(call.task_type)) <= policy.rank(ceiling.max_tier)


def _best_beneath(ceiling: Scope, policy: Policy, call: Call) -> Model | None:
    """Return the provider's model of the highest tier that fits, of those the cheapest."""
    fitting = [
        model
        for model in policy.models.values()
        if model.provider == call.provider and _fits(model, ceiling, policy, call)
    ]

    def order(model: Model) -> tuple[int, bool, Decimal, str]:
        return -policy.rank(model.tier_for(call.task_type)), *_by_price(model)

    return min(fitting, key=order, default=None)


def _by_price(model: Model) -> tuple[bool, Decimal, str]:
    prices = model.usd_per_mtok.values()
    return not prices, max(prices, default=_NOTHING), model.name


def too_high(way: Way, call: Call) -> str:
    """Return in words that nothing fits beneath a ceiling."""
    ceiling, model = way.too_high, way.model
    tier = f"is of tier {model.tier_for(call.task_type)}" if model else "has no tier"
    name, most = (ceiling.name, ceiling.max_tier) if ceiling else ("", "")
    return (
        f"{call.provider}/{call.model} {tier}, {name} goes up to {most}, and"
        f" {call.provider} has no model that fits."
    )


def _in_words(labels: Labels | None, model: Model) -> str:
    task = labels.task_type.replace("_", " ") if labels else ""
    what = f"{labels.complexity} {task}".strip() if labels else "call"
    return f"{what.capitalize()} goes to tier {model.tier}: call {model.name} instead."
