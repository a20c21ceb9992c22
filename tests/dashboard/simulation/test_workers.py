"""Three days lived by real Celery workers, each task handed its moment in a message."""

import pytest

from budgets.models import HeldDecision
from dashboard.simulation.beat import InProcess, Workers
from dashboard.simulation.told import fingerprint, off_proofs
from tests import database
from tests.dashboard.simulation.living import founded, lived_until
from tests.live import Bell, Worker

DAYS = 3


@pytest.mark.workers
@pytest.mark.django_db(transaction=True)
def test_workers_live_the_same_three_days_as_one_process() -> None:
    stage = founded("graduates")
    with Worker():
        lived_until(stage, DAYS, hands=Workers(Bell().app))
    by_workers, effective = fingerprint(), ended()
    assert off_proofs() == []

    database.clean()
    lived_until(founded("graduates"), DAYS, hands=InProcess())

    assert by_workers == fingerprint()
    assert effective == ended()


def ended() -> list[tuple[str, str]]:
    """Return when each decision took effect, as it was handed to whoever carried it out."""
    held = HeldDecision.objects.order_by("decided_at")
    return [(each.state, each.ended_at.isoformat() if each.ended_at else "") for each in held]
