"""Decisions that are held: what stands in the way of another one, and what is left of them."""

from datetime import datetime

from budgets.lifecycle import InitiativeAction
from budgets.models import Budget, HeldDecision, Initiative
from budgets.rights import BUDGET, EXTENSION, INITIATIVE, REVISION
from org.models import Approval

# Steps by which a page decides: they take effect after a while, unless they are taken back.
_ON_EXTENSIONS = ("grant_extension", "reject_extension")
_ON_REVISIONS = ("grant_revision", "reject_revision")
HELD_ACTIONS = ("approve", "reject", *_ON_EXTENSIONS, *_ON_REVISIONS)
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


def last_held(approval: Approval) -> HeldDecision | None:
    """Return the decision on a request that was pressed last."""
    return approval.held.select_related("by__person").order_by("-pk").first()


def seconds_left(held: HeldDecision, *, at: datetime) -> int:
    """Return how many whole seconds a decision can still be taken back, rounded up."""
    left = (held.effective_at - at).total_seconds()
    return max(0, -int(-left // 1))
