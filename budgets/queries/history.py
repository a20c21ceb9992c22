"""What happened to an experiment: the steps people took, and the moves of its breaker."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from budgets.lifecycle import ENDING, InitiativeAction
from budgets.models import Initiative, InitiativeStep
from budgets.queries.amendments import amended_in_words
from budgets.queries.extensions import move_in_words
from budgets.queries.grants import grant_of, less_in_words
from budgets.rights import EXTENSION, INITIATIVE, REVISED
from org.models import Approval, User
from org.templatetags.figures import day as written_day
from policy.models import Scope
from policy.queries.steps import steps_of

AMENDING = (REVISED, "hand_over")


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history; `by` is None where TokenOps did it by itself.

    `for_whom` is in whose place a decision was taken.
    """

    action: str
    at: datetime
    by: User | None
    reason: str
    for_whom: User | None = None


def history_of(initiative: Initiative, *, scope: Scope | None) -> list[Happening]:
    """Return all that happened to an experiment in the order of time."""
    steps = list(initiative.steps.select_related("by__person").order_by("pk"))
    said, places = _said(initiative, steps), _decided_for(initiative)
    own = [
        Happening(
            step.action,
            step.at,
            step.by,
            f"{said.get(step.pk, '')} {step.reason}".strip(),
            places.get((step.at, step.by_id)),
        )
        for step in steps
    ]
    # Ending an experiment blocks its calls in the same instant: that is told once.
    ended = {step.at for step in steps if step.action in ENDING}
    moves = [
        Happening(f"scope_{move.to_state}", move.at, move.by, move.text)
        for move in (steps_of(scope) if scope else ())
        if move.at not in ended
    ]
    return sorted([*own, *moves], key=lambda happening: happening.at)


def _said(initiative: Initiative, steps: list[InitiativeStep]) -> dict[int, str]:
    """Return what the terms add to the reasons of steps that make them different."""
    # Each request for more time opened an approval, in the same order.
    wishes = [step.pk for step in steps if step.action == InitiativeAction.EXTEND]
    asked = Approval.objects.filter(kind=EXTENSION, subject_id=initiative.pk).order_by("pk")
    said = dict(zip(wishes, map(move_in_words, asked), strict=True))
    grant = grant_of(initiative)
    for before, step in pairwise(steps):
        if step.action in AMENDING:
            said[step.pk] = amended_in_words(before.terms, step.terms)
    for step in steps:
        if step.action == InitiativeAction.APPROVE and grant is not None:
            said[step.pk] = less_in_words(grant.differences)
        if step.action == InitiativeAction.GRANT_EXTENSION:
            ends_on = date.fromisoformat(step.terms["ends_on"])
            said[step.pk] = f"It ends on {written_day(ends_on)} now."
    return said


def _decided_for(initiative: Initiative) -> dict[tuple[datetime | None, int | None], User]:
    """Return in whose place decisions were taken, by their moment and who took them."""
    found = Approval.objects.filter(
        kind__in=[INITIATIVE, EXTENSION], subject_id=initiative.pk, decided_for__isnull=False
    )
    return {
        (each.decided_at, each.decided_by_id): each.decided_for
        for each in found.select_related("decided_for__person")
        if each.decided_for is not None
    }
