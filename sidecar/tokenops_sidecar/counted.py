"""What rates, limits of tasks and loops have against a call. Pure: the tally is only read."""

from collections.abc import Iterator
from decimal import Decimal

from tokenops_sidecar.case import Case, Objection
from tokenops_sidecar.decision import LOOP
from tokenops_sidecar.policy import Scope
from tokenops_sidecar.price import tokens_of
from tokenops_sidecar.uses import MINUTE_S, ScopeUse
from tokenops_sidecar.window import Window

# A call under way may end at any moment.
CONCURRENCY_RETRY_S = 1.0
Amount = Decimal | int
_UNUSED = ScopeUse()


def rated(scope: Scope, case: Case) -> Iterator[Objection]:
    """Let no more through in a minute, or at a time, than the scope allows this router."""
    rates = scope.rates
    if rates is None:
        return
    use = case.counters.tally.scope(scope.id) or _UNUSED
    limited: list[tuple[str, Amount | None, Window, Amount]] = [
        ("requests", rates.requests_per_minute, use.requests, 1)
    ]
    if rates.tokens_per_minute is not None:
        limited.append(("tokens", rates.tokens_per_minute, use.tokens, tokens_of(case.call)))
    if not case.is_free:
        limited.append(("usd", rates.usd_per_minute, use.usd, case.usd or 0))
    for name, limit, window, amount in limited:
        if limit is not None:
            yield from _over_rate(scope, name, limit, window, amount, at_s=case.at_s)
    if rates.concurrency is not None and use.under_way >= rates.concurrency:
        text = (
            f"{scope.name} has {use.under_way} calls under way here, and {rates.concurrency} may."
        )
        yield Objection(scope, "concurrency", text, None, "queue", CONCURRENCY_RETRY_S)


def _over_rate(
    scope: Scope, name: str, limit: Amount, window: Window, amount: Amount, *, at_s: float
) -> Iterator[Objection]:
    """Wait until the minute has room. A call larger than the limit has a minute to itself."""
    used = window.total(at_s)
    if limit and (not used or used + amount <= limit):
        return
    retry_s = window.frees_s(used + amount - limit, at_s=at_s) if limit else float(MINUTE_S)
    text = (
        f"{scope.name} has had {plain(used)} of {plain(limit)} {name} a minute here, and the call"
        f" asks for {plain(amount)}."
    )
    yield Objection(scope, f"rate_{name}", text, None, "queue", round(retry_s, 3))


def of_tasks(scope: Scope, case: Case) -> Iterator[Objection]:
    """End a task that takes more steps, or more money, than one may."""
    limits, call = scope.task_limits, case.call
    if limits is None or not call.task:
        return
    use = case.counters.tally.task(scope.id, call.task, at_s=case.at_s)
    steps, usd = (use.steps, use.usd) if use else (0, Decimal(0))
    if limits.steps is not None and steps >= limits.steps:
        text = (
            f"Task {call.task} took {steps} steps, and {limits.steps} are what {scope.name} allows."
        )
        yield Objection(scope, "task_steps", text)
    if limits.usd is not None and not case.is_free and usd + (case.usd or 0) > limits.usd:
        text = (
            f"Task {call.task} took {plain(usd)} USD, the call can cost {plain(case.usd or 0)} USD,"
            f" and {plain(limits.usd)} USD are what {scope.name} allows a task."
        )
        yield Objection(scope, "task_usd", text)


def looping(scope: Scope, case: Case) -> Iterator[Objection]:
    """Refuse the call that makes a loop of those before it: the same prompt once too often."""
    loop, prompt_hash = scope.loop, case.call.prompt_hash
    if loop is None or not prompt_hash:
        return
    seen = case.counters.tally.prompt(scope.id, prompt_hash, at_s=case.at_s)
    if seen + 1 >= loop.calls:
        text = (
            f"The same prompt for the {plain(seen + 1)}th time within {loop.window_s} s:"
            f" {scope.name} takes that for a loop."
        )
        yield Objection(scope, LOOP, text)


def plain(amount: Amount) -> str:
    """Write an amount without an exponent and without zeros at its end."""
    text = f"{amount:f}" if isinstance(amount, Decimal) else str(amount)
    return text.rstrip("0").rstrip(".") if "." in text else text
