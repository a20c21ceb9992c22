"""What can be done to an initiative: draft it, revise it, and every step of its life."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from budgets.lifecycle import (
    BY_ITSELF,
    INITIATIVE_TRANSITIONS,
    RUNNING,
    InitiativeAction,
    InitiativeState,
)
from budgets.models import Initiative
from budgets.operations.history import advance, locked_initiative, remember
from budgets.operations.initiative_effects import take_effect
from budgets.operations.moves import Move
from budgets.operations.news import tell_of_signature, tell_of_step
from budgets.operations.requests import check_nothing_held, refusal_of
from budgets.operations.sandbox import release_unspent
from budgets.queries.checks import problems_of
from budgets.queries.unsigned import still_unsigned
from budgets.rights import DRAFTED, REVISED, why_not_step
from budgets.terms import (
    UNCHANGED,
    Change,
    InitiativeTerms,
    as_written,
    differences,
    put_terms,
    terms_of,
)
from org.models import Approval, CostObject, User
from org.permissions import can_request_for
from org.queries.calendar import reporting_today
from org.refusals import Invalid, NotAllowed, Refusal, Stale
from org.templatetags.figures import usd

__all__ = ["InitiativeTerms", "draft_initiative", "expire_due", "revise_initiative", "take_step"]

RELEASED, SIGNED = "release", "sign"
SLUG_LENGTH = 50
RESERVED_SLUGS = {"new"}  # a page of its own beside those of initiatives
ENDED = (InitiativeState.STOPPED, InitiativeState.EXPIRED)


@transaction.atomic
def draft_initiative(*, terms: InitiativeTerms, by: User, at: datetime) -> Initiative:
    """Write down an experiment that nobody is asked to approve yet.

    Raises NotAllowed, or Invalid with a sentence per field.
    """
    _check_terms(terms, by=by)
    initiative = Initiative(requested_by=by, created_at=at)
    put_terms(initiative, terms)
    _insert_under_free_slug(initiative)
    remember(initiative, DRAFTED, came_from=InitiativeState.DRAFT, by=by, reason="", at=at)
    return initiative


@transaction.atomic
def revise_initiative(
    *, initiative_id: int, terms: InitiativeTerms, by: User, version: int, at: datetime
) -> Initiative:
    """Replace the terms of a draft. What was decided on stays what it was."""
    initiative = locked_initiative(initiative_id)
    _check_version(initiative, version)
    if initiative.state != InitiativeState.DRAFT:
        raise Refusal(f"Only a draft can be revised; this is {_state_word(initiative)}.")
    if not can_request_for(by, unit=initiative.unit):
        raise NotAllowed(f"Only those who may ask for {initiative.unit} revise its drafts.")
    _check_terms(terms, by=by)
    put_terms(initiative, terms)
    initiative.version += 1
    initiative.save()
    remember(initiative, REVISED, came_from=InitiativeState.DRAFT, by=by, reason="", at=at)
    return initiative


@transaction.atomic
def take_step(
    *,
    initiative_id: int,
    action: InitiativeAction,
    by: User | None,
    reason: str,
    version: int | None,
    at: datetime,
    change: Change = UNCHANGED,
) -> Initiative:
    """Move an initiative along its lifecycle, with everything that goes with the step.

    `version` is the one the person read; only the system, which reads under the lock,
    comes without. `change` is what an approval grants less than was asked, or the end that
    an extension asks for. Raises Stale with what differs, NotAllowed, Invalid with a
    sentence per field, or Refusal where the state does not admit the action.
    """
    # Two deciders may press at once: the lock makes the second read what the first left.
    initiative = locked_initiative(initiative_id)
    if version is not None:
        _check_version(initiative, version)
    came_from = InitiativeState(initiative.state)
    if action not in INITIATIVE_TRANSITIONS[came_from]:
        raise Refusal(f"“{action.label}” is not possible: it is {_state_word(initiative)}.")
    _check_right(initiative, action, by=by, at=at)
    check_nothing_held(initiative, action)
    take_effect(initiative, action, Move(by=by, reason=reason, at=at, change=change))
    if (waiting := still_unsigned(initiative, action)) is not None:
        return _signed(locked_initiative(initiative_id), waiting, by=by, reason=reason, at=at)
    advance(initiative, action, by=by, reason=reason, at=at)
    tell_of_step(initiative, action, by=by, reason=reason, at=at)
    if initiative.state in ENDED:
        _settle(initiative, by=by, at=at)
    return initiative


def _signed(
    initiative: Initiative, waiting: Approval, *, by: User | None, reason: str, at: datetime
) -> Initiative:
    """Remember a signature that others have to follow; the terms stay as they were."""
    state = InitiativeState(initiative.state)
    remember(initiative, SIGNED, came_from=state, by=by, reason=reason, at=at)
    tell_of_signature(waiting, by=by, at=at)
    return initiative


def expire_due(*, at: datetime) -> list[str]:
    """End the experiments whose end date has come; return their slugs."""
    today = reporting_today(at)
    due = Initiative.objects.filter(state__in=RUNNING, ends_on__lte=today)
    return [slug for pk, slug in due.values_list("pk", "slug") if _expire(pk, at=at)]


def settle_ended(*, at: datetime) -> list[str]:
    """Return the money of ended experiments whose last calls have got a price by now."""
    waiting = Initiative.objects.filter(state__in=ENDED).exclude(steps__action=RELEASED)
    return [slug for pk, slug in waiting.values_list("pk", "slug") if _settle_one(pk, at=at)]


@transaction.atomic
def _settle_one(initiative_id: int, *, at: datetime) -> bool:
    initiative = locked_initiative(initiative_id)
    if initiative.steps.filter(action=RELEASED).exists():
        return False  # somebody was here since we looked
    return _settle(initiative, by=None, at=at)


@transaction.atomic
def _expire(initiative_id: int, *, at: datetime) -> bool:
    """Expire the initiative unless somebody ended it since we looked."""
    if locked_initiative(initiative_id).state not in RUNNING:
        return False
    take_step(
        initiative_id=initiative_id,
        action=InitiativeAction.EXPIRE,
        by=None,
        reason="The end date has come.",
        version=None,
        at=at,
    )
    return True


def _settle(initiative: Initiative, *, by: User | None, at: datetime) -> bool:
    released_usd = release_unspent(initiative, by=by, at=at)
    if released_usd is None:
        return False
    state = InitiativeState(initiative.state)
    told = f"{usd(released_usd)} returned to the pool of {initiative.unit}."
    remember(initiative, RELEASED, came_from=state, by=by, reason=told, at=at)
    return True


def _check_terms(terms: InitiativeTerms, *, by: User) -> None:
    if not can_request_for(by, unit=terms.unit):
        raise NotAllowed(
            f"Only the general manager of {terms.unit}, finance or the CFO may ask for it."
        )
    if (errors := problems_of(terms)) != []:
        raise Invalid("The initiative cannot be saved like this.", errors=errors)


def _check_version(initiative: Initiative, version: int) -> None:
    if initiative.version == version:
        return
    step = initiative.steps.filter(terms__version=version).order_by("-pk").first()
    now = as_written(terms_of(initiative)) | {"state": initiative.state}
    then = step.terms | {"state": step.to_state} if step else {}
    changed = differences(then, now) if step else {}
    what = ", ".join(sorted(changed)) or "nothing in its terms"
    raise Stale(
        f"The initiative changed after you opened it (version {version}, now"
        f" {initiative.version}): {what}. It is {_state_word(initiative)}.",
        extra={"version": initiative.version, "state": initiative.state, "changed": changed},
    )


def _check_right(
    initiative: Initiative, action: InitiativeAction, *, by: User | None, at: datetime
) -> None:
    if by is None:
        if action not in BY_ITSELF:
            raise NotAllowed(f"“{action.label}” needs a person.")
        return
    if (why_not := why_not_step(by, initiative=initiative, action=action, at=at)) is not None:
        raise refusal_of(by, subject=initiative, why_not=why_not)


def _state_word(initiative: Initiative) -> str:
    return InitiativeState(initiative.state).label.lower()


def _insert_under_free_slug(initiative: Initiative) -> None:
    """Save the initiative under the first free address made of its name."""
    stem = slugify(initiative.name)[: SLUG_LENGTH - 4] or "experiment"
    taken = RESERVED_SLUGS | set(
        Initiative.objects.filter(slug__startswith=stem).values_list("slug", flat=True)
    )
    taken |= set(CostObject.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    number = 1
    while True:
        initiative.slug = stem if number == 1 else f"{stem}-{number}"
        number += 1
        if initiative.slug not in taken and _inserted(initiative):
            return


def _inserted(initiative: Initiative) -> bool:
    try:
        with transaction.atomic():
            initiative.save(force_insert=True)
    except IntegrityError as error:
        if "slug" not in str(error):
            raise
        return False  # somebody else took the address at this moment
    return True
