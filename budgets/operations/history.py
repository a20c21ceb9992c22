"""Moving an experiment: its lock, its state, and its history with the terms as they stood."""

from datetime import datetime

from budgets.lifecycle import INITIATIVE_TRANSITIONS, InitiativeAction, InitiativeState
from budgets.models import Initiative, InitiativeStep
from budgets.terms import as_written, terms_of
from org.audit import record
from org.models import User
from org.refusals import Refusal


def locked_initiative(initiative_id: int) -> Initiative:
    """Return the initiative with its row locked, and who answers for it.

    Two may press at once: the lock makes the second read what the first left.
    """
    rows = Initiative.objects.select_for_update(of=("self",))
    return rows.select_related(
        "unit", "owner__person", "on_call__person", "requested_by__person", "cost_object"
    ).get(pk=initiative_id)


def advance(
    initiative: Initiative,
    action: InitiativeAction,
    *,
    by: User | None,
    reason: str,
    at: datetime,
) -> None:
    """Take the initiative to the state that follows, and remember it; the caller holds its lock.

    Raises Refusal where its state does not admit the action.
    """
    came_from = InitiativeState(initiative.state)
    if action not in INITIATIVE_TRANSITIONS[came_from]:
        word = came_from.label.lower()
        raise Refusal(f"“{action.label}” is not possible: {initiative} is {word}.")
    initiative.state = INITIATIVE_TRANSITIONS[came_from][action]
    initiative.version += 1
    initiative.save()
    remember(initiative, action, came_from=came_from, by=by, reason=reason, at=at)


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
