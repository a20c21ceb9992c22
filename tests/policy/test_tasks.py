"""Background work: the sweep ends overrides, a worker runs the trip tests that wait."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from policy.models import Cap, Override, TripTest
from policy.operations.trip_tests import ask_trip_test
from policy.tasks import run_trip_tests, sweep
from tests.factories.overrides import overridden
from tests.factories.policy import cap, drafter_scope
from tests.org_cast import Cast


@pytest.fixture
def daily(cast: Cast) -> Cap:
    scope = drafter_scope(cast.support)
    cap(scope, "900.00", window="total")
    return cap(scope, "45.00", by=cast.carl)


def test_the_sweep_ends_what_is_due(
    cast: Cast, at: datetime, daily: Cap, monkeypatch: pytest.MonkeyPatch
) -> None:
    overridden(daily, by=cast.carl, at=at)
    monkeypatch.setattr(timezone, "now", lambda: at + timedelta(hours=6))

    sweep()

    assert Override.objects.get().state == "ended"


def test_a_worker_runs_what_waits(cast: Cast, daily: Cap) -> None:
    ask_trip_test(scope=daily.scope, by=cast.ed, at=timezone.now())

    run_trip_tests()

    test = TripTest.objects.get()
    assert (test.state, test.calls) == ("done", 75)
