"""Background work of ingestion: tasks only look, the database says what there is to do.

Claims of deliveries, chunks and re-pricings are held by the real clock: they ask whether a
process still lives. Pulls wait for one another by the clock that opened them.
"""

from time import monotonic, sleep

from celery import shared_task
from django.utils import timezone

from ingestion.operations.deliveries import LOOK
from ingestion.operations.fetching import pull_next
from ingestion.operations.pulls import (
    PULL,
    is_anything_waiting,
    open_due_pulls,
    settle_loaded,
)
from ingestion.operations.work import do_next, is_waiting
from org import doorbell
from org.clock import Clock
from org.operations.clocked import clocked

# A task gives its worker back after this long, and rings for what is left.
_TURN_SECONDS = 60


@shared_task(ignore_result=True)
@clocked
def look(clock: Clock) -> None:
    """Do what waits, piece by piece, until nothing is left or the turn is over."""
    turn_ends = monotonic() + _TURN_SECONDS
    while do_next(at=clock(), claimed_at=timezone.now()):
        if monotonic() > turn_ends:
            doorbell.ring(LOOK)
            return


@shared_task(ignore_result=True)
@clocked
def sweep(_: Clock) -> None:
    """Ring again where work waits: its bell may have been lost."""
    if is_waiting():
        doorbell.ring(LOOK)


@shared_task(ignore_result=True)
@clocked
def pull(clock: Clock) -> None:
    """Ask the providers whose pulls wait, one after another, until the turn is over."""
    turn_ends = monotonic() + _TURN_SECONDS
    while pull_next(clock=clock, sleep=sleep):
        if monotonic() > turn_ends:
            doorbell.ring(PULL)
            return


@shared_task(ignore_result=True)
@clocked
def sweep_connectors(clock: Clock) -> None:
    """Open the pulls that are due, end those that are loaded, ring where one waits."""
    at = clock()
    open_due_pulls(at=at)
    settle_loaded(at=at)
    if is_anything_waiting(at=at):
        doorbell.ring(PULL)
