"""What workers do for org on beat; each may run twice.

The canary and what mails and webhooks wait for are of the machinery: they measure how long real
processes take, so they read the real clock and are handed no other.
"""

from time import monotonic

from celery import shared_task
from django.utils import timezone

from org import doorbell
from org.clock import Clock
from org.operations import answers, heartbeat
from org.operations.clocked import clocked
from org.operations.dispatches import is_anything_due, send_next
from org.operations.notices import SEND

# A task gives its worker back after this long, and rings for what is left.
_TURN_SECONDS = 60


@shared_task
def canary() -> None:
    """Prove that a worker takes messages and reaches the database."""
    heartbeat.beat(name=heartbeat.WORKER, at=timezone.now())


@shared_task
@clocked
def forget_answers(clock: Clock) -> None:
    answers.forget_answers(at=clock())


@shared_task
def send(at: str | None = None) -> None:
    """Send what waits in the outbox, until nothing is due or the turn is over.

    A bell may hand a moment on; the world outside has only one clock.
    """
    del at
    turn_ends = monotonic() + _TURN_SECONDS
    while send_next(clock=timezone.now):
        if monotonic() > turn_ends:
            doorbell.ring(SEND)
            return


@shared_task
def sweep_outbox() -> None:
    """Ring again where something is due: its bell may have been lost, or its time has come."""
    if is_anything_due(at=timezone.now()):
        doorbell.ring(SEND)
