"""How the newest run of each proof came out."""

from org.models import ProofRun


def latest_proofs() -> list[ProofRun]:
    """Return the newest run of every proof, what is off first."""
    newest = ProofRun.objects.order_by("name", "-checked_at", "-pk").distinct("name")
    rank = {ProofRun.Outcome.OFF: 0, ProofRun.Outcome.UNKNOWN: 1}
    return sorted(newest, key=lambda run: (rank.get(ProofRun.Outcome(run.outcome), 2), run.pk))
