"""Three days lived by real Celery workers, each task handed its moment in a message."""

import pytest
from django.db import transaction

from budgets.models import HeldDecision
from dashboard.simulation.beat import Workers
from dashboard.simulation.told import fingerprint, off_proofs
from tests.dashboard.simulation.living import founded, lived_until
from tests.live import Bell, Worker

DAYS = 3


@pytest.mark.workers
@pytest.mark.django_db(transaction=True)
def test_workers_live_the_same_three_days_as_one_process() -> None:
    with transaction.atomic():
        lived_until(founded("graduates"), DAYS)
        expected = fingerprint(), ended()
        transaction.set_rollback(True)

    stage = founded("graduates")
    with Worker():
        lived_until(stage, DAYS, hands=Workers(Bell().app))

    assert (fingerprint(), ended()) == expected
    assert off_proofs() == []


def ended() -> list[tuple[str, str]]:
    """Return when each decision took effect, as it was handed to whoever carried it out."""
    held = HeldDecision.objects.order_by("decided_at")
    return [(each.state, each.ended_at.isoformat() if each.ended_at else "") for each in held]
