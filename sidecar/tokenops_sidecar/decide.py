"""Whether a call may be made: the policy, what is counted, the hour; nothing else. Pure.

A call falls under a scope and everything above it, and has to satisfy each of them: the
strictest wins. The document is obeyed as published: that a block's time has passed, or that
a cap starts anew, holds when the server says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from tokenops_sidecar.call import Call
from tokenops_sidecar.policy import Cap, Model, Policy, Scope
from tokenops_sidecar.price import dearest

Outcome = Literal["allow", "downgrade", "refuse"]
# Blocks with these codes are about money; what costs nothing is not meant by them.
_MONEY = "cap_"
_NEVER = datetime.max.replace(tzinfo=UTC)
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Counters:
    """What is known of the spend, and of how well it is known.

    `spent_usd` is the server's meter by cap. `own_usd` is what this sidecar spent by scope
    that the meter does not hold yet, `blind_usd` the part since the policy was confirmed.
    """

    spent_usd: Mapping[str, Decimal] = field(default_factory=dict)
    own_usd: Mapping[str, Decimal] = field(default_factory=dict)
    blind_usd: Mapping[str, Decimal] = field(default_factory=dict)
    confirmed_at: datetime | None = None
    can_record: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What a router has to do, and in words why; `model` is the one to call."""

    outcome: Outcome
    model: str
    code: str = ""
    text: str = ""
    scope: str = ""
    until: datetime | None = None
    owner: str = ""
    contact: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """What one scope has against a call."""

    scope: Scope
    code: str
    text: str
    until: datetime | None = None


def decide(call: Call, policy: Policy | None, counters: Counters, now: datetime) -> Decision:
    """Return what is to be done with a call; without a policy nothing is allowed."""
    if policy is None:
        return _refused(call, "no_policy", "No policy has been received yet: nothing is allowed.")
    path = policy.path(call.attributes)
    if not path:
        words = "No line of the policy says which scope this call falls under."
        return _refused(call, "no_scope", words, revision=policy.revision)
    asked = policy.models.get((call.provider, call.model))
    ceiling = _ceiling(policy, path)
    if ceiling is None or _fits(asked, ceiling, policy, call):
        against = refusals(call, asked, path, policy=policy, counters=counters, now=now)
        return _decided(call, policy, against)
    fitting = _best_beneath(ceiling, policy, call)
    if fitting is None:
        return _decided(call, policy, [_too_high(asked, ceiling, call)])
    against = refusals(call, fitting, path, policy=policy, counters=counters, now=now)
    return _decided(call, policy, against, instead=(fitting, ceiling))


def refusals(
    call: Call,
    model: Model | None,
    path: Sequence[Scope],
    *,
    policy: Policy,
    counters: Counters,
    now: datetime,
) -> list[Refusal]:
    """Return what the scopes have against the model, the innermost first; none allows it."""
    is_free = model is not None and model.is_free
    found: list[Refusal] = []
    for scope in path:
        found += _blocked(scope, is_free=is_free)
        found += _blind(scope, policy, counters, now)
        if not is_free:
            found += _capped(call, scope, counters)
            found += _unpriced(call, model, scope, policy)
    return found


def _blocked(scope: Scope, *, is_free: bool) -> Iterable[Refusal]:
    """Obey the breaker. Testing needs an allowance, which no document gives yet."""
    reason = scope.reason
    if scope.state == "open" and reason is not None:
        if not (is_free and reason.code.startswith(_MONEY)):
            yield Refusal(scope, reason.code, reason.text, reason.until)
    elif scope.state == "half_open":
        text = f"{scope.name} is being tested, and no call is set apart for it here."
        yield Refusal(scope, "half_open", text)


def _blind(scope: Scope, policy: Policy, counters: Counters, now: datetime) -> Iterable[Refusal]:
    """Obey `when_stale` while the policy is not confirmed, or usage cannot be kept."""
    mode = scope.when_stale.mode
    if mode == "open":
        return
    if not counters.can_record:
        text = f"Usage cannot be kept on this machine, and {scope.name} does not run uncounted."
        yield Refusal(scope, "usage_not_kept", text)
    if not is_stale(policy, counters, now):
        return
    if mode == "closed":
        text = (
            f"The policy was not confirmed for more than {policy.stale_after_s} s, and"
            f" {scope.name} does not run without."
        )
        yield Refusal(scope, "stale", text)
    elif counters.blind_usd.get(scope.id, _NOTHING) >= scope.when_stale.usd:
        text = (
            f"The {scope.when_stale.usd} USD are spent that {scope.name} may spend while the"
            " policy is not confirmed."
        )
        yield Refusal(scope, "stale_allowance_spent", text)


def is_stale(policy: Policy, counters: Counters, now: datetime) -> bool:
    """Test whether the policy was confirmed too long ago, or never."""
    if counters.confirmed_at is None:
        return True
    return now - counters.confirmed_at > timedelta(seconds=policy.stale_after_s)


def _capped(call: Call, scope: Scope, counters: Counters) -> Iterable[Refusal]:
    own_usd = counters.own_usd.get(scope.id, _NOTHING)
    for cap in scope.hard_caps:
        spent_usd = counters.spent_usd.get(cap.id, _NOTHING) + own_usd
        if spent_usd >= cap.limit_usd or spent_usd + (call.most_usd or 0) > cap.limit_usd:
            yield Refusal(scope, f"{_MONEY}{cap.window}", _cap_words(cap, scope), cap.resets_at)


def _cap_words(cap: Cap, scope: Scope) -> str:
    return (
        f"What {scope.name} spent, with this call, comes to its cap of {cap.limit_usd:f} USD"
        f" ({cap.window})."
    )


def _unpriced(call: Call, model: Model | None, scope: Scope, policy: Policy) -> Iterable[Refusal]:
    """Refuse to spend an unknown amount where the amount is limited."""
    is_limited = scope.hard_caps or scope.when_stale.mode == "bucket"
    if is_limited and call.most_usd is None and dearest(policy, model) is None:
        text = (
            f"Nothing says what {call.provider}/{call.model} costs, and what {scope.name} spends"
            " is limited: give the model a tier and a price, or say most_usd with the call."
        )
        yield Refusal(scope, "unpriced", text)


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


def _too_high(model: Model | None, ceiling: Scope, call: Call) -> Refusal:
    tier = f"is of tier {model.tier_for(call.task_type)}" if model else "has no tier"
    text = (
        f"{call.provider}/{call.model} {tier}, {ceiling.name} goes up to {ceiling.max_tier}, and"
        f" {call.provider} has no model that fits."
    )
    return Refusal(ceiling, "tier", text)


def _decided(
    call: Call,
    policy: Policy,
    against: Sequence[Refusal],
    instead: tuple[Model, Scope] | None = None,
) -> Decision:
    if against:
        worst = max(against, key=lambda refusal: refusal.until or _NEVER)
        return _refused(call, worst.code, worst.text, refusal=worst, revision=policy.revision)
    if instead is None:
        return Decision("allow", call.model, revision=policy.revision)
    model, ceiling = instead
    text = f"{ceiling.name} goes up to tier {ceiling.max_tier}: call {model.name} instead."
    return Decision(
        "downgrade",
        model.name,
        "tier",
        text,
        scope=ceiling.id,
        owner=ceiling.owner,
        revision=policy.revision,
    )


def _refused(
    call: Call, code: str, text: str, *, refusal: Refusal | None = None, revision: int = 0
) -> Decision:
    """Return the refusal with whom to ask: of several, the one that holds longest."""
    if refusal is None:
        return Decision("refuse", call.model, code, text, revision=revision)
    scope = refusal.scope
    reason = scope.reason
    return Decision(
        "refuse",
        call.model,
        code,
        text,
        scope=scope.id,
        until=refusal.until,
        owner=(reason.owner if reason else "") or scope.owner,
        contact=reason.contact if reason else "",
        revision=revision,
    )
