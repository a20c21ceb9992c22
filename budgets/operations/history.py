"""Remembering what happened to an experiment, with the terms as they stood."""

from datetime import datetime

from budgets.lifecycle import InitiativeState
from budgets.models import Initiative, InitiativeStep
from budgets.terms import as_written, terms_of
from org.audit import record
from org.models import User


def remember(
    initiative: Initiative,
    action: str,
    *,
    came_from: InitiativeState,
    by: User | None,
    reason: str,
    at: datetime,
) -> None:
    """Add a step to the history, and an entry to the audit log."""
    terms = as_written(terms_of(initiative)) | {"version": initiative.version}
    InitiativeStep.objects.create(
        initiative=initiative,
        action=action,
        from_state=came_from,
        to_state=initiative.state,
        by=by,
        at=at,
        reason=reason,
        terms=terms,
    )
    record(
        actor=by,
        action=f"initiative.{action}",
        subject=f"initiative:{initiative.slug}",
        detail=terms | {"state": initiative.state, "reason": reason},
        at=at,
    )
