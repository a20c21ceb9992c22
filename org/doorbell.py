"""The doorbell: a message that only says "look"; the work itself is a row."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from org.clock import handed_on

log = structlog.get_logger()

# A bell that carries a moment is for whoever lives in it, and waits there: nobody else may
# find it later and do the work of another day at that moment.
_HANDED_EXPIRES_S = 600
_muffled: ContextVar[bool] = ContextVar("muffled", default=False)


def ring(task: str, *, times: int = 1) -> None:
    """Tell the workers to look, once the present transaction is committed."""
    if _muffled.get():
        return
    handed = handed_on()
    transaction.on_commit(lambda: _send(task, times, handed))


@contextmanager
def muffled() -> Iterator[None]:
    """Ring nobody: whoever is inside does the work itself, and workers must not do it beside."""
    token = _muffled.set(True)
    try:
        yield
    finally:
        _muffled.reset(token)


def _send(task: str, times: int, handed: dict[str, str]) -> None:
    for _ in range(times):
        try:
            expires = _HANDED_EXPIRES_S if handed else None
            current_app.send_task(task, kwargs=handed, expires=expires, retry=False)
        except (OperationalError, OSError) as error:
            # The row is stored; the sweeper on beat rings again.
            log.warning("doorbell.broker_away", task=task, error=str(error))
            return
