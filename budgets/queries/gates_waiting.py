"""Gates that wait for signatures: one's own, those of others, and what was decided on gates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, F, QuerySet

from budgets.gate_lifecycle import ON_TABLE, GateAction, GateState
from budgets.gate_rights import known_of, open_parts_of, signable_by
from budgets.gates.registry import GATES, title_of
from budgets.models import Gate, GateStep, HeldDecision, Initiative
from budgets.queries.gates_missing import missing_before_each
from finops.gates.criteria import Outcome
from org.models import User

DECISIONS = (GateAction.PASS, GateAction.FAIL, GateAction.DEFER, GateAction.REVOKE)
_WITH = (
    "initiative__unit",
    "initiative__requested_by",
    "initiative__owner__person",
    "initiative__on_call__person",
    "evidence__by__person",
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A gate with evidence that passes: what it waits for, in words, and what money it moves."""

    gate: Gate
    title: str
    waits_for: str
    stake: str = ""


def waiting_column() -> dict[str, Exists]:
    """Return `gates_wait`, whether any gate of the company waits, as a column to carry along."""
    return {"gates_wait": Exists(_on_table())}


def waiting_for_signature(user: User, *, on: date) -> list[Gate]:
    """Return the gates in sight that this person can sign now, the oldest evidence first."""
    return _mine(user, _in_sight(user), on=on)


def gates_waiting(user: User, *, on: date) -> tuple[list[Waiting], list[Waiting]]:
    """Return the gates that wait for this person, and those in sight that wait for others."""
    found = _in_sight(user)
    mine = {gate.pk for gate in _mine(user, found, on=on)}
    missing, known = missing_before_each(found, on=on), known_of(found)
    held = {
        each.gate_id: each
        for each in HeldDecision.objects.held().filter(gate__in=found).select_related("by__person")
    }
    own: list[Waiting] = []
    others: list[Waiting] = []
    for gate in found:
        rule = GATES[gate.number]
        parts = [part.in_words for part in open_parts_of(gate, rule, known[gate.pk].signed)]
        says = _waits_for(parts, missing=missing[gate.pk], held=held.get(gate.pk))
        (own if gate.pk in mine else others).append(Waiting(gate, rule.title, says, at_stake(gate)))
    return own, others


def decided_gates(user: User, *, most: int) -> list[GateStep]:
    """Return what was decided on gates in sight, by people or their criteria, the newest first."""
    seen = Initiative.objects.visible_to(user)
    steps = GateStep.objects.filter(gate__initiative__in=seen, action__in=DECISIONS)
    return list(steps.select_related("gate__initiative__unit", "by__person").order_by("-pk")[:most])


def at_stake(gate: Gate) -> str:
    """Say what money the newest evidence of a gate moves once it is signed."""
    return GATES[gate.number].at_stake(gate.evidence.measures) if gate.evidence else ""


def _mine(user: User, found: Sequence[Gate], *, on: date) -> list[Gate]:
    missing = missing_before_each(found, on=on)
    held = set(HeldDecision.objects.held().filter(gate__in=found).values_list("gate", flat=True))
    free = [gate for gate in found if not missing[gate.pk] and gate.pk not in held]
    return signable_by(user, free)


def _on_table() -> QuerySet[Gate]:
    """Return the gates of running experiments whose newest evidence passes and is not signed."""
    return Gate.objects.filter(
        ON_TABLE,
        state__in=[GateState.IN_REVIEW, GateState.PASSED],
        number__in=GATES,
        evidence__outcome=Outcome.PASSED,
    ).exclude(state=GateState.PASSED, evidence=F("passed_on"))


def _in_sight(user: User) -> list[Gate]:
    found = _on_table().filter(initiative__in=Initiative.objects.visible_to(user))
    return list(found.select_related(*_WITH).order_by("evidence", "pk"))


def _waits_for(parts: Sequence[str], *, missing: Sequence[int], held: HeldDecision | None) -> str:
    if held is not None:
        return (
            f"{held.by} decided a moment ago; it takes effect at {held.effective_at:%H:%M:%S} UTC"
        )
    if missing:
        return f"it can pass after {' and '.join(title_of(number) for number in missing)}"
    return f"waits for {' and '.join(parts)}"
