"""Who may decide for a unit: whoever holds the role, or was given it for a while."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import F
from django.db.models.functions import Coalesce
from django.db.models.lookups import StartsWith

from org.models import (
    Approval,
    ApprovalPart,
    ApprovalSignature,
    Delegation,
    Membership,
    Role,
    Unit,
    User,
)
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


def deciders_of(unit: Unit, *, at: datetime, roles: Collection[Role] = DECIDING) -> list[User]:
    """Return everybody who may decide for a unit now, those of another's right last."""
    holders = list(holders_of(*roles, unit=unit))
    over = Q(unit__isnull=True) | Q(StartsWith(Value(unit.path), F("unit__path")))
    given = Delegation.objects.alive(at=at).filter(over, giver__in=holders)
    takers = User.objects.filter(is_active=True, taken__in=given).select_related("person")
    return [*holders, *takers.exclude(pk__in=[each.pk for each in holders]).distinct()]


def decided_by(user: User, *, at: datetime) -> Q:
    """Return the condition that an approval is for the user to decide, by any right."""
    chain = ApprovalPart.objects.filter(approval=OuterRef("pk"))
    alone = Q(Exists(Membership.objects.filter(_covers("unit"), role__in=DECIDING, user=user)))
    alone |= Q(Exists(_given(user, at=at, covered="", role__in=DECIDING)))
    held = Membership.objects.filter(
        _covers("unit", of="approval__"), role=OuterRef("role"), user=user
    )
    given = _given(user, at=at, covered="approval__", role=OuterRef(OuterRef("role")))
    part = Exists(open_parts().filter(Q(Exists(held)) | Q(Exists(given)), approval=OuterRef("pk")))
    signed = ApprovalSignature.objects.filter(
        approval=OuterRef("pk"), person=user.person_id, void_at__isnull=True
    )
    may = (alone & ~Q(Exists(chain))) | (Q(part) & ~Q(Exists(signed)))
    return may & ~Q(requested_person=user.person_id)


def _given(user: User, *, at: datetime, covered: str, **role: Any) -> QuerySet[Delegation]:
    """Return what gives the user another's role, in whose place she may decide."""
    given = Delegation.objects.alive(at=at).filter(
        _covers("unit", of=covered),
        Exists(
            Membership.objects.filter(
                Q(unit__isnull=True)
                | Q(StartsWith(OuterRef(OuterRef(f"{covered}unit__path")), F("unit__path"))),
                user=OuterRef("giver"),
                **role,
            )
        ),
        taker=user,
        giver__is_active=True,
    )
    # Nobody decides in the place of who asked.
    return given.exclude(giver__person=OuterRef(f"{covered}requested_person"))


def open_parts() -> QuerySet[ApprovalPart]:
    """Return the parts of chains in which somebody has still to sign."""
    signed = (
        ApprovalSignature.objects.filter(
            approval=OuterRef("approval"), role=OuterRef("role"), void_at__isnull=True
        )
        .order_by()
        .values("approval")
        .annotate(count=Count("pk"))
        .values("count")
    )
    counted = ApprovalPart.objects.annotate(count=Coalesce(Subquery(signed), 0))
    return counted.filter(count__lt=F("signers"))


def _covers(name: str, *, of: str = "") -> Q:
    """Return the condition that a row's unit is nothing, or above the approval's.

    `of` leads from the outer row to the approval.
    """
    return Q(**{f"{name}__isnull": True}) | Q(
        StartsWith(OuterRef(f"{of}unit__path"), F(f"{name}__path"))
    )


def waiting_for(user: User, *, at: datetime) -> QuerySet[Approval]:
    """Return the requests that the user may decide."""
    return Approval.objects.waiting().filter(decided_by(user, at=at))


def takes_part(user: User, *, at: datetime) -> dict[str, Exists]:
    """Return columns of a member that say whether to look for decisions she takes.

    `was_given`, whether she decides in another's place; `signs`, whether a request waits
    for somebody of her role to sign.
    """
    waiting = open_parts().filter(approval__state=Approval.State.PENDING, role=OuterRef("role"))
    return {
        "was_given": Exists(Delegation.objects.alive(at=at).filter(taker=user)),
        "signs": Exists(waiting),
    }


def delegations_in_sight(user: User) -> QuerySet[Delegation]:
    """Return what the user gave or was given, the newest first."""
    found = Delegation.objects.filter(Q(giver=user) | Q(taker=user))
    return found.select_related("giver__person", "taker__person", "unit").order_by("-pk")
