"""Who is told of a step of a gate, and in which words."""

from datetime import datetime

from django.urls import reverse

from budgets.gate_lifecycle import GateAction
from budgets.gate_rights import open_parts
from budgets.gates.registry import title_of
from budgets.gates.rule import GateRule
from budgets.models import Gate
from org.models import NoticeKind, Role, User
from org.operations.notices import tell
from org.queries.people import holders_of

# What each step is to those it is told to, and how its title goes on after the gate's name.
_STEPS: dict[GateAction, tuple[NoticeKind, str]] = {
    GateAction.PASS: (NoticeKind.DECISION, "passed"),
    GateAction.FAIL: (NoticeKind.DECISION, "failed"),
    GateAction.REVOKE: (NoticeKind.DECISION, "was revoked"),
    GateAction.DEFER: (NoticeKind.DEFERRAL, "was deferred"),
    GateAction.RECHECK: (NoticeKind.EXPIRY, "is to be checked again sooner"),
    GateAction.EXPIRE: (NoticeKind.EXPIRY, "has run out"),
}


def tell_of_gate(
    gate: Gate, action: GateAction, *, by: User | None, reason: str, at: datetime
) -> None:
    """Tell those who answer for the experiment, and the unit's manager, what came of a gate."""
    if action not in _STEPS:
        return
    kind, what = _STEPS[action]
    managers = holders_of(Role.GM, unit=gate.initiative.unit)
    _tell(gate, kind=kind, what=what, text=reason, to={*_answering(gate), *managers}, by=by, at=at)


def tell_of_review(gate: Gate, rule: GateRule, *, by: User | None, at: datetime) -> None:
    """Tell whoever may sign that evidence that passes waits for them."""
    parts, own = open_parts(gate, rule), gate.initiative.unit
    to = {each for part in parts for each in holders_of(*part.roles, unit=part.unit or own)}
    if any(signer.owner_too for signer in parts):
        to |= _answering(gate)
    _tell(
        gate,
        kind=NoticeKind.REQUEST,
        what="waits for signatures",
        text=(rule.at_stake(gate.evidence.measures) if gate.evidence else "") or rule.question,
        to=to,
        by=by,
        at=at,
    )


def _answering(gate: Gate) -> set[User]:
    initiative = gate.initiative
    people = {initiative.owner, initiative.on_call, initiative.requested_by}
    return {person for person in people if person is not None}


def _tell(
    gate: Gate,
    *,
    kind: NoticeKind,
    what: str,
    text: str,
    to: set[User],
    by: User | None,
    at: datetime,
) -> None:
    initiative = gate.initiative
    tell(
        kind=kind,
        subject=f"initiative:{initiative.slug}",
        title=f"{title_of(gate.number)} of {initiative.name} {what}",
        text=text,
        url=reverse("initiative-gates", args=[initiative.slug]),
        unit=initiative.unit,
        to=to,
        by=by,
        at=at,
    )
