"""What the limits that routers count themselves have against a call. Pure: the tally is read."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from tokenops_sidecar.case import Case, Objection
from tokenops_sidecar.decision import LOOP
from tokenops_sidecar.limits import Quota
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


def of_quotas(scope: Scope, case: Case) -> Iterator[Objection]:
    """Refuse what a hard quota has no room for, and what a soft one has none for unexplained."""
    for quota, subject, used, limit in _exceeded(scope.quotas, case):
        is_explained = quota.mode == "soft" and case.call.quota_reason
        if quota.mode == "alert" or is_explained:
            continue
        who, wanted = f" of {subject}" if subject else "", amount_of(quota, case)
        text = (
            f"{plain(used)} of {plain(limit)} {quota.metric} ({quota.window}){who} in {scope.name}"
            f" are used, and the call asks for {plain(wanted)}."
        )
        code = quota.code
        if quota.mode == "soft":
            code, text = "quota_reason", f"{text} Say why in quota_reason, and it passes."
        yield Objection(scope, code, text, _free_at(quota, subject, case), cap=quota.id)


def notes_of(path: Sequence[Scope], case: Case) -> tuple[str, ...]:
    """Return the quotas that the call exceeds and that stop nobody."""
    gentle = [quota for scope in path for quota in scope.quotas if quota.mode != "hard"]
    return tuple(quota.id for quota, *_ in _exceeded(gentle, case)) if gentle else ()


def amount_of(quota: Quota, case: Case) -> Amount:
    """Return what the call takes of a quota, in its unit."""
    if quota.metric == "usd":
        return case.usd or 0
    return tokens_of(case.call) if quota.metric == "tokens" else 1


def _exceeded(quotas: Sequence[Quota], case: Case) -> Iterator[tuple[Quota, str, Decimal, Decimal]]:
    for quota in quotas:
        subject = quota.subject(case.call)
        if subject is None or (quota.metric == "usd" and case.is_free):
            continue
        used = case.counters.tally.quota(quota, subject, at_s=case.at_s)
        limit = quota.limit_for(subject, case.now)
        if used + amount_of(quota, case) > limit:
            yield quota, subject, used, limit


def _free_at(quota: Quota, subject: str, case: Case) -> datetime | None:
    if quota.span_s is None:
        return quota.resets_at
    tally, at_s = case.counters.tally, case.at_s
    over = tally.quota(quota, subject, at_s=at_s) + amount_of(quota, case) - quota.limit
    return case.now + timedelta(seconds=ceil(tally.quota_frees_s(quota, subject, over, at_s=at_s)))


def plain(amount: Amount) -> str:
    """Write an amount without an exponent and without zeros at its end."""
    text = f"{amount:f}" if isinstance(amount, Decimal) else str(amount)
    return text.rstrip("0").rstrip(".") if "." in text else text
