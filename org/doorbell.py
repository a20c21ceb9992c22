"""The doorbell: a message that only says "look"; the work itself is a row."""

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger()


def ring(task: str, *, times: int = 1) -> None:
    """Tell the workers to look, once the present transaction is committed."""
    transaction.on_commit(lambda: _send(task, times))


def _send(task: str, times: int) -> None:
    for _ in range(times):
        try:
            current_app.send_task(task, retry=False)
        except (OperationalError, OSError) as error:
            # The row is stored; the sweeper on beat rings again.
            log.warning("doorbell.broker_away", task=task, error=str(error))
            return
