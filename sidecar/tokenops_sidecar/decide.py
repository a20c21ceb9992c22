"""Whether a call may be made: the policy, what is counted, the hour; nothing else. Pure.

A call falls under a scope and everything above it, and has to satisfy each of them: the
strictest wins. The document is obeyed as published: that a block's time has passed, or that
a cap starts anew, holds when the server says so.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from tokenops_sidecar.call import Call
from tokenops_sidecar.counters import Counters, Denial, Purse
from tokenops_sidecar.decision import LEASE, Decision, Outcome
from tokenops_sidecar.objections import Case, Objection, is_stale, objections
from tokenops_sidecar.policy import Model, Policy, Scope, binding, home_of
from tokenops_sidecar.price import reserve_usd

__all__ = ["Counters", "Decision", "Denial", "Outcome", "Purse", "case_of", "decide", "is_stale"]

_NEVER = datetime.max.replace(tzinfo=UTC)
_NOTHING = Decimal(0)


def decide(call: Call, policy: Policy | None, counters: Counters, now: datetime) -> Decision:
    """Return what is to be done with a call; without a policy nothing is allowed."""
    if policy is None:
        text = "No policy has been received yet: nothing is allowed."
        return Decision("refuse", call.model, "no_policy", text)
    path = binding(policy.path(call.attributes))
    if not path:
        text = "No line of the policy says which scope this call falls under."
        return Decision("refuse", call.model, "no_scope", text, revision=policy.revision)
    asked = policy.models.get((call.provider, call.model))
    ceiling = _ceiling(policy, path)
    if ceiling is None or _fits(asked, ceiling, policy, call):
        return _judged(call, asked, path, policy=policy, counters=counters, now=now)
    fitting = _best_beneath(ceiling, policy, call)
    if fitting is None:
        return _stopped(call, policy, [_too_high(asked, ceiling, call)])
    return _judged(call, fitting, path, policy=policy, counters=counters, now=now, beneath=ceiling)


def _judged(
    call: Call,
    model: Model | None,
    path: Sequence[Scope],
    *,
    policy: Policy,
    counters: Counters,
    now: datetime,
    beneath: Scope | None = None,
) -> Decision:
    case = case_of(call, model, policy, counters, now)
    against = objections(case, path)
    home = home_of(path)
    if against:
        return _stopped(call, policy, against, usd=case.usd, home=home)
    decision = Decision(
        "allow",
        call.model,
        revision=policy.revision,
        reserve_usd=case.usd or _NOTHING,
        home=home.id if home and case.usd else "",
    )
    if beneath is None or model is None:
        return decision
    text = f"{beneath.name} goes up to tier {beneath.max_tier}: call {model.name} instead."
    return replace(
        decision,
        outcome="downgrade",
        model=model.name,
        code="tier",
        text=text,
        scope=beneath.id,
        owner=beneath.owner,
    )


def case_of(
    call: Call, model: Model | None, policy: Policy, counters: Counters, now: datetime
) -> Case:
    """Bring together what a call to a model is judged by."""
    is_free = model is not None and model.is_free
    usd = _NOTHING if is_free else reserve_usd(call, policy, model)
    return Case(call, model, usd, policy, counters, now)


def _ceiling(policy: Policy, path: Sequence[Scope]) -> Scope | None:
    """Return the scope with the lowest highest tier; None where any tier will do."""
    limited = [(policy.rank(scope.max_tier), scope) for scope in path if scope.max_tier]
    return min(limited, key=lambda pair: pair[0], default=(0, None))[1]


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
        rank = policy.rank(model.tier_for(call.task_type))
        prices = model.usd_per_mtok.values()
        return -rank, not prices, max(prices, default=_NOTHING), model.name

    return min(fitting, key=order, default=None)


def _too_high(model: Model | None, ceiling: Scope, call: Call) -> Objection:
    tier = f"is of tier {model.tier_for(call.task_type)}" if model else "has no tier"
    text = (
        f"{call.provider}/{call.model} {tier}, {ceiling.name} goes up to {ceiling.max_tier}, and"
        f" {call.provider} has no model that fits."
    )
    return Objection(ceiling, "tier", text)


def _stopped(
    call: Call,
    policy: Policy,
    against: Sequence[Objection],
    *,
    usd: Decimal | None = None,
    home: Scope | None = None,
) -> Decision:
    """Return the worst objection with whom to ask.

    Of several refusals the one that holds longest; of several waits the longest; the server is
    asked for money only where nothing else is in the way.
    """
    worst = max(against, key=_weight)
    scope, reason = worst.scope, worst.scope.reason
    return Decision(
        worst.outcome,
        call.model,
        worst.code,
        worst.text,
        scope=scope.id,
        cap=worst.cap,
        until=worst.until,
        retry_after_s=worst.retry_after_s,
        owner=(reason.owner if reason else "") or scope.owner,
        contact=reason.contact if reason else "",
        revision=policy.revision,
        reserve_usd=usd or _NOTHING,
        home=home.id if home and usd else "",
    )


def _weight(objection: Objection) -> tuple[int, datetime, float]:
    if objection.outcome == "refuse":
        return 2, objection.until or _NEVER, 0.0
    return int(objection.code != LEASE), _NEVER, objection.retry_after_s or 0.0
