"""What differs between evidence and the ledger by now, as rows that people read: then and now."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from budgets.gate_lifecycle import GateState
from budgets.models import GateEvidence
from budgets.templatetags.gates import OUTCOMES, in_unit
from finops.gates.criteria import Unit
from org.refusals import Refusal
from org.templatetags.figures import UNKNOWN

NAMES = {"state": "State", "outcome": "Judgement", "provisional": "Rests on a projection"}
WORDS = {**{state.value: state.label for state in GateState}, **OUTCOMES}


class Difference(NamedTuple):
    """One line: what it is, what it was when it was read, and what it is now."""

    name: str
    then: str
    now: str


def differences_in(refusal: Refusal | None, evidence: GateEvidence | None) -> list[Difference]:
    """Return what a refusal says is different now; nothing where it says no such thing."""
    changed = refusal.extra.get("changed") if refusal else None
    if not isinstance(changed, Mapping):
        return []
    criteria = evidence.criteria if evidence else []
    units = {each["label"]: each["unit"] for each in criteria}
    return [
        Difference(
            NAMES.get(name, name.replace("_", " ").capitalize()),
            *(_side(each[side], units.get(name, Unit.WORD)) for side in ("then", "now")),
        )
        for name, each in changed.items()
    ]


def _side(value: Any, unit: str) -> str:
    if isinstance(value, Mapping):
        limit = value.get("limit")
        beside = "" if limit is None else f" (limit {in_unit(limit, unit)})"
        return f"{in_unit(value.get('measured'), unit)}{beside}: {value.get('verdict')}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return UNKNOWN if value in (None, "") else WORDS.get(str(value), str(value))
