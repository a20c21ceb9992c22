"""Decisions that are held: what stands in the way of another one, and what is left of them."""

from datetime import datetime

from budgets.gate_lifecycle import GateAction
from budgets.lifecycle import InitiativeAction
from budgets.models import Budget, Gate, HeldDecision, Initiative
from budgets.rights import BUDGET, EXTENSION, INITIATIVE, REVISION
from org.models import Approval

# Steps by which a page decides: they take effect after a while, unless they are taken back.
_ON_EXTENSIONS = ("grant_extension", "reject_extension")
_ON_REVISIONS = ("grant_revision", "reject_revision")
HELD_ACTIONS = ("approve", "reject", *_ON_EXTENSIONS, *_ON_REVISIONS)
HELD_GATE_ACTIONS = (GateAction.SIGN, GateAction.DEFER, GateAction.FAIL)
_EXCLUDED_BY_ONE = (*HELD_ACTIONS, InitiativeAction.ASK.value)


def kind_decided(subject: Budget | Initiative, action: str) -> str:
    """Return what approvals call the matter that an action decides."""
    if isinstance(subject, Budget):
        return REVISION if action in _ON_REVISIONS else BUDGET
    return EXTENSION if action in _ON_EXTENSIONS else INITIATIVE


def held_on(subject: Budget | Initiative, action: str) -> HeldDecision | None:
    """Return the decision that another of the same matter has to wait for."""
    if action not in _EXCLUDED_BY_ONE:
        return None
    kind = kind_decided(subject, action)
    held = HeldDecision.objects.held().filter(approval__kind=kind, approval__subject_id=subject.pk)
    return held.select_related("by__person").first()


def held_on_gate(gate: Gate, action: GateAction) -> HeldDecision | None:
    """Return the decision on a gate that another has to wait for."""
    if action not in HELD_GATE_ACTIONS or gate.pk is None:
        return None
    return HeldDecision.objects.held().filter(gate=gate).select_related("by__person").first()


def last_held_on_gates(initiative: Initiative) -> dict[int, HeldDecision]:
    """Return the decision that was pressed last on each gate of an experiment, by number."""
    found = HeldDecision.objects.filter(gate__initiative=initiative).order_by("pk")
    return {
        each.gate.number: each
        for each in found.select_related("gate__initiative", "by__person")
        if each.gate
    }


def last_held(approval: Approval) -> HeldDecision | None:
    """Return the decision on a request that was pressed last."""
    return approval.held.select_related("by__person").order_by("-pk").first()


def seconds_left(held: HeldDecision, *, at: datetime) -> int:
    """Return how many whole seconds a decision can still be taken back, rounded up."""
    left = (held.effective_at - at).total_seconds()
    return max(0, -int(-left // 1))
