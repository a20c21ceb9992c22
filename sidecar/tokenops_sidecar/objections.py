"""All that the scopes of a call have against it. Pure.

Nothing is counted here: what is counted once the call is made stands in the tally.
"""

from collections.abc import Iterator, Sequence

from tokenops_sidecar.blocks import blind, blocked, throttled
from tokenops_sidecar.case import Case, Objection
from tokenops_sidecar.counted import looping, of_quotas, of_tasks, rated
from tokenops_sidecar.money import unaffordable, unleased
from tokenops_sidecar.policy import Scope, home_of


def objections(case: Case, path: Sequence[Scope], throttle: Scope | None) -> list[Objection]:
    """Return what speaks against a call, the innermost scope first; nothing allows it.

    `throttle` is the scope whose share the call has to be of.
    """
    found = [objection for scope in path for objection in of_scope(scope, case)]
    if throttle is not None:
        found += throttled(throttle, case)
    home = home_of(path)
    if home is not None and case.usd:
        found += unleased(home, case, path)
    return found


def of_scope(scope: Scope, case: Case) -> Iterator[Objection]:
    """Yield what one scope has against a call, but for its throttle and money on lease."""
    if scope.state in {"open", "half_open"}:
        yield from blocked(scope, case)
    if scope.when_stale.mode != "open" and (case.is_stale or not case.counters.can_record):
        yield from blind(scope, case)
    if scope.limits_money and not case.is_free:
        yield from unaffordable(scope, case)
    if scope.is_counted:
        yield from rated(scope, case)
        yield from of_tasks(scope, case)
        yield from looping(scope, case)
        yield from of_quotas(scope, case)
