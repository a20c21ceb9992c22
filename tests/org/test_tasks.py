"""What workers do for org on beat."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from org.models import Heartbeat, StoredAnswer, User
from org.operations.answers import forget_answers
from org.operations.heartbeat import beat
from org.tasks import canary
from org.tasks import forget_answers as forget_task
from tests.org_cast import Cast
from tokenops import settings


def keep(user: User, key: str, at: datetime) -> None:
    StoredAnswer.objects.create(
        user=user, key=key, request_hash="", status=200, body=b"", created_at=at
    )


def test_answers_are_kept_thirty_five_days(cast: Cast, at: datetime) -> None:
    keep(cast.ed, "kept", at - timedelta(days=35))
    keep(cast.ed, "forgotten", at - timedelta(days=35, seconds=1))

    assert forget_answers(at=at) == 1

    assert StoredAnswer.objects.get().key == "kept"


def test_the_task_forgets_by_the_clock(cast: Cast) -> None:
    keep(cast.ed, "new", timezone.now())
    keep(cast.ed, "old", timezone.now() - timedelta(days=36))

    forget_task()
    forget_task()

    assert StoredAnswer.objects.get().key == "new"


@pytest.mark.django_db
def test_a_late_message_does_not_turn_the_clock_back(at: datetime) -> None:
    beat(name="worker", at=at)
    beat(name="worker", at=at - timedelta(seconds=30))
    assert Heartbeat.objects.get().beat_at == at

    beat(name="worker", at=at + timedelta(seconds=20))
    assert Heartbeat.objects.get().beat_at == at + timedelta(seconds=20)


@pytest.mark.django_db
def test_the_canary_leaves_a_sign_of_life() -> None:
    canary()

    assert timezone.now() - Heartbeat.objects.get(name="worker").beat_at < timedelta(seconds=5)


def test_beat_knows_both_tasks() -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert {canary.name, forget_task.name} <= scheduled
