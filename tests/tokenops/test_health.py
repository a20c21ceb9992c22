"""Liveness and readiness."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, override_settings
from django.utils import timezone

from org.models import Heartbeat


def no_database(*_: Any, **__: Any) -> None:
    raise OperationalError("connection to 10.0.0.7 failed for user tokenops_app")


def test_the_process_lives_without_a_database() -> None:
    # No database is asked for: a query would fail this test.
    answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_it_is_ready_with_a_migrated_database_and_before_any_worker_ran() -> None:
    answer = Client().get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": {"database": "ok", "migrations": "ok"},
        "worker": {"state": "none", "age_s": None},
    }
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies


@pytest.mark.django_db
@pytest.mark.parametrize(("age_s", "state"), [(30, "ok"), (90, "late")])
def test_a_late_worker_is_reported_and_fails_nothing(age_s: int, state: str) -> None:
    Heartbeat.objects.create(name="worker", beat_at=timezone.now() - timedelta(seconds=age_s))

    answer = Client().get("/readyz")

    assert answer.status_code == 200
    worker = answer.json()["worker"]
    assert worker["state"] == state
    assert 0 <= worker["age_s"] - age_s <= 5


@pytest.mark.django_db
def test_without_its_database_it_is_not_ready_and_gives_no_names_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "cursor", no_database)

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "checks": {
            "database": "failed: OperationalError",
            "migrations": "failed: OperationalError",
        },
        "worker": None,
    }


@pytest.mark.django_db
def test_a_missing_migration_is_named() -> None:
    MigrationRecorder.Migration.objects.filter(app="org", name="0002_guards").delete()

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": "ok",
        "migrations": "1 to apply, first org.0002_guards: run manage.py migrate",
    }


@pytest.mark.django_db
def test_readiness_costs_three_queries(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):
        Client().get("/readyz")


@override_settings(SECURE_SSL_REDIRECT=True)
def test_probes_are_answered_in_the_clear() -> None:
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/signin/").status_code == 301
