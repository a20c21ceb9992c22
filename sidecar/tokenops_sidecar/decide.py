"""Whether a call may be made: the policy, what is counted, the hour; nothing else. Pure.

A call falls under a scope and everything above it, and has to satisfy each of them: the
strictest wins. A protected scope answers for itself alone. The document is obeyed as published:
that a block's time has passed, or that a cap starts anew, holds when the server says so.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from tokenops_sidecar.blocks import probes_of, throttle_of
from tokenops_sidecar.call import Call
from tokenops_sidecar.case import Case, Objection, is_stale
from tokenops_sidecar.counters import Block, Counters, Denial, Purse
from tokenops_sidecar.decision import LEASE, THROTTLED, Decision, Outcome
from tokenops_sidecar.objections import objections
from tokenops_sidecar.policy import Model, Policy, Scope, binding, home_of
from tokenops_sidecar.price import reserve_usd
from tokenops_sidecar.quotas import draws_of, notes_of
from tokenops_sidecar.route import Way, too_high, way_of

__all__ = ["Block", "Counters", "Decision", "Denial", "Outcome", "Purse", "case_of", "decide"]

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
    tally = counters.tally
    way = way_of(call, path, policy, tally, at_s=tally.now_s(now))
    case = case_of(call, way.model, policy, counters, now)
    if way.too_high is not None:
        return _stopped(case, way, [Objection(way.too_high, "tier", too_high(way, call))])
    throttle = throttle_of(path, case, without_fallback=way.without_fallback)
    home = home_of(path) if case.usd else None
    against = objections(case, path, throttle, home)
    if against:
        return _stopped(case, way, against, home=home)
    return _passed(case, way, path, throttle, home)


def case_of(
    call: Call, model: Model | None, policy: Policy, counters: Counters, now: datetime
) -> Case:
    """Bring together what a call to a model is judged by."""
    is_free = model is not None and model.is_free
    usd = _NOTHING if is_free else reserve_usd(call, policy, model)
    at_s, stale = counters.tally.now_s(now), is_stale(policy, counters, now)
    return Case(call, model, usd, policy, counters, now, at_s, stale)


def _passed(
    case: Case, way: Way, path: Sequence[Scope], throttle: Scope | None, home: Scope | None
) -> Decision:
    return Decision(
        "downgrade" if way.text else "allow",
        way.model.name if way.text and way.model else case.call.model,
        way.code,
        way.text,
        scope=way.scope.id if way.scope else "",
        owner=way.scope.owner if way.scope else "",
        revision=case.policy.revision,
        reserve_usd=case.usd or _NOTHING,
        home=home.id if home else "",
        queue=way.queue,
        labels=way.labels,
        notes=notes_of(path, case),
        throttle=throttle.id if throttle else "",
        probes=probes_of(path, case),
        draws=draws_of(path, case),
    )


def _stopped(
    case: Case, way: Way, against: Sequence[Objection], *, home: Scope | None = None
) -> Decision:
    """Return the worst objection with whom to ask.

    Of several refusals the one that holds longest; of several waits the longest; the server is
    asked for a lease only where nothing else is in the way.
    """
    worst = max(against, key=_weight)
    scope, reason = worst.scope, worst.scope.reason
    return Decision(
        worst.outcome,
        case.call.model,
        worst.code,
        worst.text,
        scope=scope.id,
        cap=worst.cap,
        subject=worst.subject,
        amount=worst.amount,
        until=worst.until,
        retry_after_s=worst.retry_after_s,
        owner=(reason.owner if reason else "") or scope.owner,
        contact=reason.contact if reason else "",
        revision=case.policy.revision,
        reserve_usd=case.usd or _NOTHING,
        home=home.id if home else "",
        labels=way.labels,
        throttle=scope.id if worst.code == THROTTLED else "",
    )


def _weight(objection: Objection) -> tuple[int, datetime, float]:
    if objection.outcome == "refuse":
        return 2, objection.until or _NEVER, 0.0
    return int(objection.code != LEASE), _NEVER, objection.retry_after_s or 0.0
