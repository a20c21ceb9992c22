"""The queue of pulls: opened when due, claimed by one worker, ended with a reason.

A claim is a lease that the worker renews while it asks. One that dies lets its lease run
out; the next claim counts an attempt, and an earlier attempt can end nothing any more.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from ingestion.connectors.kind import midnight
from ingestion.connectors.registry import kind_named
from ingestion.models import Connector, Delivery, Pull
from org import doorbell
from org.models import User

PULL = "ingestion.tasks.pull"
LEASE = timedelta(minutes=5)
MOST_LOST = 3
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)
LONGEST_POSTPONEMENT = timedelta(days=1)
OPEN = (Pull.State.WAITING, Pull.State.LOADING)
_LOADS = (Delivery.State.QUEUED, Delivery.State.RUNNING)


class Overtaken(Exception):
    """Another worker has taken the pull over; what this one has is not wanted any more."""


class Claim(NamedTuple):
    """The right to carry a pull out, as long as nobody counts a later attempt."""

    pull_id: int
    attempt: int


@transaction.atomic
def open_due_pulls(*, at: datetime) -> int:
    """Open a pull for every connector that is due, and return how many."""
    due = Connector.objects.filter(paused_at__isnull=True, next_run_at__lte=at)
    due = due.exclude(pulls__state__in=OPEN).order_by("pk")
    locked = list(due.select_for_update(skip_locked=True, of=("self",)))
    return sum(open_pull(connector, by=None, at=at) is not None for connector in locked)


def open_pull(connector: Connector, *, by: User | None, at: datetime) -> Pull | None:
    """Open a pull of a connector, whose row is locked; None where one is open already."""
    if connector.pulls.filter(state__in=OPEN).exists():
        return None
    doorbell.ring(PULL)
    return Pull.objects.create(
        connector=connector,
        starts_at=min(_window_start(connector, at=at), at),
        ends_at=at,
        asked_at=at,
        asked_by=by,
        not_before=at,
    )


def _window_start(connector: Connector, *, at: datetime) -> datetime:
    """Return where the next window begins.

    Providers restate their buckets, so those are asked for again for the trailing days.
    Calls do not change: those from shortly before the last pull's end are enough.
    """
    kind = kind_named(connector.kind)
    trailing = midnight(at) - timedelta(days=connector.trailing_days)
    if connector.watermark is None:
        since = connector.since_on
        return midnight(at).replace(since.year, since.month, since.day) if since else trailing
    if kind.is_bucketed:
        return min(connector.watermark, trailing)
    return connector.watermark - kind.overlap


@transaction.atomic
def claim_next(*, at: datetime) -> Claim | None:
    """Count an attempt at the first pull that nobody holds."""
    free = Pull.objects.filter(
        Q(claimed_at__isnull=True) | Q(claimed_at__lt=at - LEASE),
        state=Pull.State.WAITING,
        not_before__lte=at,
        connector__paused_at__isnull=True,
    )
    pull = free.order_by("pk").select_for_update(skip_locked=True, of=("self",)).first()
    if pull is None:
        return None
    pull.lost += pull.claimed_at is not None
    pull.attempts += 1
    pull.claimed_at = at
    pull.started_at = pull.started_at or at
    pull.save(update_fields=["lost", "attempts", "claimed_at", "started_at"])
    return Claim(pull.pk, pull.attempts)


def renew(claim: Claim, *, at: datetime) -> None:
    """Keep a claim; raises Overtaken where a later attempt was counted."""
    held = Pull.objects.filter(
        pk=claim.pull_id, attempts=claim.attempt, state=Pull.State.WAITING
    ).update(claimed_at=at)
    if not held:
        raise Overtaken


def held_pull(claim: Claim) -> Pull:
    """Return the claimed pull under a row lock; raises Overtaken where it is another's."""
    pull = Pull.objects.select_for_update().get(pk=claim.pull_id)
    if pull.attempts != claim.attempt or pull.state != Pull.State.WAITING:
        raise Overtaken
    return pull


@transaction.atomic
def postpone(claim: Claim, *, seconds: float, reason: str, at: datetime) -> None:
    """Let a pull wait as long as its provider asks; nothing failed."""
    pull = held_pull(claim)
    pull.claimed_at, pull.reason = None, reason
    pull.not_before = at + min(timedelta(seconds=seconds), LONGEST_POSTPONEMENT)
    pull.save(update_fields=["claimed_at", "reason", "not_before"])


@transaction.atomic
def fail(claim: Claim, *, reason: str, at: datetime, is_final: bool = False) -> None:
    """End a claimed pull that came to nothing; a final refusal is not asked again soon."""
    _end_badly(held_pull(claim), reason=reason, at=at, is_final=is_final)


@transaction.atomic
def await_loading(claim: Claim, *, pieces: int, size_bytes: int, is_partial: bool = False) -> bool:
    """Leave a pull to the workers that load; return whether there is anything to load."""
    pull = held_pull(claim)
    pull.pieces, pull.size_bytes, pull.is_partial = pieces, size_bytes, is_partial
    pull.state, pull.reason = Pull.State.LOADING, ""
    pull.save()
    return pull.deliveries.exists()


@transaction.atomic
def settle_loaded(*, at: datetime) -> int:
    """End the pulls whose deliveries are over, and return how many."""
    loaded = Pull.objects.filter(state=Pull.State.LOADING).exclude(deliveries__state__in=_LOADS)
    pulls = list(loaded.order_by("pk").select_for_update(skip_locked=True, of=("self",)))
    for pull in pulls:
        bad = pull.deliveries.exclude(state=Delivery.State.DONE).order_by("pk").first()
        if bad is None:
            _end_well(pull, at=at)
        else:
            reason = f"Import {bad.pk} was {bad.get_state_display().lower()}: {bad.reason}"
            _end_badly(pull, reason=reason, at=at, is_final=True)
    return len(pulls)


def is_anything_waiting(*, at: datetime) -> bool:
    """Test whether a pull waits that a worker could take up now."""
    waiting = Pull.objects.filter(state=Pull.State.WAITING, not_before__lte=at)
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=at - LEASE)
    return waiting.filter(free, connector__paused_at__isnull=True).exists()


def retry_after(failures: int, *, is_final: bool, interval: timedelta) -> timedelta:
    """Return how long to wait after so many failures in a row: 1, 2, 4 … 60 minutes."""
    doublings = min(failures - 1, 10)  # beyond that the cap is long passed
    wait = LONGEST_RETRY if is_final else min(FIRST_RETRY * 2**doublings, LONGEST_RETRY)
    return min(wait, interval)


def _end_well(pull: Pull, *, at: datetime) -> None:
    connector = Connector.objects.select_for_update().get(pk=pull.connector_id)
    _finish(pull, Pull.State.DONE, _word(pull), at=at)
    started_at = pull.started_at or at
    due = max(started_at + connector.interval, at)
    connector.watermark = max(connector.watermark or pull.ends_at, pull.ends_at)
    connector.last_good_at, connector.next_run_at = at, at if pull.is_partial else due
    connector.failures, connector.failing_since, connector.last_error = 0, None, ""
    connector.save()


def _end_badly(pull: Pull, *, reason: str, at: datetime, is_final: bool) -> None:
    connector = Connector.objects.select_for_update().get(pk=pull.connector_id)
    _finish(pull, Pull.State.FAILED, reason, at=at)
    connector.failures += 1
    connector.failing_since = connector.failing_since or at
    connector.last_error = reason
    connector.next_run_at = at + retry_after(
        connector.failures, is_final=is_final, interval=connector.interval
    )
    connector.save()


def _finish(pull: Pull, state: Pull.State, reason: str, *, at: datetime) -> None:
    pull.state, pull.reason, pull.finished_at = state, reason, at
    pull.claimed_at = None
    pull.save()


def _word(pull: Pull) -> str:
    if not pull.deliveries.exists():
        return "There was nothing new."
    return "More files wait: the next pull takes them." if pull.is_partial else ""
