"""Checking what must always hold, and keeping how it came out."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import DatabaseError, transaction

from org.models import ProofRun

# Returns a sentence where something is off, else None.
Proof = Callable[[], str | None]


def run_proofs(proofs: Iterable[tuple[str, Proof]], *, at: datetime) -> list[ProofRun]:
    """Run the proofs, and keep and return what each found.

    One that breaks down is unknown: it neither holds nor is anything known to be off.
    """
    runs = [_run(name, proof, at) for name, proof in proofs]
    return ProofRun.objects.bulk_create(runs)


def _run(name: str, proof: Proof, at: datetime) -> ProofRun:
    try:
        with transaction.atomic():
            fault = proof()
    except DatabaseError as error:
        return _of(name, ProofRun.Outcome.UNKNOWN, str(error).strip(), at)
    if fault is None:
        return _of(name, ProofRun.Outcome.HOLDS, "", at)
    return _of(name, ProofRun.Outcome.OFF, fault, at)


def _of(name: str, outcome: ProofRun.Outcome, detail: str, at: datetime) -> ProofRun:
    return ProofRun(name=name, outcome=outcome, detail=detail, checked_at=at)
