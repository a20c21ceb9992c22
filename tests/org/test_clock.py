"""The moment that a message hands to a task: read once, handed on with every bell."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.db import transaction
from django.utils import timezone

from org import doorbell
from org.clock import handed_on, handing_on, moment
from org.models import Heartbeat
from org.operations.clocked import clocked

AT = datetime(2031, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Return what is sent to the broker, message by message."""
    sent: list[dict[str, object]] = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, **options: sent.append({"task": name, **options})
    )
    return sent


def test_a_moment_is_read_with_its_offset() -> None:
    assert moment("2031-03-01T10:30:00+01:00") == AT


def test_a_moment_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="it has no offset from UTC"):
        moment("2031-03-01T10:30:00")


def test_without_a_moment_it_is_now() -> None:
    before = timezone.now()

    assert before <= moment(None) <= timezone.now()


@pytest.mark.django_db(transaction=True)
def test_a_bell_carries_the_moment_on(rung: list[dict[str, object]]) -> None:
    with transaction.atomic(), handing_on(AT.isoformat()):
        doorbell.ring("some.task")

    assert rung == [
        {"task": "some.task", "kwargs": {"at": AT.isoformat()}, "expires": 600, "retry": False}
    ]


@pytest.mark.django_db(transaction=True)
def test_a_bell_of_now_carries_nothing(rung: list[dict[str, object]]) -> None:
    with handing_on(AT.isoformat()):
        pass
    doorbell.ring("some.task")

    assert rung == [{"task": "some.task", "kwargs": {}, "expires": None, "retry": False}]


@pytest.mark.django_db(transaction=True)
def test_a_muffled_bell_is_not_rung(rung: list[dict[str, object]]) -> None:
    with doorbell.muffled():
        doorbell.ring("some.task")

    assert rung == []


@pytest.mark.django_db
def test_a_task_lives_at_the_moment_it_is_handed_and_leaves_a_sign_of_life_there() -> None:
    lived: list[tuple[datetime, dict[str, str]]] = []
    task = clocked(lambda clock: lived.append((clock(), handed_on())))

    task(AT.isoformat())

    assert lived == [(AT, {"at": AT.isoformat()})]
    assert Heartbeat.objects.get().beat_at == AT


@pytest.mark.django_db
def test_a_task_that_is_handed_nothing_reads_a_clock_that_runs() -> None:
    seen: list[datetime] = []
    task = clocked(lambda clock: seen.extend([clock(), clock()]))
    before = timezone.now()

    task()

    assert before <= seen[0] <= seen[1] <= before + timedelta(minutes=1)
    assert handed_on() == {}
    assert not Heartbeat.objects.exists()
