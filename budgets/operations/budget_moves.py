"""A step of a budget as it is taken, and as it is remembered."""

from dataclasses import dataclass
from datetime import datetime

from budgets.amounts import Amounts
from budgets.budget_terms import terms_of
from budgets.lifecycle import BudgetState
from budgets.models import Budget, BudgetStep
from budgets.openings import OpeningAsked
from org.audit import record
from org.models import User
from org.refusals import FieldError, Invalid

SIGNED = "sign"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetMove:
    """By whom, why, when, and what a revision or an opening balance asks for."""

    by: User
    reason: str
    at: datetime
    amounts: Amounts | None = None
    opening: OpeningAsked | None = None

    def need_reason(self, title: str, *, reader: str = "the person who asked") -> None:
        if not self.reason.strip():
            detail = f"Say why: {reader} will read it."
            raise Invalid(title, errors=[FieldError("/reason", detail)])


def remember_signature(budget: Budget, move: BudgetMove) -> None:
    """Write down that somebody signed what others have to sign still; nothing else changes."""
    BudgetStep.objects.create(
        budget=budget,
        action=SIGNED,
        from_state=budget.state,
        to_state=budget.state,
        by=move.by,
        at=move.at,
        reason=move.reason,
    )


def remember(budget: Budget, action: str, move: BudgetMove, *, came_from: BudgetState) -> None:
    """Save the budget as a step left it, under the next version, and write the step down."""
    budget.version += 1
    budget.save(update_fields=["state", "version", *Amounts._fields])
    BudgetStep.objects.create(
        budget=budget,
        action=action,
        from_state=came_from,
        to_state=budget.state,
        by=move.by,
        at=move.at,
        reason=move.reason,
    )
    record(
        actor=move.by,
        action=f"budget.{action}",
        subject=f"budget:{budget.pk}",
        detail=terms_of(budget) | {"state": budget.state, "reason": move.reason},
        at=move.at,
    )
