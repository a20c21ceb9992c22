"""Owners and on-calls who leave: warned of two weeks before, replaced on the day.

The general manager of the unit takes over, or of the nearest unit above that has one, else
a CFO. A request that waits for a decision was made with the old owner: it goes back to a draft.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from budgets.lifecycle import IN_CORE, SPENDING, InitiativeState
from budgets.models import Initiative
from budgets.operations.history import locked_initiative, remember
from budgets.operations.scopes import put_who_answers
from budgets.rights import INITIATIVE
from org.models import Membership, NoticeKind, Role, User
from org.operations.approvals import void_request
from org.operations.notices import tell
from org.queries.calendar import reporting_today
from org.queries.people import holders_of
from org.templatetags.figures import day as written_day
from policy.operations.publish import publish

HANDED_OVER = "hand_over"
WARNED = timedelta(days=14)
_OPEN = (InitiativeState.DRAFT, InitiativeState.REQUESTED, *SPENDING, *IN_CORE)


def warn_of_leavers(*, at: datetime) -> None:
    """Tell leavers and general managers, once, whose experiments will need somebody else."""
    today = reporting_today(at)
    for initiative in _answered_by(_leaving(before=today + WARNED, after=today)):
        for user in {initiative.owner, initiative.on_call or initiative.owner}:
            leaves_on = user.person.leaves_on if user.person else None
            if leaves_on is not None and today < leaves_on <= today + WARNED:
                _warn(initiative, user, leaves_on=leaves_on, at=at)


def replace_leavers(*, at: datetime) -> list[str]:
    """Hand over what those answer for who are not there any more; return the slugs."""
    gone = _gone(on=reporting_today(at))
    found = [initiative.pk for initiative in _answered_by(gone)]
    return [slug for pk in found if (slug := _hand_over(pk, at=at)) is not None]


def successor(initiative: Initiative, *, on: date) -> User | None:
    """Return who takes over: the nearest general manager who stays, else a CFO."""
    gone = _gone(on=on)
    managers = holders_of(Role.GM, unit=initiative.unit).exclude(pk__in=gone)
    held = Membership.objects.filter(role=Role.GM, user__in=managers).select_related("unit")
    depths = {
        each.user_id: each.unit.depth if each.unit else -1
        for each in sorted(held, key=lambda each: each.unit.depth if each.unit else -1)
        if each.unit is None or initiative.unit.path.startswith(each.unit.path)
    }
    nearest = sorted(managers, key=lambda user: -depths[user.pk])
    cfos = holders_of(Role.CFO, unit=initiative.unit).exclude(pk__in=gone)
    return next(iter([*nearest, *cfos]), None)


def _leaving(*, before: date, after: date) -> QuerySet[User]:
    return User.objects.filter(person__leaves_on__gt=after, person__leaves_on__lte=before)


def _gone(*, on: date) -> QuerySet[User]:
    return User.objects.filter(Q(is_active=False) | Q(person__leaves_on__lte=on))


def _answered_by(users: QuerySet[User]) -> Iterable[Initiative]:
    rows = Initiative.objects.filter(Q(owner__in=users) | Q(on_call__in=users), state__in=_OPEN)
    return rows.select_related("unit", "owner__person", "on_call__person").order_by("pk")


@transaction.atomic
def _hand_over(initiative_id: int, *, at: datetime) -> str | None:
    """Give the experiment to its successor, unless it ended or got one since we looked."""
    initiative = locked_initiative(initiative_id)
    on = reporting_today(at)
    gone = set(_gone(on=on).values_list("pk", flat=True))
    leaver = next((u for u in (initiative.owner, initiative.on_call) if u and u.pk in gone), None)
    heir = successor(initiative, on=on)
    if initiative.state not in _OPEN or leaver is None or heir is None:
        return None
    came_from = InitiativeState(initiative.state)
    if initiative.owner_id in gone:
        initiative.owner = heir
    if initiative.on_call_id in gone:
        initiative.on_call = heir
    if came_from == InitiativeState.REQUESTED:
        void_request(kind=INITIATIVE, subject_id=initiative.pk, by=None, at=at)
        initiative.state = InitiativeState.DRAFT
    initiative.version += 1
    initiative.save()
    reason = f"{leaver} is not there any more: {heir} takes over."
    remember(initiative, HANDED_OVER, came_from=came_from, by=None, reason=reason, at=at)
    _let_routers_know(initiative, at=at)
    _tell(initiative, [heir, initiative.requested_by], reason=reason, came_from=came_from, at=at)
    return initiative.slug


def _let_routers_know(initiative: Initiative, *, at: datetime) -> None:
    if initiative.cost_object is not None:
        put_who_answers(initiative=initiative, cost_object=initiative.cost_object, at=at)
        publish(cause=f"Experiment {initiative.name} handed over", by=None, at=at)


def _tell(
    initiative: Initiative,
    to: list[User],
    *,
    reason: str,
    came_from: InitiativeState,
    at: datetime,
) -> None:
    again = " It has to be asked for again." if came_from == InitiativeState.REQUESTED else ""
    tell(
        kind=NoticeKind.HANDOVER,
        subject=f"initiative:{initiative.slug}",
        title=f"{initiative.name} was handed over",
        text=reason + again,
        url=f"/initiatives/{initiative.slug}/",
        unit=initiative.unit,
        to=to,
        by=None,
        at=at,
    )


def _warn(initiative: Initiative, user: User, *, leaves_on: date, at: datetime) -> None:
    heir = successor(initiative, on=leaves_on)
    then = f"Unless somebody else is named, {heir} takes over." if heir else "Name somebody else."
    managers = holders_of(Role.GM, unit=initiative.unit)
    tell(
        kind=NoticeKind.HANDOVER,
        subject=f"initiative:{initiative.slug}",
        title=f"{user} answers for {initiative.name} and leaves on {written_day(leaves_on)}",
        text=then,
        url=f"/initiatives/{initiative.slug}/",
        unit=initiative.unit,
        to=[user, *managers, *([heir] if heir else [])],
        by=None,
        at=at,
        once=f"leaver:{initiative.pk}:{user.pk}:{leaves_on}",
    )
