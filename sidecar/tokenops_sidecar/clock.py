"""The time of day that no correction of the clock moves: what is stale stays stale."""

import time
from datetime import UTC, datetime, timedelta

# Beside the plain monotonic clock, Linux has one that also runs while the machine sleeps.
_RUNNING = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SteadyClock:
    """Reads the wall once, and counts from there."""

    def __init__(self) -> None:
        self._began_at = wall()
        self._began_s = time.clock_gettime(_RUNNING)

    def __call__(self) -> datetime:
        return self._began_at + timedelta(seconds=time.clock_gettime(_RUNNING) - self._began_s)


def wall() -> datetime:
    return datetime.now(UTC)
