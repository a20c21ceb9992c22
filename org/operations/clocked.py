"""Tasks that live by a clock which can be handed to them."""

from collections.abc import Callable
from functools import wraps
from typing import Protocol

from org.clock import Clock, handing_on
from org.operations.heartbeat import beat


class Clocked(Protocol):
    """What a message calls: with the moment at which it is to happen, or without."""

    def __call__(self, at: str | None = None) -> None: ...


def clocked(work: Callable[[Clock], None]) -> Clocked:
    """Make a task of `work` that takes the moment `at`, RFC 3339; without one it is now.

    A task that was handed a moment leaves a sign of life there when it has ended, so that
    whoever handed it can see that the company has lived so far.
    """
    name = f"{work.__module__}.{work.__name__}"

    @wraps(work)
    def task(at: str | None = None) -> None:
        with handing_on(at) as clock:
            work(clock)
        if at is not None:
            beat(name=name, at=clock())

    return task
