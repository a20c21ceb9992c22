"""Who may do what to a gate, and the sentence for who may not."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db.models import Q

from budgets.gate_lifecycle import BY_ITSELF, LAST_GATE, GateAction
from budgets.gates.registry import GATES
from budgets.gates.rule import GateRule, Signer
from budgets.models import Gate, GateSignature, GateStep, Initiative
from budgets.rights import askers_of
from org.models import Membership, Role, User
from org.permissions import among, can_request_for, has_role

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
    parts = parts_of(user, gate=gate, rule=rule)
    return _why_not_review(user, asked_for(gate), parts, gate=gate, rule=rule)


def signers_of(gate: Gate, rule: GateRule) -> Sequence[Signer]:
    """Return the parts that must sign, for the newest evidence."""
    return rule.signers(gate.evidence.inputs if gate.evidence else {})


def open_parts(gate: Gate, rule: GateRule) -> list[Signer]:
    """Return the parts that have not signed the newest evidence."""
    return open_parts_of(gate, rule, signatures_on(gate))


def parts_of(user: User, *, gate: Gate, rule: GateRule) -> list[Signer]:
    """Return the parts that this person can take by role, signed or not."""
    return _parts_of(user, _roles_of(user), gate=gate, rule=rule)


def why_not_sign(user: User, *, gate: Gate, rule: GateRule) -> str | None:
    return _why_not_sign(user, _roles_of(user), known_of([gate])[gate.pk], gate=gate, rule=rule)


def signable_by(user: User, gates: Sequence[Gate]) -> list[Gate]:
    """Return the gates that `why_not_sign` lets the user sign, read in a few queries for all."""
    if not gates:
        return []
    known, roles = known_of(gates), _roles_of(user)
    return [
        gate
        for gate in gates
        if _why_not_sign(user, roles, known[gate.pk], gate=gate, rule=GATES[gate.number]) is None
    ]


def signatures_on(gate: Gate) -> list[GateSignature]:
    """Return who signed the newest evidence."""
    if gate.evidence_id is None:
        return []
    found = GateSignature.objects.filter(evidence=gate.evidence_id)
    return list(found.select_related("by__person").order_by("pk"))


def asked_for(gate: Gate) -> set[int]:
    """Return the persons who asked for the experiment or for this review of its gate."""
    return known_of([gate])[gate.pk].asked


class Known(NamedTuple):
    """What the right to sign a gate rests on.

    `asked` are the persons who asked for the experiment or this review, `signed` the signatures
    on the newest evidence, `other_end` those who signed gate 1 where this is gate 5, or gate 5
    where it is gate 1.
    """

    asked: set[int]
    signed: list[GateSignature]
    other_end: set[int]


def known_of(gates: Sequence[Gate]) -> dict[int | None, Known]:
    """Return what is known of each gate, in four queries for all."""
    askers = askers_of({gate.initiative_id: gate.initiative for gate in gates}.values())
    submitters: dict[int | None, set[int]] = defaultdict(set)
    signed: dict[int | None, list[GateSignature]] = defaultdict(list)
    ends: dict[tuple[int, int], set[int]] = defaultdict(set)
    evidences = [gate.evidence_id for gate in gates if gate.evidence_id is not None]
    submits = GateStep.objects.filter(evidence__in=evidences, action=GateAction.SUBMIT)
    for evidence, person in submits.values_list("evidence", "by__person"):
        submitters[evidence] |= {person} - {None}
    every = GateSignature.objects.filter(
        Q(evidence__in=evidences) | Q(initiative__in=list(askers), number__in=FIRST_AND_LAST)
    )
    for each in every.select_related("by__person").order_by("pk"):
        signed[each.evidence_id].append(each)
        ends[each.initiative_id, each.number].add(each.person_id)
    return {
        gate.pk: Known(
            asked=askers[gate.initiative_id] | submitters[gate.evidence_id] | _gathered(gate),
            signed=signed[gate.evidence_id],
            other_end=ends[gate.initiative_id, _other_end(gate)],
        )
        for gate in gates
    }


def _gathered(gate: Gate) -> set[int]:
    person = gate.evidence.by.person_id if gate.evidence else None
    return set() if person is None else {person}


def _other_end(gate: Gate) -> int:
    """Return the number of the gate that nobody signs beside this one; 0 where there is none."""
    first, last = FIRST_AND_LAST
    return {first: last, last: first}.get(gate.number, 0)


def _why_not_sign(
    user: User, roles: Sequence[Membership], known: Known, *, gate: Gate, rule: GateRule
) -> str | None:
    mine = {signer.part for signer in _parts_of(user, roles, gate=gate, rule=rule)}
    if (why_not := _why_not_review(user, known.asked, mine, gate=gate, rule=rule)) is not None:
        return why_not
    if any(each.person_id == user.person_id for each in known.signed):
        return "You signed this evidence already: the other part is another person's."
    if not mine & {signer.part for signer in open_parts_of(gate, rule, known.signed)}:
        return "Your part of this evidence is signed already."
    if user.person_id in known.other_end:
        return "One person never signs gate 1 and gate 5 of the same experiment."
    return None


def open_parts_of(gate: Gate, rule: GateRule, signed: Sequence[GateSignature]) -> list[Signer]:
    """Return the parts of the newest evidence that these signatures leave open."""
    parts = {each.part for each in signed}
    return [signer for signer in signers_of(gate, rule) if signer.part not in parts]


def _parts_of(
    user: User, roles: Sequence[Membership], *, gate: Gate, rule: GateRule
) -> list[Signer]:
    return [
        signer
        for signer in signers_of(gate, rule)
        if among(roles, *signer.roles, unit=signer.unit or gate.initiative.unit)
        or (signer.owner_too and user.pk in _answering(gate.initiative))
    ]


def _roles_of(user: User) -> list[Membership]:
    return list(user.memberships.select_related("unit"))


def _why_not_gather(user: User, initiative: Initiative) -> str | None:
    if user.pk in _answering(initiative) or can_request_for(user, unit=initiative.unit):
        return None
    if has_role(user, Role.ENGINEER, unit=initiative.unit):
        return None
    return (
        f"Only its owner, the general manager of {initiative.unit}, finance, the CFO or an"
        " engineer gathers evidence."
    )


def _why_not_review(
    user: User, asked: Collection[int], parts: Collection[object], *, gate: Gate, rule: GateRule
) -> str | None:
    if not parts:
        named = " and ".join(_named(signer) for signer in signers_of(gate, rule))
        return f"{rule.title} is decided by {named}."
    if user.person_id is None:
        return "This account belongs to no person, so it cannot sign."
    if user.person_id in asked:
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
    return f"the {signer.in_words} ({roles}{owner})"


def _answering(initiative: Initiative) -> set[int]:
    return {pk for pk in (initiative.owner_id, initiative.on_call_id) if pk is not None}
