"""Who may do what to a budget or an initiative, and the sentence for who may not.

Each question answers None where the person may, else why not: the page shows the sentence
beside the button that is off, the operation refuses with the same one.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from budgets.lifecycle import BudgetAction, BudgetState, InitiativeAction
from budgets.models import Budget, BudgetStep, Initiative, InitiativeStep
from org.models import Approval, Role, Unit, User
from org.permissions import can_request_for, can_stop, has_role
from org.queries.deciders import DECIDING, Authority, authority
from org.queries.signing import roles_of, standing_signatures
from org.signing_wording import roles_in_words

DRAFTED, REVISED = "draft", "revise"
# What approvals call the matters of this floor.
BUDGET, INITIATIVE, EXTENSION, REVISION = "budget", "initiative", "extension", "revision"
FUND, OPENING, GRADUATION = "fund", "opening", "graduation"
FLEX_RULE, FLEX_STEP, WAIVER = "flex-rule", "flex-step", "waiver"
# What each deciding step is about, and whether it says yes.
DECIDED_BY: dict[str, tuple[str, bool]] = {
    InitiativeAction.ASK: (INITIATIVE, False),
    InitiativeAction.GRANT_EXTENSION: (EXTENSION, True),
    InitiativeAction.REJECT_EXTENSION: (EXTENSION, False),
    BudgetAction.GRANT_REVISION: (REVISION, True),
    BudgetAction.REJECT_REVISION: (REVISION, False),
    BudgetAction.GRANT_OPENING: (OPENING, True),
    BudgetAction.REJECT_OPENING: (OPENING, False),
}
_KINDS = {Budget: [BUDGET, REVISION, OPENING], Initiative: [INITIATIVE, EXTENSION]}
ASKING = (DRAFTED, REVISED, InitiativeAction.SUBMIT.value)


def why_not_request(user: User, *, subject: Budget | Initiative) -> str | None:
    return why_not_ask(user, unit=subject.unit)


def why_not_decide(
    user: User, *, subject: Budget | Initiative, kind: str, at: datetime, approving: bool = False
) -> str | None:
    """Say why the user may not decide what waits; `approving` is to sign it, not to end it."""
    waiting = Approval.objects.waiting().filter(kind=kind, subject_id=subject.pk)
    asked_for = waiting.first()
    roles = roles_of(asked_for, approving=approving) if asked_for else DECIDING
    if approving and asked_for and _signed(user, asked_for):
        return "You signed this already: another person has to sign."
    right = authority(user, unit=subject.unit, at=at, roles=roles)
    if right is None:
        return f"Only a {roles_in_words(roles)} of {subject.unit} decides this."
    asked = askers(subject, kind=kind)
    return _why_not_by(right, user, subject=subject, asked=asked, roles=roles, at=at)


def _why_not_by(
    right: Authority,
    user: User,
    *,
    subject: Budget | Initiative,
    asked: Collection[int],
    roles: Collection[Role],
    at: datetime,
) -> str | None:
    """Say why the right does not serve: nobody decides what she asked for, by any right."""
    if user.person_id is None:
        return "This account belongs to no person, so it cannot decide."
    if user.person_id in asked:
        return "You asked for this yourself: another person has to decide."
    if right.giver is None or right.giver.person_id not in asked:
        return None
    if authority(user, unit=subject.unit, at=at, roles=roles, not_for=asked) is None:
        return "You would decide in the place of who asked: another person has to decide."
    return None


def _signed(user: User, approval: Approval) -> bool:
    if user.person_id is None:
        return False
    return any(each.person_id == user.person_id for each in standing_signatures(approval))


def why_not_ask_fund(user: User) -> str | None:
    if has_role(user, Role.CFO, Role.FINANCE):
        return None
    return "Only finance or the CFO of the whole company may plan its fund."


def why_not_decide_fund(user: User, *, asked: Approval, approving: bool = True) -> str | None:
    roles = roles_of(asked, approving=approving)
    if approving and _signed(user, asked):
        return "You signed this already: another person has to sign."
    if not has_role(user, *roles):
        return f"Only a {roles_in_words(roles)} of the whole company decides this."
    if user.person_id is None:
        return "This account belongs to no person, so it cannot decide."
    if user.person_id == asked.requested_person_id:
        return "You asked for this yourself: another person has to decide."
    return None


def why_not_sign(
    user: User, *, asked: Approval, at: datetime, approving: bool = True
) -> str | None:
    """Say why the user may not decide on what another person asked for on its own page."""
    roles = roles_of(asked, approving=approving)
    if approving and _signed(user, asked):
        return "You signed this already: another person has to sign."
    if authority(user, unit=asked.unit, at=at, roles=roles) is None:
        return f"Only a {roles_in_words(roles)} of {asked.unit} decides this."
    if user.person_id is None:
        return "This account belongs to no person, so it cannot decide."
    asker = asked.requested_person_id
    if user.person_id == asker:
        return "You asked for this yourself: another person has to decide."
    if authority(user, unit=asked.unit, at=at, roles=roles, not_for=[asker]) is None:
        return "You would decide in the place of who asked: another person has to decide."
    return None


def why_not_ask(user: User, *, unit: Unit) -> str | None:
    """Say why the user may ask for nothing that concerns a unit."""
    if can_request_for(user, unit=unit):
        return None
    return f"Only the general manager of {unit}, finance or the CFO may ask for this."


def why_not_stop(user: User, *, initiative: Initiative) -> str | None:
    if initiative.owner_id == user.pk or can_stop(user, unit=initiative.unit):
        return None
    return "Only its owner, the general manager, an engineer or the CFO may stop it."


def why_not_extend(user: User, *, initiative: Initiative) -> str | None:
    if initiative.owner_id == user.pk or can_request_for(user, unit=initiative.unit):
        return None
    return "Only its owner, the general manager, finance or the CFO may ask for more time."


def why_not_close(user: User, *, budget: Budget) -> str | None:
    if has_role(user, Role.CFO, Role.FINANCE, unit=budget.unit):
        return None
    return "Only finance or the CFO closes a budget."


def why_not_set_thresholds(user: User, *, subject: Budget | Initiative | None) -> str | None:
    """Say why the user may not set thresholds: of one thing, or of all that have none."""
    unit = subject.unit if subject else None
    if has_role(user, Role.CFO, Role.FINANCE, unit=unit):
        return None
    return f"Only finance or a CFO of {unit or 'the whole company'} sets thresholds."


def why_not_answer(user: User, *, subject: Budget | Initiative, at: datetime) -> str | None:
    """Say why the user may not let it go on though a level was reached."""
    if user.person_id is None:
        return "This account belongs to no person, so it cannot decide."
    if authority(user, unit=subject.unit, at=at) is None:
        return f"Only a CFO of {subject.unit} lets it go on."
    return None


def why_not_step(
    user: User, *, initiative: Initiative, action: InitiativeAction, at: datetime
) -> str | None:
    """Say why the user may not take the action, as far as rights go."""
    if (decided := _decided(action, itself=INITIATIVE)) is not None:
        kind, approving = decided
        return why_not_decide(user, subject=initiative, kind=kind, at=at, approving=approving)
    match action:
        case InitiativeAction.SUBMIT | InitiativeAction.WITHDRAW:
            return why_not_request(user, subject=initiative)
        case InitiativeAction.EXTEND | InitiativeAction.WITHDRAW_EXTENSION:
            return why_not_extend(user, initiative=initiative)
        case InitiativeAction.STOP:
            return why_not_stop(user, initiative=initiative)
    return f"“{action.label}” comes by itself, not by hand."


def why_not_budget_step(
    user: User, *, budget: Budget, action: BudgetAction, at: datetime
) -> str | None:
    """Say why the user may not take the action, as far as rights go."""
    if (decided := _decided(action, itself=BUDGET)) is not None:
        kind, approving = decided
        return why_not_decide(user, subject=budget, kind=kind, at=at, approving=approving)
    if action == BudgetAction.CLOSE:
        return why_not_close(user, budget=budget)
    return why_not_request(user, subject=budget)


def _decided(action: str, *, itself: str) -> tuple[str, bool] | None:
    """Return what a step decides, the subject `itself` or another matter, and if it says yes."""
    if action in ("approve", "reject"):
        return itself, action == "approve"
    return DECIDED_BY.get(action)


def askers(subject: Budget | Initiative, *, kind: str | None = None) -> set[int]:
    """Return the persons who had a hand in what is asked for: none of them may decide it.

    Without a kind it is anything that is asked of the subject.
    """
    if isinstance(subject, Initiative):
        return askers_of([subject])[subject.pk]
    kinds = [kind] if kind else _KINDS[type(subject)]
    asked = Approval.objects.waiting().filter(kind__in=kinds, subject_id=subject.pk)
    persons: set[int | None] = set(asked.values_list("requested_person", flat=True))
    # Who asked for a budget then may well decide on another person's revision of it.
    if subject.state != BudgetState.ACTIVE:
        hands = BudgetStep.objects.filter(budget=subject, action=BudgetAction.SUBMIT)
        persons |= set(hands.values_list("by__person", flat=True))
        persons.add(subject.created_by.person_id)
    return {person for person in persons if person is not None}


def askers_of(initiatives: Iterable[Initiative]) -> dict[int, set[int]]:
    """Return for each experiment the persons who had a hand in it, in two queries for all."""
    found: dict[int, set[int | None]] = {
        each.pk: {each.requested_by.person_id} for each in initiatives
    }
    kinds = [INITIATIVE, EXTENSION]
    asked = Approval.objects.waiting().filter(kind__in=kinds, subject_id__in=found)
    steps = InitiativeStep.objects.filter(initiative__in=found, action__in=ASKING)
    for pk, person in [
        *asked.values_list("subject_id", "requested_person"),
        *steps.values_list("initiative", "by__person"),
    ]:
        found[pk].add(person)
    return {pk: {each for each in people if each is not None} for pk, people in found.items()}


def kind_of(subject: Budget | Initiative) -> str:
    """Return what approvals call this sort of thing."""
    return BUDGET if isinstance(subject, Budget) else INITIATIVE
