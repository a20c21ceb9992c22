"""How the gates of experiments stand: what was measured, who signed, what can be done now."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import QuerySet

from budgets.gate_lifecycle import BY_ITSELF, GATE_TRANSITIONS, GateAction, GateState, works_on_gate
from budgets.gate_rights import (
    open_parts,
    parts_of,
    signatures_on,
    signers_of,
    why_not_gate_step,
)
from budgets.gates.registry import GATES, title_of
from budgets.gates.rule import Ask, GateRule, Signer
from budgets.lifecycle import SPENDING
from budgets.models import Gate, GateEvidence, GateSignature, GateStep, Initiative
from budgets.queries.gates_missing import missing_before
from budgets.queries.offers import Offer
from finops.gates.criteria import Outcome
from org.models import User
from org.queries.calendar import company
from org.templatetags.figures import day as written_day

MIN_REASON = 10
SHOWN_EVIDENCES = 10
_NEEDS_REASON = (GateAction.DEFER, GateAction.FAIL, GateAction.REOPEN, GateAction.REVOKE)

_WITH = (
    "initiative__unit",
    "initiative__requested_by",
    "initiative__owner__person",
    "initiative__on_call__person",
    "evidence__by__person",
    "passed_on__by__person",
)


class Part(NamedTuple):
    """A part that must sign, with the signature if there is one."""

    signer: Signer
    signature: GateSignature | None


@dataclass(frozen=True, kw_only=True)
class GateStanding:
    """A gate as one person sees it; `evidences` are the newest ones, the newest first."""

    gate: Gate
    rule: GateRule
    parts: Sequence[Part]
    evidences: Sequence[GateEvidence]
    steps: Sequence[GateStep]
    offers: Sequence[Offer]
    asked: Sequence[tuple[Ask, str]]
    my_parts: Sequence[Signer]
    passes_after: str

    @property
    def newest(self) -> GateEvidence | None:
        return self.gate.evidence

    @property
    def awaits_renewal(self) -> bool:
        """Test whether it stands on one evidence while a newer one waits to be signed."""
        return self.gate.state == GateState.PASSED and self.gate.evidence_id != (
            self.gate.passed_on_id
        )

    def actions(self) -> list[str]:
        return [offer.action for offer in self.offers if offer.is_open]


class Progress(NamedTuple):
    """How far through its gates an experiment is; `next_number` is None where all passed."""

    passed: int
    of: int
    next_number: int | None
    next_state: GateState | None

    @property
    def next_gate(self) -> str | None:
        return None if self.next_number is None else title_of(self.next_number)

    @property
    def text(self) -> str:
        so_far = f"{self.passed} of {self.of} gates passed"
        if self.next_gate is None or self.next_state is None:
            return f"{so_far}."
        return f"{so_far}; {self.next_gate}: {self.next_state.label.lower()}."


def gates_of(initiative: Initiative, *, user: User, on: date) -> list[GateStanding]:
    """Return every gate there is, also those not started, in order."""
    kept = {gate.number: gate for gate in _gates([initiative])}
    return [
        _standing(kept.get(number) or Gate(initiative=initiative, number=number), rule, user, on)
        for number, rule in sorted(GATES.items())
    ]


def gate_standing(initiative: Initiative, number: int, *, user: User, on: date) -> GateStanding:
    """Return one gate that there is, also where it is not started."""
    kept = _gates([initiative]).filter(number=number).first()
    return _standing(kept or Gate(initiative=initiative, number=number), GATES[number], user, on)


def progress_of(initiatives: Iterable[Initiative]) -> dict[int, Progress]:
    """Return the progress of each running experiment, in one query for all."""
    running = [each for each in initiatives if each.state in SPENDING]
    states: dict[int, dict[int, GateState]] = defaultdict(dict)
    found = Gate.objects.filter(initiative__in=running)
    for pk, number, state in found.values_list("initiative", "number", "state"):
        states[pk][number] = GateState(state)
    return {each.pk: _progress(states[each.pk]) for each in running} if GATES else {}


def reapplies_on(gate: Gate, rule: GateRule) -> date | None:
    """Return the first day on which a failed gate may be applied for again."""
    if gate.state != GateState.FAILED:
        return None
    failed = GateStep.objects.filter(gate=gate, action=GateAction.FAIL).latest("pk")
    return failed.at.astimezone(company().zone).date() + timedelta(days=rule.reapply_days)


def was_reviewed(gate: Gate) -> bool:
    """Test whether the newest evidence has been in review before."""
    reviews = GateStep.objects.filter(gate=gate, action=GateAction.SUBMIT)
    return reviews.filter(evidence=gate.evidence).exists()


def _gates(initiatives: Iterable[Initiative]) -> QuerySet[Gate]:
    found = Gate.objects.filter(initiative__in=initiatives, number__in=GATES)
    return found.select_related(*_WITH)


def _standing(gate: Gate, rule: GateRule, user: User, on: date) -> GateStanding:
    signed = {each.part: each for each in signatures_on(gate)}
    missing = missing_before(gate, on=on)
    inputs = gate.evidence.inputs if gate.evidence else {}
    return GateStanding(
        gate=gate,
        rule=rule,
        parts=[Part(signer, signed.get(signer.part)) for signer in signers_of(gate, rule)],
        evidences=_evidences(gate),
        steps=_steps(gate),
        offers=_offers(gate, rule, user, missing=missing, on=on),
        asked=[(ask, inputs.get(ask.name, "")) for ask in rule.asks],
        my_parts=_my_parts(gate, rule, user),
        passes_after=" and ".join(title_of(number) for number in missing),
    )


def _my_parts(gate: Gate, rule: GateRule, user: User) -> list[Signer]:
    mine = {signer.part for signer in parts_of(user, gate=gate, rule=rule)}
    return [signer for signer in open_parts(gate, rule) if signer.part in mine]


def _evidences(gate: Gate) -> list[GateEvidence]:
    if gate.pk is None:
        return []
    found = GateEvidence.objects.filter(gate=gate).select_related("by__person")
    return list(found.order_by("-pk")[:SHOWN_EVIDENCES])


def _steps(gate: Gate) -> list[GateStep]:
    if gate.pk is None:
        return []
    return list(GateStep.objects.filter(gate=gate).select_related("by__person").order_by("pk"))


def _offers(
    gate: Gate, rule: GateRule, user: User, *, missing: Sequence[int], on: date
) -> list[Offer]:
    if not works_on_gate(gate.initiative.state, rule.number):
        return []
    return [
        Offer(
            action=action.value,
            label=str(action.label),
            why_not=why_not_gate_step(user, gate=gate, rule=rule, action=action)
            or _why_not_now(gate, rule, action, missing=missing, on=on),
            min_reason=MIN_REASON if action in _NEEDS_REASON else 0,
        )
        for action in GATE_TRANSITIONS[GateState(gate.state)]
        if action not in BY_ITSELF and not _is_pointless(gate, action)
    ]


def _is_pointless(gate: Gate, action: GateAction) -> bool:
    """Test whether there is nothing to sign: a pass stands on the newest evidence."""
    stands = gate.state == GateState.PASSED and gate.evidence_id == gate.passed_on_id
    return action == GateAction.SIGN and stands


def _why_not_now(
    gate: Gate, rule: GateRule, action: GateAction, *, missing: Sequence[int], on: date
) -> str | None:
    if action == GateAction.SUBMIT and was_reviewed(gate):
        return "This evidence was reviewed already: gather it again."
    if action == GateAction.SIGN:
        return _why_not_signed_now(gate, missing)
    day = reapplies_on(gate, rule) if action == GateAction.REOPEN else None
    if day is not None and on < day:
        return f"It failed: it is applied for again from {written_day(day)} on."
    return None


def _why_not_signed_now(gate: Gate, missing: Sequence[int]) -> str | None:
    if gate.evidence is not None and gate.evidence.outcome != Outcome.PASSED:
        return "The newest evidence does not pass, so it is not signed."
    if missing:
        return f"It can pass after {' and '.join(title_of(number) for number in missing)}."
    return None


def _progress(states: dict[int, GateState]) -> Progress:
    passed = [number for number in GATES if states.get(number) == GateState.PASSED]
    left = [number for number in sorted(GATES) if number not in passed]
    if not left:
        return Progress(len(passed), len(GATES), None, None)
    state = states.get(left[0], GateState.NOT_STARTED)
    return Progress(len(passed), len(GATES), left[0], state)
