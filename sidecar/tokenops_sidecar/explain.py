"""A decision in words: which line matched, what each scope says, where it goes. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from tokenops_sidecar.blocks import throttle_of
from tokenops_sidecar.call import Call
from tokenops_sidecar.case import Case
from tokenops_sidecar.counted import plain
from tokenops_sidecar.counters import Counters, Purse
from tokenops_sidecar.decide import case_of, decide
from tokenops_sidecar.decision import Decision
from tokenops_sidecar.limits import Quota
from tokenops_sidecar.match import Rule
from tokenops_sidecar.objections import of_scope
from tokenops_sidecar.policy import Policy, Scope, binding
from tokenops_sidecar.route import way_of


def explain(call: Call, policy: Policy, counters: Counters, now: datetime) -> str:
    """Return why a call is decided as it is, a line for each step."""
    place = policy.assign.place(call.attributes)
    decision = decide(call, policy, counters, now)
    if place is None:
        return "No line of `assign` holds for this call.\n" + _in_words(decision)
    path = policy.path(call.attributes)
    bound = binding(path)
    way = way_of(call, bound, policy, counters.tally, at_s=counters.tally.now_s(now))
    case = case_of(call, way.model, policy, counters, now)
    lines = [_matched(place, policy.assign.rules[place])]
    lines += [line for scope in bound for line in _said(scope, case)]
    lines += [
        f"{scope.id} is not asked: {path[0].id} is protected." for scope in path[len(bound) :]
    ]
    throttle = throttle_of(bound, case, without_fallback=way.without_fallback)
    if throttle is not None:
        lines.append(f"{throttle.id} keeps {_share(throttle)} of its calls, evenly.")
    return "\n".join([*lines, *_about(decision), _in_words(decision)])


def as_if_unused(policy: Policy, now: datetime) -> Counters:
    """Return what a router knows that has made no call yet and can lease what the caps allow."""
    purses = {
        path[0].id: Purse(max(cap.limit_usd for cap in path[0].hard_caps))
        for path in policy.paths.values()
        if path[0].hard_caps
    }
    return Counters(purses=purses, confirmed_at=now)


def summary(policy: Policy) -> str:
    """Return what a document holds, in a sentence or two."""
    scopes = [path[0] for path in policy.paths.values()]
    routes = f" {len(policy.routes.lines)} routes," if policy.routes.lines else ""
    words = (
        f"Revision {policy.revision}, issued at {policy.issued_at.isoformat()}:"
        f" {len(scopes)} scopes, {len(policy.assign.rules)} lines of assign,{routes}"
        f" {len(policy.models)} models."
    )
    blocked = _names(scopes, {"open", "half_open"}) or "none"
    slowed = _names(scopes, {"throttled", "downgraded"})
    return f"{words} Blocked: {blocked}." + (f" Slowed: {slowed}." if slowed else "")


def _names(scopes: list[Scope], states: set[str]) -> str:
    return ", ".join(scope.id for scope in scopes if scope.state in states)


def _matched(place: int, rule: Rule) -> str:
    return f"assign line {place + 1} holds ({_conditions(rule.when)}): {rule.scope}."


def _conditions(when: Mapping[str, tuple[str, ...]]) -> str:
    parts = [f"{name} is {' or '.join(map(repr, wanted))}" for name, wanted in when.items()]
    return ", ".join(parts) or "every call"


def _said(scope: Scope, case: Case) -> Iterator[str]:
    found = of_scope(scope, case)
    for objection in found:
        verb = "waits" if objection.outcome == "queue" else "refuses"
        until = f" Until {objection.until.isoformat()}." if objection.until else ""
        yield f"{scope.id} {verb} ({objection.code}): {objection.text}{until}"
    if not found:
        ceiling = f", up to tier {scope.max_tier}" if scope.max_tier else ""
        yield f"{scope.id} ({scope.state}) allows it{ceiling}."
    limits = [*_rates(scope), *_tasks(scope), *(_quota(quota) for quota in scope.quotas)]
    if limits:
        yield f"{scope.id} counts: {'; '.join(limits)}."


def _rates(scope: Scope) -> Iterator[str]:
    rates = scope.rates
    if rates is None:
        return
    if rates.requests_per_minute is not None:
        yield f"{rates.requests_per_minute} requests a minute"
    if rates.tokens_per_minute is not None:
        yield f"{rates.tokens_per_minute} tokens a minute"
    if rates.usd_per_minute is not None:
        yield f"{plain(rates.usd_per_minute)} USD a minute"
    if rates.concurrency is not None:
        yield f"{rates.concurrency} calls at a time"


def _tasks(scope: Scope) -> Iterator[str]:
    if scope.task_limits and scope.task_limits.steps is not None:
        yield f"{scope.task_limits.steps} steps a task"
    if scope.task_limits and scope.task_limits.usd is not None:
        yield f"{plain(scope.task_limits.usd)} USD a task"
    if scope.loop:
        yield f"the same prompt {scope.loop.calls} times within {scope.loop.window_s} s as a loop"


def _quota(quota: Quota) -> str:
    each = f" for each {quota.per}" if quota.per else ""
    return f"{plain(quota.limit)} {quota.metric} ({quota.window}){each}, {quota.mode} ({quota.id})"


def _share(scope: Scope) -> str:
    return f"{scope.keep_fraction or 0:.0%}"


def _about(decision: Decision) -> Iterator[str]:
    """Tell what the call was taken for, and what is held for it."""
    labels = decision.labels
    if labels is not None:
        yield (
            f"It is taken for {labels.complexity} {labels.task_type}, of {labels.risk} risk,"
            f" {labels.latency} (sure by {labels.confidence:.0%})."
        )
    if decision.home:
        yield f"Up to {plain(decision.reserve_usd)} USD are held, on lease for {decision.home}."


def _in_words(decision: Decision) -> str:
    why = f" {decision.text}" if decision.text else ""
    later = " In the batch queue." if decision.queue == "batch" and decision.is_go else ""
    return f"{decision.outcome.upper()} {decision.model}.{why}{later}"
