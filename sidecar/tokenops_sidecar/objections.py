"""All that the scopes of a call have against it. Pure.

Nothing is counted here: what is counted once the call is made stands in the tally.
"""

from collections.abc import Sequence

from tokenops_sidecar.blocks import blind, blocked, throttled
from tokenops_sidecar.case import Case, Objection
from tokenops_sidecar.counted import looping, of_tasks, rated
from tokenops_sidecar.money import is_affordable, unaffordable, unleased
from tokenops_sidecar.policy import Scope
from tokenops_sidecar.quotas import of_quotas

BLOCKING = frozenset({"open", "half_open"})


def objections(
    case: Case, path: Sequence[Scope], throttle: Scope | None, home: Scope | None
) -> list[Objection]:
    """Return what speaks against a call, the innermost scope first; nothing allows it.

    `throttle` is the scope whose share the call has to be of, `home` where its money is leased.
    """
    found: list[Objection] = []
    for scope in path:
        found += of_scope(scope, case)
    if throttle is not None:
        found += throttled(throttle, case)
    if home is not None:
        found += unleased(home, case, path)
    return found


def of_scope(scope: Scope, case: Case) -> list[Objection]:
    """Return what one scope has against a call, but for its throttle and money on lease."""
    found: list[Objection] = []
    if scope.state in BLOCKING:
        found += blocked(scope, case)
    if scope.when_stale.mode != "open" and (case.is_stale or not case.counters.can_record):
        found += blind(scope, case)
    if scope.limits_money and not (case.is_free or is_affordable(scope, case)):
        found += unaffordable(scope, case)
    if scope.is_counted:
        found += [*rated(scope, case), *of_tasks(scope, case), *looping(scope, case)]
        found += of_quotas(scope, case)
    return found
