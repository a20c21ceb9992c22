"""The outbox: each change is judged once, also when two workers look at the same time."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from ingestion.models import SpendChange
from policy import tasks
from policy.models import PolicyRevision, ScopeStep, SigningKey
from policy.operations import outbox
from policy.operations.outbox import judge_all_waiting, judge_waiting
from tests.factories.policy import cap, spend, unit_scope
from tests.org_cast import Cast, gather
from tests.races import race


def change(cast: Cast, at: datetime) -> SpendChange:
    return SpendChange.objects.create(
        unit_ids=[cast.support.pk], cost_object_ids=[], recorded_at=at
    )


def test_spend_that_workers_stored_is_judged_and_published(cast: Cast, at: datetime) -> None:
    cap(unit_scope(cast.support), "10.00")
    spend("10.00", unit=cast.support)
    waiting = change(cast, at)

    assert judge_waiting(at=at) == 1

    waiting.refresh_from_db()
    assert waiting.judged_at == at
    assert ScopeStep.objects.count() == 1
    assert PolicyRevision.objects.get().number == 1
    assert judge_waiting(at=at) == 0


def test_spend_that_moves_nothing_publishes_nothing(cast: Cast, at: datetime) -> None:
    change(cast, at)

    assert judge_all_waiting(at=at) == 1
    assert not PolicyRevision.objects.exists()


def test_more_changes_than_a_batch_are_all_judged(cast: Cast, at: datetime) -> None:
    SpendChange.objects.bulk_create(
        SpendChange(unit_ids=[cast.support.pk], cost_object_ids=[], recorded_at=at)
        for _ in range(outbox.BATCH + 1)
    )

    assert judge_all_waiting(at=at) == outbox.BATCH + 1


def test_two_workers_share_the_changes_and_trip_once(transactional_db: None, at: datetime) -> None:
    cast = gather()
    cap(unit_scope(cast.support), "10.00")
    spend("10.00", unit=cast.support)
    for _ in range(20):
        change(cast, at)

    counts = race(*[lambda: judge_all_waiting(at=at) for _ in range(4)])

    assert sum(counts) == 20
    assert ScopeStep.objects.count() == 1


def test_what_a_killed_worker_claimed_is_judged_by_the_next(cast: Cast, at: datetime) -> None:
    change(cast, at)
    with transaction.atomic():
        judge_waiting(at=at)
        transaction.set_rollback(True)

    assert judge_waiting(at=at) == 1


def test_the_sweep_publishes_the_first_revision(cast: Cast) -> None:
    tasks.sweep()

    assert PolicyRevision.objects.get().cause == "First revision."
    tasks.sweep()
    assert PolicyRevision.objects.count() == 1


def test_the_sweep_of_an_empty_installation_does_nothing(db: None) -> None:
    tasks.sweep()

    assert not SigningKey.objects.exists()


def test_looking_judges_what_waits(cast: Cast) -> None:
    waiting = change(cast, timezone.now() - timedelta(seconds=1))

    tasks.look()

    waiting.refresh_from_db()
    assert waiting.judged_at is not None
