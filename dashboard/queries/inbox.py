"""What was decided lately, on requests and on gates alike, for the inbox."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from budgets.gate_lifecycle import GateAction
from budgets.gates.registry import title_of
from budgets.models import GateStep
from budgets.queries.gates_waiting import decided_gates
from budgets.templatetags.gates import gate_step_word
from dashboard.queries.attention import DECIDED_SHOWN, decided
from org.models import Approval, User
from org.templatetags.figures import usd

_ICONS = {
    Approval.State.APPROVED.value: "check",
    Approval.State.REJECTED.value: "x",
    GateAction.PASS.value: "check",
    GateAction.FAIL.value: "x",
    GateAction.REVOKE.value: "x",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision as the inbox tells it."""

    title: str
    icon: str
    at: datetime
    who: str
    text: str
    url: str


def decided_lately(user: User) -> list[Decided]:
    """Return the newest decisions in sight, on requests and on gates."""
    found = [_of_request(each) for each in decided(user)]
    found += [_of_gate(step) for step in decided_gates(user, most=DECIDED_SHOWN)]
    return sorted(found, key=lambda each: each.at, reverse=True)[:DECIDED_SHOWN]


def _of_request(approval: Approval) -> Decided:
    said = f"{approval.get_state_display()}{_amount(approval)}, {approval.unit.name}."
    return Decided(
        title=approval.title,
        icon=_ICONS.get(approval.state, "minus"),
        at=approval.decided_at or approval.requested_at,
        who=approval.who_decided if approval.decided_by else str(approval.requested_by),
        text=f"{said} {approval.reason}".strip(),
        url=approval.url,
    )


def _amount(approval: Approval) -> str:
    if approval.amount_usd is None:
        return ""
    if approval.granted_usd is None:
        return f", {usd(approval.amount_usd)}"
    return f", {usd(approval.granted_usd)} of {usd(approval.amount_usd)} asked"


def _of_gate(step: GateStep) -> Decided:
    gate, initiative = step.gate, step.gate.initiative
    page = reverse("initiative-gates", args=[initiative.slug])
    return Decided(
        title=f"{title_of(gate.number)} of {initiative.name}",
        icon=_ICONS.get(step.action, "minus"),
        at=step.at,
        who=str(step.by or "TokenOps"),
        text=f"{gate_step_word(step.action)}, {initiative.unit.name}. {step.reason}".strip(),
        url=f"{page}#gate-{gate.number}",
    )
