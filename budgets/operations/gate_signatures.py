"""Signing a gate: the part, the order of gates, and the pass with the last signature."""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from budgets.gate_lifecycle import LAST_GATE, GateAction
from budgets.gate_rights import open_parts, parts_of, signers_of
from budgets.gates.registry import title_of
from budgets.gates.rule import GateRule, Signer
from budgets.models import Gate, GateEvidence, GateSignature
from budgets.operations.gate_evidence import recheck
from budgets.operations.gate_moves import move
from budgets.operations.graduations import graduate, hold_money
from budgets.queries.gates_missing import missing_before
from finops.gates.criteria import Outcome
from org.models import User
from org.queries.calendar import reporting_today
from org.refusals import Invalid, NotAllowed, Refusal

_REFUSALS = {
    "gates_1_and_5": "One person never signs gate 1 and gate 5 of the same experiment.",
    "Nobody signs": "You asked for this yourself: another person has to sign.",
    "gate_parts_are_signed": "You signed this evidence already: the other part is another's.",
}


def sign(
    gate: Gate, rule: GateRule, *, part: str, comment: str, by: User, at: datetime
) -> GateSignature:
    """Sign the newest evidence, measured again under the lock; the last signature passes."""
    today = reporting_today(at)
    signer = _part(gate, rule, asked=part, by=by)
    if gate.number == LAST_GATE:
        hold_money(gate.initiative)
    evidence = recheck(gate, rule, by=by, at=at)
    _check_passes(rule, evidence)
    _check_order(gate, rule, on=today)
    signature = _signed(evidence, signer, comment=comment, by=by, at=at)
    move(gate, GateAction.SIGN, by=by, at=at, reason=_told(signer, comment))
    if not open_parts(gate, rule):
        _pass(gate, rule, evidence, by=by, at=at, on=today)
    return signature


def _pass(
    gate: Gate, rule: GateRule, evidence: GateEvidence, *, by: User, at: datetime, on: date
) -> None:
    gate.passed_on, gate.passed_at, gate.reason = evidence, at, ""
    gate.recheck_on = on + timedelta(days=rule.recheck_days)
    parts = " and ".join(signer.in_words for signer in signers_of(gate, rule))
    move(gate, GateAction.PASS, by=None, at=at, reason=f"Signed by {parts}.")
    if gate.number == LAST_GATE:
        graduate(gate.initiative, evidence, by=by, at=at)


def _part(gate: Gate, rule: GateRule, *, asked: str, by: User) -> Signer:
    """Return the part that the signature stands for: the one asked for, or the first open."""
    mine = {each.part for each in parts_of(by, gate=gate, rule=rule)}
    free = [each for each in open_parts(gate, rule) if each.part in mine]
    chosen = [each for each in free if asked in ("", each.part)]
    if not chosen:
        offered = ", ".join(each.part for each in free) or "none"
        raise Invalid.of("part", f"You cannot sign as “{asked}”; open to you: {offered}.")
    return chosen[0]


def _check_passes(rule: GateRule, evidence: GateEvidence) -> None:
    if evidence.outcome != Outcome.PASSED:
        raise Refusal(
            f"The newest evidence of {rule.title} does not pass, so it is not signed:"
            f" {' '.join(evidence.reasons)}"
        )


def _check_order(gate: Gate, rule: GateRule, *, on: date) -> None:
    missing = missing_before(gate, on=on)
    if missing:
        names = " and ".join(title_of(number) for number in missing)
        raise Refusal(f"{rule.title} can pass after {names}: evidence may be gathered before.")


def _signed(
    evidence: GateEvidence, signer: Signer, *, comment: str, by: User, at: datetime
) -> GateSignature:
    try:
        with transaction.atomic():
            return GateSignature.objects.create(
                evidence=evidence, part=signer.part, by=by, at=at, comment=comment
            )
    except IntegrityError as error:
        for name, sentence in _REFUSALS.items():
            if name in str(error):
                raise NotAllowed(sentence) from error
        raise


def _told(signer: Signer, comment: str) -> str:
    return f"As {signer.in_words}. {comment}".strip()
