"""Usage that is pushed: stored before the answer, in the caller's transaction."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from ingestion.models import Delivery
from ingestion.operations.assignments import hold_rules_still
from ingestion.operations.leased import Leased
from ingestion.operations.load import stage_usage, store_usage
from ingestion.operations.loaded import add_counts
from ingestion.readers import litellm, otlp, tokenops
from ingestion.readers.contract import Problem, UsageBatch
from org.models import User

READERS: Mapping[str, Callable[[Sequence[Any]], UsageBatch]] = {
    "tokenops": tokenops.read_records,
    "litellm": litellm.read_records,
    "otlp": otlp.read_records,
}


NO_ID = "is missing: every pushed record needs one, so that it counts once when it is sent again"


class RejectedRecord(NamedTuple):
    """A record that was not stored: its place in the call, its id, and why."""

    index: int  # type: ignore[assignment]  # the word of the REST contract
    id: str
    detail: str


class PushResult(NamedTuple):
    """accepted + duplicate + conflict + rejected are the records of the call."""

    accepted: int
    duplicate: int
    conflict: int
    rejected: list[RejectedRecord]
    unit_ids: tuple[int, ...]
    cost_object_ids: tuple[int, ...]
    leased: tuple[Leased, ...] = ()


@transaction.atomic
def receive_records(
    *, records: Sequence[Any], by: User, at: datetime, source: str = "tokenops", account: str = ""
) -> PushResult:
    """Store pushed usage records and tell what became of each.

    The pushes of one user and UTC day are one delivery, so that a router that reports
    every five seconds does not bury the files of the people.
    """
    batch = _with_ids(READERS[source](records), records)
    hold_rules_still()  # first, so that the day's delivery is not undone meanwhile
    delivery = _delivery_of(by=by, at=at, source=source, account=account or source)
    staged = stage_usage(batch, delivery=delivery, at=at)
    loaded = store_usage(staged, delivery=delivery, at=at, is_pushed=True)
    # Locked last: other pushes of the same sender wait here, and only here.
    delivery = Delivery.objects.select_for_update().get(pk=delivery.pk)
    add_counts(delivery, loaded)
    delivery.finished_at = at
    delivery.save()
    return PushResult(
        loaded.loaded,
        loaded.duplicate,
        loaded.conflict,
        [
            RejectedRecord(problem.line, _id_of(records[problem.line]), _detail(problem))
            for problem in batch.problems
        ],
        loaded.unit_ids,
        loaded.cost_object_ids,
        loaded.leased,
    )


def _with_ids(batch: UsageBatch, records: Sequence[Any]) -> UsageBatch:
    """Take out the calls without an id: sent again, nothing would tell that they came before.

    The rows of a file need none, for the file's content and their line make one.
    """
    nameless = batch.frame["native_id"] == ""
    if not nameless.any():
        return batch
    problems = [
        Problem(line, "id", NO_ID, json.dumps(records[line]))
        for line in batch.frame["line"][nameless].unique().tolist()
    ]
    return replace(batch, frame=batch.frame[~nameless], problems=[*batch.problems, *problems])


def _detail(problem: Problem) -> str:
    return f"{problem.field}: {problem.reason}" if problem.field else problem.reason


def _id_of(record: Any) -> str:
    return str(record.get("id", "")) if isinstance(record, dict) else ""


def _delivery_of(*, by: User, at: datetime, source: str, account: str) -> Delivery:
    """Return the delivery that collects this sender's pushes of the day.

    One that was undone collects no more. Two first pushes at once may make two; either
    collects rightly.
    """
    name = f"push {at:%Y-%m-%d}"
    same = Delivery.objects.filter(
        source=source,
        account=account,
        submitted_by=by,
        filename=name,
        spool="",
        state=Delivery.State.DONE,
    )
    return same.first() or Delivery.objects.create(
        source=source,
        account=account,
        filename=name,
        state=Delivery.State.DONE,
        submitted_by=by,
        submitted_at=at,
        started_at=at,
    )
