"""Evidence of a gate: measured, judged, written down with its hash, and compared."""

from datetime import UTC, datetime
from typing import Any

from budgets.gates.configuration import configuration_of
from budgets.gates.rule import GateRule, Inputs, Window
from budgets.models import Gate, GateEvidence
from org.models import User
from policy.document import canonical, digest_of


def evidence_for(
    rule: GateRule,
    gate: Gate,
    *,
    inputs: Inputs,
    by: User,
    at: datetime,
    window: Window | None = None,
) -> GateEvidence:
    """Return the evidence as the ledger gives it now, not saved yet.

    With the window of an earlier one it is measured over the same days once more.
    """
    gathered = rule.gather(gate.initiative, inputs, window, at)
    judged = rule.judge(gathered.measures)
    evidence = GateEvidence(
        gate=gate,
        at=at,
        by=by,
        inputs=dict(inputs),
        window=dict(gathered.window),
        query=gathered.query,
        measures=dict(gathered.measures),
        data_status=dict(gathered.data_status),
        configuration=configuration_of(gate.initiative, at=at),
        criteria=[each.as_written() for each in judged.criteria],
        outcome=judged.outcome.value,
        reasons=list(judged.reasons),
        provisional=judged.provisional,
    )
    evidence.sha256 = sha256_of(evidence)
    return evidence


def content_of(evidence: GateEvidence) -> dict[str, Any]:
    """Return all that evidence says, as plain JSON."""
    gate = evidence.gate
    return {
        "schema": "tokenops.gate-evidence/1",
        "initiative": gate.initiative.slug,
        "gate": gate.number,
        "at": evidence.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "by": evidence.by.username,
        "inputs": evidence.inputs,
        "window": evidence.window,
        "query": evidence.query,
        "measures": evidence.measures,
        "data_status": evidence.data_status,
        "configuration": evidence.configuration,
        "criteria": evidence.criteria,
        "outcome": evidence.outcome,
        "reasons": evidence.reasons,
        "provisional": evidence.provisional,
    }


def bytes_of(evidence: GateEvidence) -> bytes:
    """Return the exact bytes over which the hash is taken."""
    return canonical(content_of(evidence))


def sha256_of(evidence: GateEvidence) -> str:
    return digest_of(bytes_of(evidence))


def differences(then: GateEvidence, now: GateEvidence) -> dict[str, dict[str, Any]]:
    """Return what a decision rests on and is different now, by name."""
    before, after = _deciding(then), _deciding(now)
    return {
        name: {"then": before.get(name), "now": after.get(name)}
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _deciding(evidence: GateEvidence) -> dict[str, Any]:
    measured = {
        each["label"]: {name: each[name] for name in ("measured", "limit", "verdict")}
        for each in evidence.criteria
    }
    return {
        "outcome": evidence.outcome,
        "provisional": evidence.provisional,
        **evidence.configuration["terms"],
        **measured,
    }


def first_altered_evidence() -> str | None:
    """Return the first evidence whose hash is not that of what it says."""
    found = GateEvidence.objects.select_related("gate__initiative", "by").order_by("pk")
    for evidence in found.iterator(chunk_size=500):
        if sha256_of(evidence) != evidence.sha256:
            return f"Evidence {evidence.pk} of {evidence.gate} is not what its hash was taken of."
    return None
