"""Probation: begun by bad months or late data, warned of before its end, judged after it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from budgets.core_sentences import judged_sentence, late_days_reason, probation_reason
from budgets.lifecycle import InitiativeAction, InitiativeState
from budgets.models import CoreReview, Graduation, Initiative, Probation
from budgets.operations.core_news import tell_of_core
from budgets.operations.demotions import demote
from budgets.operations.history import advance, locked_initiative
from budgets.queries.core_baseline import remeasured
from budgets.queries.core_money import newest_graduation
from budgets.queries.core_reviews import daily_of, measured_in, reviews_of
from finops.core_review import MOST_BAD_IN_ROW, PROBATION_DAYS, Verdict, bad_in_row
from finops.periods import Period
from org.models import NoticeKind
from org.queries.calendar import reporting_today
from org.queries.profile import profile_on
from org.templatetags.figures import day as written_day

WARNED_BEFORE = timedelta(days=7)


def begin_probations(*, at: datetime) -> list[str]:
    """Put on probation what two bad months or a day over its cap say; return the slugs."""
    found = Initiative.objects.filter(state=InitiativeState.CORE).order_by("pk")
    return [slug for pk, slug in found.values_list("pk", "slug") if _begin_if_due(pk, at=at)]


def warn_of_ends(*, at: datetime) -> list[str]:
    """Tell once of each probation that ends within a week; return the slugs."""
    today = reporting_today(at)
    near = _running().filter(ends_on__gt=today, ends_on__lte=today + WARNED_BEFORE)
    return [each.graduation.initiative.slug for each in near if _warn(each, at=at)]


def end_probations(*, at: datetime) -> list[str]:
    """Judge the probations whose days are over and final; return the slugs."""
    today = reporting_today(at)
    lag = timedelta(days=profile_on(today).profile.data_lag_days)
    due = _running().filter(ends_on__lte=today - lag)
    rows = due.values_list("graduation__initiative", "graduation__initiative__slug")
    return [slug for pk, slug in rows if _end(pk, at=at)]


@transaction.atomic
def _begin_if_due(initiative_id: int, *, at: datetime) -> bool:
    initiative = locked_initiative(initiative_id)
    graduation = newest_graduation(initiative)
    if initiative.state != InitiativeState.CORE or graduation is None:
        return False  # somebody was here since we looked
    before = list(graduation.probations.order_by("number"))
    if bad := _bad_months(graduation, before):
        _begin(
            initiative,
            graduation,
            cause=Probation.Cause.BAD_MONTHS,
            reason=probation_reason(bad),
            at=at,
        )
        return True
    late = _late_days(graduation, before)
    if late:
        _begin(
            initiative,
            graduation,
            cause=Probation.Cause.LATE_DATA,
            reason=late_days_reason(late),
            late=late,
            at=at,
        )
    return bool(late)


def _bad_months(graduation: Graduation, before: Sequence[Probation]) -> list[CoreReview]:
    """Return the bad months in a row that call for a probation; none where there are too few.

    Months over before the last probation was are answered for by it.
    """
    since = before[-1].ends_on if before else date.min
    row = [each for each in reviews_of(graduation) if each.ends_on > since]
    count = bad_in_row([Verdict(each.verdict) for each in row])
    if count < MOST_BAD_IN_ROW:
        return []
    return [each for each in row if each.verdict == CoreReview.Verdict.BAD][-count:]


def _late_days(graduation: Graduation, before: Sequence[Probation]) -> list[date]:
    """Return the days of the baseline that are over their cap now, and no probation knows of."""
    known = {day for each in before for day in each.late_days}
    return [day for day in remeasured(graduation).over if day.isoformat() not in known]


def _begin(
    initiative: Initiative,
    graduation: Graduation,
    *,
    cause: Probation.Cause,
    reason: str,
    at: datetime,
    late: Sequence[date] = (),
) -> None:
    today = reporting_today(at)
    probation = Probation.objects.create(
        graduation=graduation,
        number=graduation.probations.count() + 1,
        cause=cause,
        reason=reason,
        late_days=[day.isoformat() for day in late],
        starts_on=today,
        ends_on=today + timedelta(days=PROBATION_DAYS),
        at=at,
    )
    says = f"{reason} Until {written_day(probation.ends_on)} it has to keep within its limits."
    advance(initiative, InitiativeAction.PROBATE, by=None, reason=says, at=at)
    tell_of_core(initiative, what="is on probation", text=says, at=at)


def _warn(probation: Probation, *, at: datetime) -> bool:
    initiative = probation.graduation.initiative
    ends = written_day(probation.ends_on)
    text = (
        f"Its days until {ends} are judged once they are final: within the limits it stays in core,"
        " else it is demoted. Results and prices that are not known by then count as not shown."
    )
    return tell_of_core(
        initiative,
        what=f"is on probation until {ends}",
        text=text,
        kind=NoticeKind.EXPIRY,
        once=f"probation:{probation.pk}:ends",
        at=at,
    )


@transaction.atomic
def _end(initiative_id: int, *, at: datetime) -> bool:
    initiative = locked_initiative(initiative_id)
    graduation = newest_graduation(initiative)
    if initiative.state != InitiativeState.PROBATION or graduation is None:
        return False  # somebody was here since we looked
    probation = graduation.probations.get(ended_at__isnull=True)
    keeps, says = _judged(initiative, probation, graduation)
    outcome = Probation.Outcome.RECOVERED if keeps else Probation.Outcome.DEMOTED
    probation.ended_at, probation.outcome, probation.says = at, outcome, says
    probation.save(update_fields=["ended_at", "outcome", "says"])
    if keeps:
        advance(initiative, InitiativeAction.RECOVER, by=None, reason=says, at=at)
        tell_of_core(initiative, what="stays in core", text=says, at=at)
    else:
        demote(initiative, graduation, reason=says, at=at)
    return True


def _judged(
    initiative: Initiative, probation: Probation, graduation: Graduation
) -> tuple[bool, str]:
    """Judge the probation's own days by the limit that was broken; say what they were.

    After bad months what a result costs has to be known and within its limit; after late data
    no day may lie over the daily cap, and nothing else may be broken.
    """
    days = Period(probation.starts_on, probation.ends_on)
    judged = measured_in(graduation, days).judged
    over = sum(usd > initiative.daily_cap_usd for _, usd in daily_of(graduation, days))
    by_late_data = probation.cause == Probation.Cause.LATE_DATA
    keeps = (
        not over and judged.verdict != Verdict.BAD
        if by_late_data
        else judged.verdict == Verdict.GOOD
    )
    says = judged_sentence(
        [reason.value for reason in judged.reasons],
        unit=judged.unit_usd,
        dearer=judged.dearer,
        over=over if by_late_data else 0,
    )
    return keeps, says


def _running() -> QuerySet[Probation]:
    return Probation.objects.filter(ended_at__isnull=True).select_related(
        "graduation__initiative__unit",
        "graduation__initiative__owner",
        "graduation__initiative__on_call",
        "graduation__initiative__requested_by",
    )
