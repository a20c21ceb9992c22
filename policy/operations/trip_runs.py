"""Running a trip test: the kill switch, the loop, the block, and until every router has it.

Each report of the loop is a transaction of its own, as a router's is: what the breaker
decides in it, and what `publish` signs, is there for everybody when it commits. The clock and
the waiting are arguments, since seconds are what is measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from finops.trip_test import late_calls
from org import audit
from org.refusals import Refusal
from policy.document import REFRESH_AFTER_S
from policy.lifecycle import ScopeState
from policy.models import Scope, TripCall, TripSighting, TripTest
from policy.operations.breaker import block, judge_scopes, unblock
from policy.operations.publish import publish
from policy.operations.trip_tests import fail_test
from policy.operations.trip_trials import close_trial, open_trial
from policy.queries.revisions import current_number
from policy.queries.trip_tests import connected_routers, running_revision

Clock = Callable[[], datetime]
Wait = Callable[[float], None]

LOOK_EVERY_S = 0.1
# Three times as long as a router may wait between two questions: who has it not by then is late.
PATIENCE_S = Decimal(REFRESH_AFTER_S * 3)
BEYOND_HOPE = 2  # a loop that spent so many caps is not going to be stopped
MEASURED = (
    "state", "finished_at", "revision", "calls", "late_calls", "stopped_usd",
    "published_after_s", "seen_after_s", "killed_after_s", "routers",
)  # fmt: skip
_MILLI = Decimal("0.001")


@dataclass(slots=True)
class _Block:
    """When the cap was reached, and by which revision routers hear of it."""

    at: datetime
    calls: int
    revision: int
    published_after_s: Decimal


def run_trip_test(*, test_id: int, clock: Clock, wait: Wait) -> TripTest | None:
    """Run a test that waits, from its beginning to its result; None where another worker has it.

    Whatever ends it, its trial leaves the policy.
    """
    test = _begin(test_id, at=clock())
    if test is None:
        return None
    try:
        killed_after_s = _use_kill_switch(test, clock)
        found = _run_until_blocked(test, clock)
        routers = connected_routers(at=found.at)
        seen = _await_routers(test, found, routers, clock=clock, wait=wait)
        return _finish(test, found, routers, seen, killed_after_s=killed_after_s, at=clock())
    except Refusal as refusal:
        fail_test(test_id=test.pk, why=refusal.detail, at=clock())
    except Exception:
        fail_test(test_id=test.pk, why="It broke off: the log of the worker says why.", at=clock())
        raise
    return TripTest.objects.get(pk=test.pk)


@transaction.atomic
def _begin(test_id: int, *, at: datetime) -> TripTest | None:
    waiting = TripTest.objects.filter(pk=test_id, state=TripTest.State.QUEUED)
    locked = waiting.select_for_update(of=("self",), skip_locked=True)
    test = locked.select_related("scope", "asked_by__person").first()
    if test is None:
        return None
    test.trial = open_trial(test, at=at)
    test.state, test.started_at = TripTest.State.RUNNING, at
    test.save(update_fields=["trial", "state", "started_at"])
    publish(cause=f"{test} begins", by=test.asked_by, at=at)
    return test


def _use_kill_switch(test: TripTest, clock: Clock) -> Decimal:
    """Block and lift the trial once by hand; return the seconds until the block was published."""
    trial, pressed_at = _trial(test), clock()
    block(
        scope=trial,
        code="trip_test_kill_switch",
        text="The kill switch is tried.",
        by=test.asked_by,
        at=pressed_at,
    )
    published_at = clock()
    unblock(scope=trial, by=test.asked_by, at=clock(), reason="The kill switch works.")
    return _seconds(pressed_at, published_at)


def _run_until_blocked(test: TripTest, clock: Clock) -> _Block:
    """Report one call after the other until the breaker opens."""
    calls, spent_usd = 0, Decimal(0)
    while spent_usd < test.cap_usd * BEYOND_HOPE:
        calls, spent_usd, called_at = calls + 1, spent_usd + test.call_usd, clock()
        revision = _report(test, calls=1, at=called_at)
        if revision is not None:
            return _Block(called_at, calls, revision, _seconds(called_at, clock()))
    raise Refusal(
        f"The loop spent {BEYOND_HOPE} times its cap and was not stopped: this cap protects nobody."
    )


@transaction.atomic
def _report(test: TripTest, *, calls: int, at: datetime) -> int | None:
    """Report calls as a router would; return the revision that refuses more, None without."""
    trial = _trial(test)
    TripCall.objects.create(test=test, calls=calls, usd=test.call_usd * calls, at=at)
    steps = judge_scopes(Q(pk=trial.pk), at=at)
    if steps:
        publish(cause="", by=test.asked_by, at=at)
    is_open = any(step.to_state == ScopeState.OPEN for step in steps)
    return current_number() if is_open else None


def _await_routers(
    test: TripTest, found: _Block, routers: Sequence[str], *, clock: Clock, wait: Wait
) -> dict[str, Decimal]:
    """Return after how many seconds each router reported the block, for as long as is patient."""
    seen: dict[str, Decimal] = {}
    while len(seen) < len(routers) and _seconds(found.at, clock()) < PATIENCE_S:
        for sidecar in running_revision(routers, revision=found.revision):
            if sidecar.name not in seen:
                after_s = _seconds(found.at, sidecar.seen_at)
                seen[sidecar.name] = max(after_s, found.published_after_s)
                TripSighting.objects.create(
                    test=test,
                    sidecar=sidecar.name,
                    revision=sidecar.revision,
                    after_s=seen[sidecar.name],
                )
        if len(seen) < len(routers):
            wait(LOOK_EVERY_S)
    return seen


@transaction.atomic
def _finish(
    test: TripTest,
    found: _Block,
    routers: Sequence[str],
    seen: dict[str, Decimal],
    *,
    killed_after_s: Decimal,
    at: datetime,
) -> TripTest:
    """Let the calls pass that came before the block had arrived, and write down the result."""
    seconds = found.published_after_s
    if routers:
        seconds = max(seen.values()) if len(seen) == len(routers) else PATIENCE_S
    late = late_calls(per_second=test.calls_per_second, seconds=seconds)
    test.calls, test.late_calls, test.revision = found.calls, late, found.revision
    test.stopped_usd = test.call_usd * (found.calls + late)
    test.published_after_s, test.killed_after_s = found.published_after_s, killed_after_s
    test.seen_after_s, test.routers = max(seen.values(), default=None), len(routers)
    test.state, test.finished_at = TripTest.State.DONE, at
    _record(test, seen=len(seen), at=at)
    _report(test, calls=late, at=at)
    test.save(update_fields=MEASURED)
    close_trial(_trial(test), at=at)
    publish(cause=f"{test} is over", by=test.asked_by, at=at)
    return test


def _record(test: TripTest, *, seen: int, at: datetime) -> None:
    audit.record(
        actor=test.asked_by,
        action="policy.trip_tested",
        subject=test.scope.slug,
        at=at,
        detail={
            "test": test.pk,
            "cap_usd": test.cap_usd,
            "stopped_usd": test.stopped_usd,
            "revision": test.revision,
            "routers": test.routers,
            "seen": seen,
        },
    )


def _trial(test: TripTest) -> Scope:
    if test.trial is None:
        raise Refusal("This test has no trial: it was never begun.")
    return test.trial


def _seconds(start: datetime, end: datetime) -> Decimal:
    micro = round((end - start).total_seconds() * 1_000_000)
    return max((Decimal(micro) / 1_000_000).quantize(_MILLI), Decimal(0))
