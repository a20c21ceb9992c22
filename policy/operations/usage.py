"""Usage pushed over REST: stored and judged in one transaction.

Pushes of one sender that meet share a transaction, for its cost hardly grows with the records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from ingestion.operations.push import RejectedRecord, receive_records
from org.models import User
from policy.operations.breaker import judge
from policy.operations.gathering import Gathering
from policy.operations.publish import publish
from policy.operations.settlements import meter_leases
from policy.queries.revisions import current_number

MOST_TOGETHER = 5_000  # records; as many as one call may bring


@dataclass(frozen=True, slots=True)
class UsageAnswer:
    """What became of the records, and the policy revision that holds after them."""

    accepted: int
    duplicate: int
    conflict: int
    rejected: Sequence[RejectedRecord]
    revision: int | None


class _Push(NamedTuple):
    records: Sequence[Mapping[str, Any]]
    by: User
    at: datetime
    source: str


class _NotAllNew(Exception):
    """Some were stored before or rejected: which push brought them comes out one by one."""


def take_usage(
    *,
    records: Sequence[Mapping[str, Any]],
    by: User,
    at: datetime,
    source: str = "tokenops",
) -> UsageAnswer:
    """Store usage, and block what it carried past a hard cap before anybody is answered."""
    push = _Push(records, by, at, source)
    if connection.in_atomic_block:  # the caller's own transaction is not shared
        return _take(push)
    return _pushes.answer(push, key=(by.pk, source, at.date()), size=len(records))


@transaction.atomic
def _take(push: _Push) -> UsageAnswer:
    records, by, at, source = push
    result = receive_records(records=records, by=by, at=at, source=source)
    meter_leases(leased=result.leased, by=by, at=at)
    steps = judge(unit_ids=result.unit_ids, cost_object_ids=result.cost_object_ids, at=at)
    if steps:
        publish(cause="", by=by, at=at)
    return UsageAnswer(
        accepted=result.accepted,
        duplicate=result.duplicate,
        conflict=result.conflict,
        rejected=result.rejected,
        revision=current_number(),
    )


@transaction.atomic
def _take_together(pushes: Sequence[_Push]) -> list[UsageAnswer]:
    records = [record for push in pushes for record in push.records]
    latest = max(push.at for push in pushes)
    whole = _take(pushes[0]._replace(records=records, at=latest))
    if whole.rejected or whole.accepted != len(records):
        raise _NotAllNew
    return [replace(whole, accepted=len(push.records)) for push in pushes]


_pushes = Gathering(together=_take_together, alone=_take, most=MOST_TOGETHER)
