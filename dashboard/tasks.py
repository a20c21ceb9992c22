"""What workers do for the dashboard on beat."""

from celery import shared_task

from dashboard.proofs import PROOFS
from org.clock import Clock
from org.operations.clocked import clocked
from org.operations.proofs import run_proofs


@shared_task(ignore_result=True)
@clocked
def prove(clock: Clock) -> None:
    """Prove the books every night; twice is as good as once."""
    run_proofs(PROOFS, at=clock())
