"""What the breaker and a silent server have against a call. Pure."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from tokenops_sidecar.case import Case, Objection, is_for_money_alone
from tokenops_sidecar.decision import LEASE, THROTTLED
from tokenops_sidecar.policy import Scope

# The server is asked meanwhile, so the wait is short.
LEASE_RETRY_S = 0.2
LONGEST_RETRY_S = 60.0
HALF_OPEN = "half_open"
_NOTHING = Decimal(0)


def blocked(scope: Scope, case: Case) -> Iterator[Objection]:
    """Obey a block, and a test: its calls are had from the server, one by one."""
    if case.is_free and is_for_money_alone(scope):
        return
    if scope.state == "open" and scope.reason is not None:
        yield Objection(scope, scope.reason.code, scope.reason.text, scope.reason.until)
    elif scope.state == HALF_OPEN:
        yield from _probing(scope, case)


def _probing(scope: Scope, case: Case) -> Iterator[Objection]:
    probe = scope.probe
    if probe is None or case.now >= probe.until:
        text = f"{scope.name} is being tested, and no call is set apart for it now."
        yield Objection(scope, HALF_OPEN, text)
        return
    had = case.counters.tally.probe(probe.id)
    if had is None or case.now >= had.until or not (had.left > 0 or had.denied):
        text = f"{scope.name} is being tested: the server is asked for one of {probe.calls} calls."
        retry_s = LEASE_RETRY_S
        yield Objection(scope, LEASE, text, None, "queue", retry_s, cap=probe.id)
    elif had.denied:
        yield Objection(scope, HALF_OPEN, had.denied, had.until, cap=probe.id)


def probes_of(path: Sequence[Scope], case: Case) -> tuple[str, ...]:
    """Return the tests that the call is one of, where nothing speaks against it."""
    found: tuple[str, ...] = ()
    for scope in path:
        if scope.state == HALF_OPEN and scope.probe:
            is_asked = not (case.is_free and is_for_money_alone(scope))
            found += (scope.probe.id,) if is_asked else ()
    return found


def throttle_of(
    path: Sequence[Scope], case: Case, *, without_fallback: Scope | None = None
) -> Scope | None:
    """Return the scope whose throttle a call meets: of several, the one that keeps the least.

    A downgraded scope keeps a share where no model fits that it allows (`without_fallback`).
    """
    found: Scope | None = None
    for scope in path:
        share = scope.keep_fraction
        if share is None or not (scope.state == THROTTLED or scope is without_fallback):
            continue
        if case.is_free and is_for_money_alone(scope):
            continue
        if found is None or found.keep_fraction is None or share < found.keep_fraction:
            found = scope
    return found


def throttled(scope: Scope, case: Case) -> Iterator[Objection]:
    """Keep a share of the calls, evenly: the n-th passes if n shares make a whole one more."""
    share, use = scope.keep_fraction or _NOTHING, case.counters.tally.scope(scope.id)
    before = use.judged if use else 0
    if int((before + 1) * share) > int(before * share):
        return
    why = f" {scope.reason.text}" if scope.reason else ""
    text = f"{scope.name} lets {share * 100:.0f} % of its calls through for now.{why}"
    retry_s = min(float(1 / share), LONGEST_RETRY_S) if share else LONGEST_RETRY_S
    until = scope.reason.until if scope.reason else None
    yield Objection(scope, THROTTLED, text, until, "queue", retry_s)


def blind(scope: Scope, case: Case) -> Iterator[Objection]:
    """Obey `when_stale` while the policy is not confirmed, or usage cannot be kept."""
    if not case.counters.can_record:
        text = f"Usage cannot be kept on this machine, and {scope.name} does not run uncounted."
        yield Objection(scope, "usage_not_kept", text)
    if not case.is_stale:
        return
    if scope.when_stale.mode == "closed":
        text = (
            f"The policy was not confirmed for more than {case.policy.stale_after_s} s, and"
            f" {scope.name} does not run without."
        )
        yield Objection(scope, "stale", text)
        return
    spent_usd, most_usd = case.counters.blind_usd.get(scope.id, _NOTHING), scope.when_stale.usd
    if spent_usd >= most_usd or spent_usd + (case.usd or 0) > most_usd:
        text = (
            f"Of the {most_usd} USD that {scope.name} may spend while the policy is not confirmed,"
            f" {max(most_usd - spent_usd, _NOTHING)} are left, and the call needs more."
        )
        yield Objection(scope, "stale_allowance_spent", text)
