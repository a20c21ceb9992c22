"""Who may do what to a gate, and the sentence for who may not."""

from collections.abc import Sequence

from budgets.gate_lifecycle import BY_ITSELF, GateAction
from budgets.gates.rule import GateRule, Signer
from budgets.models import Gate, GateSignature, GateStep, Initiative
from budgets.models.gates import LAST_GATE
from budgets.rights import askers
from org.models import Role, User
from org.permissions import can_request_for, has_role

FIRST_AND_LAST = (1, LAST_GATE)


def why_not_gate_step(user: User, *, gate: Gate, rule: GateRule, action: GateAction) -> str | None:
    """Say why the user may not take the action, as far as rights go."""
    if action in BY_ITSELF:
        return "A gate passes with its last signature and expires on its day, not by hand."
    if action in (GateAction.GATHER, GateAction.SUBMIT):
        return _why_not_gather(user, gate.initiative)
    if action == GateAction.SIGN:
        return why_not_sign(user, gate=gate, rule=rule)
    if action == GateAction.REVOKE:
        return _why_not_revoke(user, gate=gate, rule=rule)
    if action == GateAction.REOPEN:
        may_review = bool(parts_of(user, gate=gate, rule=rule))
        return None if may_review else _why_not_gather(user, gate.initiative)
    return _why_not_review(user, gate=gate, rule=rule)


def signers_of(gate: Gate, rule: GateRule) -> Sequence[Signer]:
    """Return the parts that must sign, for the newest evidence."""
    return rule.signers(gate.evidence.inputs if gate.evidence else {})


def open_parts(gate: Gate, rule: GateRule) -> list[Signer]:
    """Return the parts that have not signed the newest evidence."""
    signed = {each.part for each in signatures_on(gate)}
    return [signer for signer in signers_of(gate, rule) if signer.part not in signed]


def parts_of(user: User, *, gate: Gate, rule: GateRule) -> list[Signer]:
    """Return the parts that this person can take by role, signed or not."""
    return [
        signer
        for signer in signers_of(gate, rule)
        if has_role(user, *signer.roles, unit=gate.initiative.unit)
        or (signer.owner_too and user.pk in _answering(gate.initiative))
    ]


def why_not_sign(user: User, *, gate: Gate, rule: GateRule) -> str | None:
    if (why_not := _why_not_review(user, gate=gate, rule=rule)) is not None:
        return why_not
    signed = signatures_on(gate)
    if any(each.person_id == user.person_id for each in signed):
        return "You signed this evidence already: the other part is another person's."
    mine = {signer.part for signer in parts_of(user, gate=gate, rule=rule)}
    if not mine & {signer.part for signer in open_parts(gate, rule)}:
        return "Your part of this evidence is signed already."
    if _signed_the_other_end(user, gate):
        return "One person never signs gate 1 and gate 5 of the same experiment."
    return None


def signatures_on(gate: Gate) -> list[GateSignature]:
    """Return who signed the newest evidence."""
    if gate.evidence_id is None:
        return []
    found = GateSignature.objects.filter(evidence=gate.evidence_id)
    return list(found.select_related("by__person").order_by("pk"))


def asked_for(gate: Gate) -> set[int]:
    """Return the persons who asked for the experiment or for this review of its gate."""
    persons: set[int | None] = set(askers(gate.initiative))
    if gate.evidence is not None:
        persons.add(gate.evidence.by.person_id)
        submitted = GateStep.objects.filter(evidence=gate.evidence, action=GateAction.SUBMIT)
        persons |= set(submitted.values_list("by__person", flat=True))
    return {person for person in persons if person is not None}


def _why_not_gather(user: User, initiative: Initiative) -> str | None:
    if user.pk in _answering(initiative) or can_request_for(user, unit=initiative.unit):
        return None
    if has_role(user, Role.ENGINEER, unit=initiative.unit):
        return None
    return (
        f"Only its owner, the general manager of {initiative.unit}, finance, the CFO or an"
        " engineer gathers evidence."
    )


def _why_not_review(user: User, *, gate: Gate, rule: GateRule) -> str | None:
    if not parts_of(user, gate=gate, rule=rule):
        named = " and ".join(_named(signer) for signer in signers_of(gate, rule))
        return f"{rule.title} is decided by {named}."
    if user.person_id is None:
        return "This account belongs to no person, so it cannot sign."
    if user.person_id in asked_for(gate):
        return "You asked for this yourself: another person has to decide."
    return None


def _why_not_revoke(user: User, *, gate: Gate, rule: GateRule) -> str | None:
    if parts_of(user, gate=gate, rule=rule):
        return None
    if has_role(user, Role.FINANCE, Role.CFO, unit=gate.initiative.unit):
        return None
    return f"Only those who sign {rule.title}, finance or the CFO revoke it."


def _named(signer: Signer) -> str:
    roles = " or ".join(role.label for role in signer.roles)
    owner = ", or who answers for the experiment" if signer.owner_too else ""
    return f"the {signer.label.lower()} ({roles}{owner})"


def _answering(initiative: Initiative) -> set[int]:
    return {pk for pk in (initiative.owner_id, initiative.on_call_id) if pk is not None}


def _signed_the_other_end(user: User, gate: Gate) -> bool:
    if gate.number not in FIRST_AND_LAST:
        return False
    (other,) = set(FIRST_AND_LAST) - {gate.number}
    return GateSignature.objects.filter(
        initiative=gate.initiative_id, number=other, person=user.person_id
    ).exists()
