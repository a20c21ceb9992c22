"""Prove the ledger: `manage.py verify` exits 1 and names what is off."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboard.proofs import PROOFS
from org.models import ProofRun
from org.operations.proofs import run_proofs

WORDS = {
    ProofRun.Outcome.HOLDS: "ok  ",
    ProofRun.Outcome.OFF: "OFF ",
    ProofRun.Outcome.UNKNOWN: "??? ",
}


class Command(BaseCommand):
    help = "Prove the ledger: rollups, allocation, journals, audit chain."

    def handle(self, *_: Any, **__: Any) -> None:
        runs = run_proofs(PROOFS, at=timezone.now())
        for run in runs:
            said = f": {run.detail}" if run.detail else ""
            self.stdout.write(f"{WORDS[ProofRun.Outcome(run.outcome)]}{run.name}{said}")
        if any(run.outcome != ProofRun.Outcome.HOLDS for run in runs):
            sys.exit(1)
