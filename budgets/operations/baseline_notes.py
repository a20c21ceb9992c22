"""Notes on baselines: planned holidays, outages of providers, freezes that are lifted."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from budgets.models import BaselineNote, Initiative
from budgets.queries.baseline_standing import baseline_standing, is_resting
from budgets.rights_baseline import why_not_lift, why_not_note
from finops.periods import ONE_DAY
from finops.stability.notes import LEAST_REASON, why_not_holiday, why_not_outage
from org.audit import record
from org.models import Unit, User
from org.queries.calendar import reporting_today
from org.refusals import Invalid, NotAllowed, Refusal

Kind = BaselineNote.Kind
MIN_REASON = 10


class NotFrozen(Refusal):
    title = "Nothing is frozen"


class AlreadyWithdrawn(Refusal):
    title = "Withdrawn already"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Whom a note is about: one experiment, a unit with all beneath it, or, without, everybody."""

    initiative: Initiative | None = None
    unit: Unit | None = None

    @property
    def subject(self) -> str:
        """What the audit log calls it."""
        if self.initiative is not None:
            return f"initiative:{self.initiative.slug}"
        return f"unit:{self.unit.slug}" if self.unit else "company"


@transaction.atomic
def note_holiday(
    *, about: About, starts_on: date, last_on: date, reason: str, by: User, at: datetime
) -> BaselineNote:
    """Note a planned holiday before its first day begins."""
    _check_may(by, about)
    today = reporting_today(at)
    if why_not := why_not_holiday(starts_on=starts_on, last_on=last_on, today=today):
        raise Invalid.of("starts_on" if starts_on <= today else "last_on", why_not)
    return _kept(
        BaselineNote(kind=Kind.HOLIDAY, starts_on=starts_on, ends_on=last_on + ONE_DAY),
        about=about,
        reason=_reason(reason),
        by=by,
        at=at,
    )


@transaction.atomic
def note_outage(
    *,
    about: About,
    on: date,
    provider: str,
    hours: Decimal,
    reason: str,
    by: User,
    at: datetime,
    link: str = "",
) -> BaselineNote:
    """Note that a provider was out on a day, within seven days after it."""
    _check_may(by, about)
    if why_not := why_not_outage(on=on, today=reporting_today(at)):
        raise Invalid.of("starts_on", why_not)
    if not provider.strip():
        raise Invalid.of("provider", "Say which provider was out.")
    if not 0 < hours <= 24:  # noqa: PLR2004 -- the hours of a day
        raise Invalid.of("hours", "An outage lasts more than no hours of its day and at most 24.")
    return _kept(
        BaselineNote(
            kind=Kind.OUTAGE,
            starts_on=on,
            ends_on=on + ONE_DAY,
            provider=provider.strip(),
            hours=hours,
            link=link,
        ),
        about=about,
        reason=_reason(reason),
        by=by,
        at=at,
    )


@transaction.atomic
def lift_freeze(*, initiative: Initiative, reason: str, by: User, at: datetime) -> BaselineNote:
    """Let days count again after a second breach: somebody says what is done about it."""
    # Two people may lift it at once: the second one finds it lifted.
    Initiative.objects.select_for_update().get(pk=initiative.pk)
    if (why_not := why_not_lift(by, initiative=initiative)) is not None:
        raise NotAllowed(why_not)
    today = reporting_today(at)
    standing = baseline_standing(initiative, on=today, rests=bool(is_resting([initiative])))
    if not standing.streak.is_frozen:
        raise NotFrozen(f"The baseline of {initiative} is not frozen, so nothing is to be lifted.")
    return _kept(
        BaselineNote(kind=Kind.FREEZE_LIFTED, starts_on=today, ends_on=today + ONE_DAY),
        about=About(initiative=initiative),
        reason=_reason(reason, least=LEAST_REASON),
        by=by,
        at=at,
    )


@transaction.atomic
def withdraw_note(*, note: BaselineNote, reason: str, by: User, at: datetime) -> BaselineNote:
    """Take a note back by a later one; a freeze that was lifted stays lifted."""
    about = About(initiative=note.initiative, unit=note.unit)
    _check_may(by, about)
    if note.kind == Kind.FREEZE_LIFTED or note.withdraws_id is not None:
        raise Invalid.of("note", "Only a holiday or an outage is withdrawn.")
    taken_back = BaselineNote(
        kind=note.kind,
        starts_on=note.starts_on,
        ends_on=note.ends_on,
        provider=note.provider,
        hours=note.hours,
        withdraws=note,
    )
    try:
        with transaction.atomic():
            return _kept(taken_back, about=about, reason=_reason(reason), by=by, at=at)
    except IntegrityError as error:
        # Two people may withdraw it at once: the database lets the first one.
        raise AlreadyWithdrawn(f"“{note}” was withdrawn already.") from error


def _check_may(by: User, about: About) -> None:
    why_not = why_not_note(by, initiative=about.initiative, unit=about.unit)
    if why_not is not None:
        raise NotAllowed(why_not)


def _reason(text: str, *, least: int = MIN_REASON) -> str:
    reason = " ".join(text.split())
    if len(reason) < least:
        raise Invalid.of("reason", f"Say why in {least} characters or more.")
    return reason


def _kept(note: BaselineNote, *, about: About, reason: str, by: User, at: datetime) -> BaselineNote:
    note.initiative, note.unit, note.reason = about.initiative, about.unit, reason
    note.by, note.at = by, at
    note.save(force_insert=True)
    note.refresh_from_db(fields=["person"])  # the database filled it in
    record(
        actor=by,
        action="baseline.withdrawn" if note.withdraws_id else f"baseline.{note.kind}",
        subject=about.subject,
        at=at,
        detail={
            "note": note.pk,
            "withdraws": note.withdraws_id,
            "starts_on": note.starts_on.isoformat(),
            "ends_on": note.ends_on.isoformat(),
            "provider": note.provider,
            "hours": None if note.hours is None else f"{note.hours:f}",
            "reason": reason,
            "link": note.link,
        },
    )
    return note
