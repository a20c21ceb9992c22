"""Moving a gate: its lock, its version, its history, and who hears of it."""

from datetime import datetime

from budgets.gate_lifecycle import GATE_TRANSITIONS, GateAction, GateState
from budgets.gates.registry import title_of
from budgets.models import Gate, GateStep
from budgets.operations.gate_news import tell_of_gate
from budgets.operations.history import locked_initiative
from org.audit import record
from org.models import User
from org.refusals import Refusal, Stale


def locked_gate(*, initiative_id: int, number: int) -> Gate:
    """Return the gate with its initiative locked, one not started where there is none yet.

    All gates of an initiative wait for one another: one passes only after those before it.
    """
    initiative = locked_initiative(initiative_id)
    found = Gate.objects.filter(initiative=initiative, number=number)
    gate = found.select_related("evidence__by", "passed_on__by").first()
    gate = gate or Gate(initiative=initiative, number=number)
    gate.initiative = initiative
    for evidence in (gate.evidence, gate.passed_on):
        if evidence is not None:
            evidence.gate = gate
    return gate


def check_version(gate: Gate, version: int) -> None:
    """Refuse whoever read the gate before its last step; tell what has changed."""
    if gate.version == version:
        return
    step = GateStep.objects.filter(gate=gate.pk, version=version).order_by("-pk").first()
    then = GateState(step.to_state) if step else GateState.NOT_STARTED
    changed = {"state": {"then": then.value, "now": gate.state}} if then != gate.state else {}
    raise Stale(
        f"{title_of(gate.number)} changed after you opened it (version {version}, now"
        f" {gate.version}): it was “{then.label}” and is “{gate.get_state_display()}” now."
        " Look at it again, then decide.",
        extra={"version": gate.version, "state": gate.state, "changed": changed},
    )


def check_admits(gate: Gate, action: GateAction) -> None:
    ways = GATE_TRANSITIONS[GateState(gate.state)]
    if action in ways:
        return
    possible = ", ".join(f"“{way.label}”" for way in ways) or "nothing"
    raise Refusal(
        f"“{action.label}” is not possible: {title_of(gate.number)} is"
        f" “{gate.get_state_display()}”, which admits {possible}."
    )


def move(
    gate: Gate, action: GateAction, *, by: User | None, at: datetime, reason: str = ""
) -> None:
    """Take the gate to the state that follows, and remember it; the caller holds the lock."""
    check_admits(gate, action)
    came_from = GateState(gate.state)
    gate.state = GATE_TRANSITIONS[came_from][action]
    gate.version += 1
    gate.save()
    GateStep.objects.create(
        gate=gate,
        action=action,
        from_state=came_from,
        to_state=gate.state,
        version=gate.version,
        evidence=gate.evidence,
        by=by,
        at=at,
        reason=reason,
    )
    record(
        actor=by,
        action=f"gate.{action}",
        subject=f"initiative:{gate.initiative.slug}",
        detail={
            "gate": gate.number,
            "state": gate.state,
            "evidence": gate.evidence.sha256 if gate.evidence else None,
            "reason": reason,
        },
        at=at,
    )
    tell_of_gate(gate, action, by=by, reason=reason, at=at)
