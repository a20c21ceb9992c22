"""Who may decide for a unit: whoever holds the role, or was given it for a while."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import F
from django.db.models.lookups import StartsWith

from org.models import Approval, Delegation, Membership, Role, Unit, User
from org.permissions import has_role
from org.queries.people import holders_of

DECIDING = (Role.CFO,)


class Authority(NamedTuple):
    """The right to decide; `giver` is there where it is another's."""

    giver: User | None


def authority(
    user: User,
    *,
    unit: Unit,
    at: datetime,
    roles: Collection[Role] = DECIDING,
    not_for: Collection[int] = (),
) -> Authority | None:
    """Return by which right the user decides for a unit, None without one.

    `not_for` are persons in whose place nobody decides: those who asked.
    """
    if not user.is_active:
        return None
    if has_role(user, *roles, unit=unit):
        return Authority(None)
    for delegation in delegations_to(user, unit=unit, at=at):
        giver = delegation.giver
        if giver.person_id not in not_for and has_role(giver, *roles, unit=unit):
            return Authority(giver)
    return None


def delegations_to(user: User, *, unit: Unit, at: datetime) -> QuerySet[Delegation]:
    """Return what the user was given for a unit by people whose accounts are active."""
    over = Q(unit__isnull=True) | Q(StartsWith(Value(unit.path), F("unit__path")))
    held = Delegation.objects.alive(at=at).filter(over, taker=user, giver__is_active=True)
    return held.select_related("giver__person").order_by("pk")


def deciders_of(unit: Unit, *, at: datetime) -> list[User]:
    """Return everybody who may decide for a unit now, those of another's right last."""
    holders = list(holders_of(*DECIDING, unit=unit))
    over = Q(unit__isnull=True) | Q(StartsWith(Value(unit.path), F("unit__path")))
    given = Delegation.objects.alive(at=at).filter(over, giver__in=holders)
    takers = User.objects.filter(is_active=True, taken__in=given).select_related("person")
    return [*holders, *takers.exclude(pk__in=[each.pk for each in holders]).distinct()]


def decided_by(user: User, *, at: datetime) -> Q:
    """Return the condition that an approval is for the user to decide, by any right."""
    holders = Membership.objects.filter(role__in=DECIDING).filter(_covers("unit"))
    own = Exists(holders.filter(user=user))
    given = Delegation.objects.alive(at=at).filter(
        _covers("unit"),
        Exists(
            Membership.objects.filter(
                Q(unit__isnull=True)
                | Q(StartsWith(OuterRef(OuterRef("unit__path")), F("unit__path"))),
                role__in=DECIDING,
                user=OuterRef("giver"),
            )
        ),
        taker=user,
        giver__is_active=True,
    )
    # Nobody decides in the place of who asked.
    given = given.exclude(giver__person=OuterRef("requested_person"))
    return (Q(own) | Q(Exists(given))) & ~Q(requested_person=user.person_id)


def _covers(name: str) -> Q:
    """Return the condition that a row's unit is nothing, or above the approval's."""
    return Q(**{f"{name}__isnull": True}) | Q(
        StartsWith(OuterRef("unit__path"), F(f"{name}__path"))
    )


def waiting_for(user: User, *, at: datetime) -> QuerySet[Approval]:
    """Return the requests that the user may decide."""
    return Approval.objects.waiting().filter(decided_by(user, at=at))


def takes_part(user: User, *, at: datetime) -> dict[str, Exists]:
    """Return `was_given`, whether the member decides in another's place, as a column."""
    return {"was_given": Exists(Delegation.objects.alive(at=at).filter(taker=user))}


def delegations_in_sight(user: User) -> QuerySet[Delegation]:
    """Return what the user gave or was given, the newest first."""
    found = Delegation.objects.filter(Q(giver=user) | Q(taker=user))
    return found.select_related("giver__person", "taker__person", "unit").order_by("-pk")
