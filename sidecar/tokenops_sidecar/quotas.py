"""What quotas have against a call, and what a call draws on them. Pure.

Hard quotas hold for all routers together where blocks of them are leased (`Counters.quotas`).
Elsewhere, and while the server is silent, each router counts by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from tokenops_sidecar.blocks import LEASE_RETRY_S
from tokenops_sidecar.case import Case, Objection
from tokenops_sidecar.counted import Amount, plain
from tokenops_sidecar.counters import Block
from tokenops_sidecar.decision import LEASE, Draw
from tokenops_sidecar.limits import Quota
from tokenops_sidecar.policy import Scope
from tokenops_sidecar.price import tokens_of

# What the server leases by the block; caps for each person have other ids.
LEASED = "quota:"
_EMPTY = Block(Decimal(0))


def of_quotas(scope: Scope, case: Case) -> Iterator[Objection]:
    """Refuse what a hard quota has no room for, and what a soft one has none for unexplained."""
    blocks = None if case.is_stale else case.counters.quotas
    for quota, subject in _met(scope.quotas, case):
        if blocks is not None and _is_leased(quota):
            yield from _unleased(scope, quota, subject, case, blocks)
        elif quota.mode != "alert":
            yield from _exceeding(scope, quota, subject, case)


def notes_of(path: Sequence[Scope], case: Case) -> tuple[str, ...]:
    """Return the quotas that the call exceeds and that stop nobody."""
    gentle = [quota for scope in path for quota in scope.quotas if quota.mode != "hard"]
    return tuple(
        quota.id for quota, subject in _met(gentle, case) if _is_over(quota, subject, case)
    )


def draws_of(path: Sequence[Scope], case: Case) -> tuple[Draw, ...]:
    """Return what the call takes of leased blocks, by quota and whose it is."""
    if case.counters.quotas is None:
        return ()
    leased = [quota for scope in path for quota in scope.quotas if _is_leased(quota)]
    return tuple(
        Draw(quota.id, subject, quota.metric, Decimal(amount_of(quota, case)))
        for quota, subject in _met(leased, case)
    )


def amount_of(quota: Quota, case: Case) -> Amount:
    """Return what the call takes of a quota, in its unit."""
    if quota.metric == "usd":
        return case.usd or 0
    return tokens_of(case.call) if quota.metric == "tokens" else 1


def _met(quotas: Sequence[Quota], case: Case) -> Iterator[tuple[Quota, str]]:
    """Yield the quotas that a call falls under, with whose count it belongs to."""
    for quota in quotas:
        subject = quota.subject(case.call)
        if subject is not None and not (quota.metric == "usd" and case.is_free):
            yield quota, subject


def _is_leased(quota: Quota) -> bool:
    return quota.mode == "hard" and quota.id.startswith(LEASED)


def _unleased(
    scope: Scope,
    quota: Quota,
    subject: str,
    case: Case,
    blocks: Mapping[tuple[str, str], Block],
) -> Iterator[Objection]:
    """Ask the server for a block; its word that nothing is left holds until it may be."""
    block, amount = blocks.get((quota.id, subject), _EMPTY), Decimal(amount_of(quota, case))
    if block.free >= amount:
        return
    refusal = block.refusal
    if refusal is not None and (refusal.until is None or case.now < refusal.until):
        yield Objection(scope, quota.code, refusal.text, refusal.until, cap=quota.id)
        return
    text = (
        f"The call asks for {plain(amount)} {quota.metric}{_of(subject)}, and {scope.name} has no"
        " more of them on lease here yet."
    )
    yield Objection(scope, LEASE, text, None, "queue", LEASE_RETRY_S, quota.id, subject, amount)


def _exceeding(scope: Scope, quota: Quota, subject: str, case: Case) -> Iterator[Objection]:
    is_explained = quota.mode == "soft" and case.call.quota_reason
    if is_explained or not _is_over(quota, subject, case):
        return
    used, limit = _used(quota, subject, case), quota.limit_for(subject, case.now)
    text = (
        f"{plain(used)} of {plain(limit)} {quota.metric} ({quota.window}){_of(subject)} in"
        f" {scope.name} are used, and the call asks for {plain(amount_of(quota, case))}."
    )
    code = quota.code
    if quota.mode == "soft":
        code, text = "quota_reason", f"{text} Say why in quota_reason, and it passes."
    yield Objection(scope, code, text, _free_at(quota, subject, case), cap=quota.id)


def _of(subject: str) -> str:
    return f" of {subject}" if subject else ""


def _is_over(quota: Quota, subject: str, case: Case) -> bool:
    limit = quota.limit_for(subject, case.now)
    return _used(quota, subject, case) + amount_of(quota, case) > limit


def _used(quota: Quota, subject: str, case: Case) -> Decimal:
    return case.counters.tally.quota(quota, subject, at_s=case.at_s)


def _free_at(quota: Quota, subject: str, case: Case) -> datetime | None:
    if quota.span_s is None:
        return quota.resets_at
    limit, tally, at_s = quota.limit_for(subject, case.now), case.counters.tally, case.at_s
    over = _used(quota, subject, case) + amount_of(quota, case) - limit
    return case.now + timedelta(seconds=ceil(tally.quota_frees_s(quota, subject, over, at_s=at_s)))
