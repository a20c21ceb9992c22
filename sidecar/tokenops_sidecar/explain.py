"""A decision in words: which line matched, and what each scope has to say. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from tokenops_sidecar.call import Call
from tokenops_sidecar.decide import Counters, Decision, case_of, decide
from tokenops_sidecar.match import Rule
from tokenops_sidecar.objections import of_scope
from tokenops_sidecar.policy import Policy, Scope


def explain(call: Call, policy: Policy, counters: Counters, now: datetime) -> str:
    """Return why a call is decided as it is, a line for each step."""
    place = policy.assign.place(call.attributes)
    if place is None:
        return "No line of `assign` holds for this call.\n" + _in_words(
            decide(call, policy, counters, now)
        )
    path = policy.path(call.attributes)
    lines = [_matched(place, policy.assign.rules[place])]
    lines += [line for scope in path for line in _said(scope, call, policy, counters, now)]
    return "\n".join([*lines, _in_words(decide(call, policy, counters, now))])


def summary(policy: Policy) -> str:
    """Return what a document holds, in a sentence or two."""
    blocked = [path[0] for path in policy.paths.values() if path[0].state in {"open", "half_open"}]
    names = ", ".join(scope.id for scope in blocked)
    return (
        f"Revision {policy.revision}, issued at {policy.issued_at.isoformat()}:"
        f" {len(policy.paths)} scopes, {len(policy.assign.rules)} lines of assign,"
        f" {len(policy.models)} models. Blocked: {names or 'none'}."
    )


def _matched(place: int, rule: Rule) -> str:
    return f"assign line {place + 1} holds ({_conditions(rule.when)}): {rule.scope}."


def _conditions(when: Mapping[str, tuple[str, ...]]) -> str:
    parts = [f"{name} is {' or '.join(map(repr, wanted))}" for name, wanted in when.items()]
    return ", ".join(parts) or "every call"


def _said(
    scope: Scope, call: Call, policy: Policy, counters: Counters, now: datetime
) -> Iterator[str]:
    model = policy.models.get((call.provider, call.model))
    found = list(of_scope(scope, case_of(call, model, policy, counters, now)))
    for refusal in found:
        until = f" Until {refusal.until.isoformat()}." if refusal.until else ""
        yield f"{scope.id} refuses ({refusal.code}): {refusal.text}{until}"
    if not found:
        ceiling = f", up to tier {scope.max_tier}" if scope.max_tier else ""
        yield f"{scope.id} ({scope.state}) allows it{ceiling}."


def _in_words(decision: Decision) -> str:
    why = f" {decision.text}" if decision.text else ""
    return f"{decision.outcome.upper()} {decision.model}.{why}"
