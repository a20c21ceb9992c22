"""Asking for a trip test, finding what waits for a worker, and ending what nobody finished."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from finops.trip_test import call_usd_for, speed_of
from org import audit, doorbell
from org.models import User
from org.refusals import Invalid, NotAllowed, Refusal
from policy.models import Scope, TripTest
from policy.operations.publish import publish
from policy.operations.trip_trials import close_trial
from policy.permissions import can_stop_scope
from policy.queries.trip_tests import connected_routers, daily_cap_of, published_rates

RUN = "policy.tasks.run_trip_tests"
# A test takes seconds; one that runs for so long lost its worker.
LOST_AFTER = timedelta(minutes=5)


@transaction.atomic
def ask_trip_test(
    *, scope: Scope, by: User, at: datetime, call_usd: Decimal | None = None
) -> TripTest:
    """Let a worker run a synthetic loop against a copy of the scope's daily cap.

    Raises NotAllowed, Invalid, or Refusal where there is no such cap or a test runs already.
    """
    if not can_stop_scope(by, scope=scope):
        raise NotAllowed(f"Testing {scope.name} needs the role engineer, GM or CFO there.")
    cap = daily_cap_of(scope, at=at)
    if cap is None or cap.limit_usd == 0:
        raise Refusal(f"{scope.name} has no hard daily cap above $0.00: there is nothing to trip.")
    cost_usd = call_usd if call_usd is not None else call_usd_for(cap.limit_usd)
    if not 0 < cost_usd <= cap.limit_usd:
        raise Invalid.of("call_usd", f"A call costs more than nothing and {cap.limit_usd} at most.")
    rates = published_rates(scope.slug)
    speed = speed_of(
        call_usd=cost_usd,
        requests_per_minute=rates.requests_per_minute,
        usd_per_minute=rates.usd_per_minute,
        routers=len(connected_routers(at=at)),
    )
    test = TripTest(
        scope=scope,
        cap=cap,
        cap_usd=cap.limit_usd,
        call_usd=cost_usd,
        calls_per_second=max(speed.per_second, Decimal("0.0001")),
        is_rate_limited=speed.is_limited,
        asked_by=by,
        asked_at=at,
    )
    try:
        with transaction.atomic():
            test.save(force_insert=True)
    except IntegrityError as error:
        if "scope_is_tested_once_at_a_time" not in str(error):
            raise
        raise Refusal(f"A trip test of {scope.name} runs already: look at that one.") from error
    detail = {"test": test.pk, "cap": cap.public_id, "cap_usd": cap.limit_usd, "call_usd": cost_usd}
    audit.record(
        actor=by, action="policy.trip_test_asked", subject=scope.slug, at=at, detail=detail
    )
    doorbell.ring(RUN)
    return test


def waiting_tests() -> list[int]:
    """Return the tests that no worker has begun, the oldest first."""
    queued = TripTest.objects.filter(state=TripTest.State.QUEUED).order_by("pk")
    return list(queued.values_list("pk", flat=True))


def ring_for_tests() -> None:
    """Ring again for tests whose bell nobody heard."""
    if waiting_tests():
        doorbell.ring(RUN)


def end_lost_tests(*, at: datetime) -> int:
    """Fail the tests whose worker died with them, and take their trials out of the policy."""
    lost = TripTest.objects.filter(state=TripTest.State.RUNNING, started_at__lte=at - LOST_AFTER)
    return sum(fail_test(test_id=pk, why="Its worker was lost.", at=at) for pk in _ids(lost))


@transaction.atomic
def fail_test(*, test_id: int, why: str, at: datetime) -> bool:
    """End a test that came to no result; False where it is over already."""
    test = TripTest.objects.select_for_update(of=("self",)).select_related("trial").get(pk=test_id)
    if test.state not in TripTest.LIVE:
        return False
    test.state, test.failure, test.finished_at = TripTest.State.FAILED, why, at
    test.save(update_fields=["state", "failure", "finished_at"])
    detail = {"test": test.pk, "why": why}
    audit.record(
        actor=None, action="policy.trip_test_failed", subject=test.scope.slug, at=at, detail=detail
    )
    if test.trial is not None:
        close_trial(test.trial, at=at)
        publish(cause=f"{test} came to no result", by=None, at=at)
    return True


def _ids(found: QuerySet[TripTest]) -> list[int]:
    return list(found.order_by("pk").values_list("pk", flat=True))
