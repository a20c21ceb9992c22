"""Giving another person the right to decide for a while, and taking it back."""

from datetime import date, datetime, time, timedelta

from django.db import transaction

from org import audit
from org.models import Delegation, NoticeKind, Unit, User
from org.models.delegations import LONGEST
from org.operations.notices import tell
from org.permissions import can_manage_people, has_role
from org.queries.calendar import company, reporting_today
from org.queries.deciders import DECIDING
from org.refusals import Invalid, NotAllowed
from org.templatetags.figures import day as written_day


@transaction.atomic
def give_delegation(
    *,
    taker: User,
    unit: Unit | None,
    starts_on: date,
    ends_on: date,
    reason: str,
    by: User,
    at: datetime,
) -> Delegation:
    """Let another person decide in one's place, from one day until before another.

    Raises NotAllowed for who decides nothing there, or Invalid with a sentence for the field.
    """
    _check_giver(by, unit=unit)
    _check_taker(taker, unit=unit, by=by)
    _check_days(starts_on, ends_on, today=reporting_today(at))
    if not reason.strip():
        raise Invalid.of("reason", "Say why: it stands beside what is decided in your place.")
    delegation = Delegation.objects.create(
        giver=by,
        taker=taker,
        unit=unit,
        starts_at=_start_of(starts_on),
        ends_at=_start_of(ends_on),
        reason=reason.strip(),
        given_at=at,
    )
    where = str(unit) if unit else "every unit of the giver"
    text = f"For {where}, from {written_day(starts_on)} until before {written_day(ends_on)}."
    _tell(delegation, f"You may decide in the place of {by}", text=text, by=by, at=at)
    return delegation


@transaction.atomic
def revoke_delegation(*, delegation_id: int, by: User, at: datetime) -> Delegation:
    """End a delegation at once; ending it again changes nothing."""
    row = Delegation.objects.select_for_update(of=("self",)).select_related("unit", "giver__person")
    delegation = row.get(pk=delegation_id)
    if by.pk != delegation.giver_id and not can_manage_people(by):
        raise NotAllowed("Only who gave it, or an Administrator, takes a delegation back.")
    if delegation.revoked_at is None:
        delegation.revoked_at, delegation.revoked_by = at, by
        delegation.save(update_fields=["revoked_at", "revoked_by"])
        title = f"You do not decide in the place of {delegation.giver} any more"
        _tell(delegation, title, text=f"{by} took it back.", by=by, at=at)
    return delegation


def _check_giver(by: User, *, unit: Unit | None) -> None:
    if by.person_id is None or not has_role(by, *DECIDING, unit=unit):
        where = unit or "the whole company"
        raise NotAllowed(f"You decide nothing for {where}, so you have nothing to give.")


def _check_taker(taker: User, *, unit: Unit | None, by: User) -> None:
    if taker.person_id is None or not taker.is_active:
        raise Invalid.of("taker", f"{taker} has no account that can decide.")
    if taker.person_id == by.person_id:
        raise Invalid.of("taker", "That is yourself: name another person.")
    sees = Unit.objects.visible_to(taker)
    if unit is not None and not sees.filter(pk=unit.pk).exists():
        raise Invalid.of("taker", f"{taker} does not see {unit}: a role there comes first.")
    if unit is None and sees.count() < Unit.objects.count():
        detail = f"{taker} does not see the whole company: name a unit that she sees."
        raise Invalid.of("unit", detail)


def _check_days(starts_on: date, ends_on: date, *, today: date) -> None:
    if starts_on < today:
        raise Invalid.of("starts_on", f"It begins today, {written_day(today)}, or later.")
    if not timedelta(0) < ends_on - starts_on <= LONGEST:
        detail = f"It ends after it begins, {LONGEST.days} days later at most."
        raise Invalid.of("ends_on", detail)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=company().zone)


def _tell(delegation: Delegation, title: str, *, text: str, by: User, at: datetime) -> None:
    subject = f"delegation:{delegation.pk}"
    detail = {
        "giver": delegation.giver.username,
        "taker": delegation.taker.username,
        "unit": delegation.unit.slug if delegation.unit else None,
        "ends_at": delegation.ends_at,
        "reason": delegation.reason,
    }
    what = "revoked" if delegation.revoked_at else "given"
    audit.record(actor=by, action=f"delegation.{what}", subject=subject, at=at, detail=detail)
    tell(
        kind=NoticeKind.HANDOVER,
        subject=subject,
        title=title,
        text=text,
        url="/settings/delegations/",
        unit=delegation.unit,
        to=[delegation.taker],
        by=by,
        at=at,
    )
