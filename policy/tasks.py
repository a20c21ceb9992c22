"""Background work of policy: judging stored spend, the passing of time, trip tests."""

import time

import structlog
from celery import shared_task
from django.utils import timezone

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
def look() -> None:
    """Judge the spend that waits in the outbox."""
    judge_all_waiting(at=timezone.now())


@shared_task
def sweep() -> None:
    """Judge what no doorbell rang for, and publish what time has changed."""
    at = timezone.now()
    try:
        judge_all_waiting(at=at)
        end_overrides(at=at)
        end_lost_tests(at=at)
        ring_for_tests()
        keep_up(at=at)
    except NotSetUp as refusal:
        log.debug("policy.nothing_to_publish", why=refusal.detail)


@shared_task
def tidy() -> None:
    """Drop the minutes that no breaker reads any more."""
    tidy_minutes(at=timezone.now())


@shared_task
def run_trip_tests() -> None:
    """Run the trip tests that wait, one after the other."""
    for test_id in waiting_tests():
        run_trip_test(test_id=test_id, clock=timezone.now, wait=time.sleep)


@shared_task
def watch_quotas() -> None:
    """Tell who is near a quota, and forget counts that are over."""
    at = timezone.now()
    try:
        tell_of_quotas(at=at)
    except NotSetUp as refusal:
        log.debug("policy.no_quotas_yet", why=refusal.detail)
    forget_counts(at=at)
