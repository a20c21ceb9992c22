"""Background work of policy: judging stored spend, the passing of time, trip tests."""

import time
from datetime import timedelta

import structlog
from celery import shared_task

from org.clock import Clock
from org.operations.clocked import clocked
from org.queries.calendar import NotSetUp
from policy.operations.outbox import judge_all_waiting
from policy.operations.overrides import end_overrides
from policy.operations.quota_news import tell_of_quotas
from policy.operations.quota_upkeep import forget_counts
from policy.operations.trip_runs import run_trip_test
from policy.operations.trip_tests import end_lost_tests, ring_for_tests, waiting_tests
from policy.operations.upkeep import keep_up
from policy.operations.watching import tidy_minutes

log = structlog.get_logger()


@shared_task
@clocked
def look(clock: Clock) -> None:
    """Judge the spend that waits in the outbox."""
    judge_all_waiting(at=clock())


@shared_task
@clocked
def sweep(clock: Clock) -> None:
    """Judge what no doorbell rang for, and publish what time has changed."""
    at = clock()
    try:
        judge_all_waiting(at=at)
        end_overrides(at=at)
        end_lost_tests(at=at)
        ring_for_tests()
        keep_up(at=at)
    except NotSetUp as refusal:
        log.debug("policy.nothing_to_publish", why=refusal.detail)


@shared_task
@clocked
def tidy(clock: Clock) -> None:
    """Drop the minutes that no breaker reads any more."""
    tidy_minutes(at=clock())


@shared_task
@clocked
def run_trip_tests(clock: Clock) -> None:
    """Run the trip tests that wait, one after the other."""
    for test_id in waiting_tests():
        run_trip_test(test_id=test_id, clock=_running_on(clock), wait=time.sleep)


@shared_task
@clocked
def watch_quotas(clock: Clock) -> None:
    """Tell who is near a quota, and forget counts that are over."""
    at = clock()
    try:
        tell_of_quotas(at=at)
    except NotSetUp as refusal:
        log.debug("policy.no_quotas_yet", why=refusal.detail)
    forget_counts(at=at)


def _running_on(clock: Clock) -> Clock:
    """Let a clock run on that may stand: a trip test measures the seconds it takes."""
    begins, began_s = clock(), time.monotonic()
    return lambda: begins + timedelta(seconds=time.monotonic() - began_s)
