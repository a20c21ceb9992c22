"""Trip tests as tests need them: a clock that moves by itself, and routers that report."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from org.models import User
from policy.models import Scope, TripTest
from policy.operations.fleet import record_status
from policy.operations.trip_runs import run_trip_test
from policy.operations.trip_tests import ask_trip_test
from policy.queries.revisions import current_number


class Clock:
    """Stands a millisecond further at each look; waiting moves it on."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.on_wait: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.on_wait()


def router(name: str, *, at: datetime, revision: int | None = None) -> None:
    """Let a router report that it runs the newest revision, unless another is said."""
    runs = revision if revision is not None else current_number() or 0
    record_status(sidecar=name, version="1", revision=runs, applied_at=at, errors=(), at=at)


def trip_tested(scope: Scope, *, by: User, at: datetime, **asked: Any) -> TripTest:
    """Ask for a test and run it to its result, with a server whose answers take milliseconds."""
    test = ask_trip_test(scope=scope, by=by, at=at, **asked)
    return ran(test, Clock(at))


def ran(test: TripTest, clock: Clock) -> TripTest:
    done = run_trip_test(test_id=test.pk, clock=clock.now, wait=clock.wait)
    assert done is not None
    return done
