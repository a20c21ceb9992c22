"""Gathering the evidence of a gate, and measuring it once more before it counts."""

from collections.abc import Mapping
from datetime import datetime

from budgets.gates.evidence import differences, evidence_for
from budgets.gates.inputs import checked_inputs
from budgets.gates.rule import GateRule
from budgets.models import Gate, GateEvidence
from org.models import User
from org.refusals import Refusal, Stale


def gather(
    gate: Gate, rule: GateRule, *, given: Mapping[str, str] | None, by: User, at: datetime
) -> GateEvidence:
    """Measure anew and keep it as the newest evidence; without inputs with those of before."""
    before = gate.evidence.inputs if gate.evidence else {}
    inputs = checked_inputs(rule, before if given is None else given, initiative=gate.initiative)
    if gate.pk is None:
        gate.save()  # evidence belongs to a row
    evidence = evidence_for(rule, gate, inputs=inputs, by=by, at=at)
    evidence.save()
    gate.evidence = evidence
    return evidence


def recheck(gate: Gate, rule: GateRule, *, by: User, at: datetime) -> GateEvidence:
    """Measure the newest evidence again over its own days, and return it where it holds.

    Raises Stale with what is different now; nothing is written.
    """
    evidence = gate.evidence
    if evidence is None:
        raise Refusal(f"{rule.title} has no evidence yet: gather it first.")
    again = evidence_for(rule, gate, inputs=evidence.inputs, window=evidence.window, by=by, at=at)
    if changed := differences(evidence, again):
        said = "; ".join(_in_words(name, each) for name, each in changed.items())
        raise Stale(
            f"The ledger does not say any more what the evidence says: {said}."
            " Gather it again, then decide.",
            extra={"changed": changed, "version": gate.version, "state": gate.state},
        )
    return evidence


def _in_words(name: str, change: Mapping[str, object]) -> str:
    then, now = (_side(change[side]) for side in ("then", "now"))
    return f"{name} was {then} and is {now}"


def _side(value: object) -> str:
    if isinstance(value, Mapping):
        measured = value["measured"]
        return "not measured" if measured is None else f"{measured} ({value['verdict']})"
    return "nothing" if value is None else str(value)
