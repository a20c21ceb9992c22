"""Which moment it is for what workers do: now, or the one that a message hands them.

A company can be lived through faster than time passes, or after it has passed: then a task is
handed its moment, RFC 3339, and hands it on with every bell that it rings. What the machinery
itself waits for is never handed one: leases of claims, retries of mail and the canary measure
how long real processes take.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

Clock = Callable[[], datetime]

_handed: ContextVar[datetime | None] = ContextVar("handed", default=None)


def moment(at: str | None) -> datetime:
    """Return the moment that was handed, or now; raises ValueError for one without an offset."""
    if at is None:
        return timezone.now()
    read = datetime.fromisoformat(at)
    if read.tzinfo is None:
        raise ValueError(f"“{at}” is no moment: it has no offset from UTC, such as Z or +02:00.")
    return read


@contextmanager
def handing_on(at: str | None) -> Iterator[Clock]:
    """Let bells rung inside carry the moment on; the clock stands at it, or runs without one."""
    token = _handed.set(None if at is None else moment(at))
    try:
        yield lambda: moment(at)
    finally:
        _handed.reset(token)


def handed_on() -> dict[str, str]:
    """Return what a message has to carry, so that its task happens at the same moment."""
    at = _handed.get()
    return {} if at is None else {"at": at.isoformat()}
