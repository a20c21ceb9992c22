"""Thresholds that are reached: acting on them, answering, arming them again."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from budgets.lifecycle import SPENDING, BudgetState
from budgets.models import Budget, Initiative, ThresholdCrossing
from budgets.operations.scopes import scope_slug
from budgets.operations.threshold_news import tell_of_answer, tell_of_crossing
from budgets.operations.threshold_tables import lock_subject
from budgets.queries.core_spend import core_spend
from budgets.queries.thresholds import (
    of_what,
    subject_key,
    thresholds_in_force,
)
from budgets.rights import why_not_answer
from budgets.threshold_wording import name_of, reached_in_words
from finops.periods import day_bounds
from finops.thresholds import Effect, Reached, levels_reached
from org.audit import record
from org.models import User
from org.queries.calendar import company, reporting_today, year_period
from org.refusals import Invalid, NotAllowed, Refusal
from policy.lifecycle import ScopeState
from policy.models import Scope
from policy.operations.breaker import block, unblock
from policy.operations.unit_scopes import ensure_unit_scope
from policy.permissions import can_stop_scope

BLOCK_CODE = "threshold"


@transaction.atomic
def act_on_spend(
    *, subject: Budget | Initiative, spent_usd: Decimal, at: datetime
) -> list[ThresholdCrossing]:
    """Write down the levels that spend has come to, tell of them, and do what they say.

    Two workers may come at once: the lock makes the second read what the first wrote. What is
    granted is read under it too, since a revision may have come between.
    """
    lock_subject(subject)
    subject = _again(subject)
    granted_usd = _granted(subject)
    if granted_usd is None:
        return []  # it ended since we looked
    thresholds = thresholds_in_force(subject)
    before = set(
        ThresholdCrossing.objects.filter(
            **subject_key(subject), lifted_at__isnull=True
        ).values_list("level_pct", flat=True)
    )
    reached = levels_reached(
        spent_usd, granted_usd, [level.level_pct for level in thresholds.levels]
    )
    new = [level for level in thresholds.levels if level.level_pct in set(reached) - before]
    if not new:
        return []
    crossings = ThresholdCrossing.objects.bulk_create(
        ThresholdCrossing(
            **subject_key(subject),
            level_pct=level.level_pct,
            effect=level.effect.value,
            granted_usd=granted_usd,
            spent_usd=spent_usd,
            at=at,
        )
        for level in new
    )
    _record_crossings(subject, crossings, at=at)
    tell_of_crossing(subject, crossings, levels=new, at=at)
    if any(level.effect == Effect.BLOCKS for level in new):
        _block(subject, crossings[-1], at=at)
    return crossings


@transaction.atomic
def keep_blocked(*, crossing_id: int, at: datetime) -> bool:
    """Block anew what a level blocks and somebody let run without answering it.

    Returns whether anything was blocked.
    """
    rows = ThresholdCrossing.objects.select_related("budget", "initiative")
    found = rows.get(pk=crossing_id)
    subject = found.budget or found.initiative
    if subject is None:
        return False
    lock_subject(subject)
    subject, crossing = _again(subject), rows.get(pk=crossing_id)
    if _granted(subject) is None or not crossing.holds:
        return False
    return _block(subject, crossing, at=at)


@transaction.atomic
def answer_crossing(*, crossing_id: int, by: User, reason: str, at: datetime) -> ThresholdCrossing:
    """Let it go on though a level was reached: requests are no longer held, a block is lifted.

    Raises NotAllowed, Refusal where nothing waits any more, and Invalid without a reason.
    """
    rows = ThresholdCrossing.objects.select_related("budget__unit", "initiative__unit")
    found = rows.get(pk=crossing_id)
    subject = found.budget or found.initiative
    if subject is None:
        raise Refusal("The level belongs to nothing.")
    lock_subject(subject)
    crossing = rows.select_for_update(of=("self",)).get(pk=crossing_id)
    if (why_not := why_not_answer(by, subject=subject, at=at)) is not None:
        raise NotAllowed(why_not)
    if not crossing.holds:
        raise Refusal(_why_nothing_waits(crossing))
    if not reason.strip():
        raise Invalid.of("reason", "Say why it may go on: it is kept with the level.")
    crossing.answered_by, crossing.answered_at, crossing.answer = by, at, reason.strip()
    crossing.save(update_fields=["answered_by", "answered_at", "answer"])
    detail = {"level_pct": crossing.level_pct, "reason": reason.strip()}
    name = name_of(subject, of=of_what(subject))
    record(actor=by, action="thresholds.answered", subject=name, detail=detail, at=at)
    if crossing.effect == Effect.BLOCKS:
        _unblock(subject, by=by, reason=reason, at=at)
    tell_of_answer(subject, crossing, at=at)
    return crossing


def arm_again(budget: Budget, *, by: User, at: datetime) -> list[int]:
    """Lift the levels that a revision has raised the budget above; the caller holds its lock.

    Returns which. What waited at them no longer does, and they can be reached anew.
    """
    year = year_period(budget.fiscal_year)
    spend = core_spend(units=[budget.unit], year=year, on=reporting_today(at))[budget.unit_id]
    standing = ThresholdCrossing.objects.filter(budget=budget, lifted_at__isnull=True)
    lifted = [
        crossing
        for crossing in standing.select_for_update().order_by("level_pct")
        if Reached(
            crossing.level_pct, crossing.granted_usd, budget.core_usd, spend.usd
        ).is_armed_again
    ]
    for crossing in lifted:
        crossing.lifted_at = at
        crossing.save(update_fields=["lifted_at"])
    if any(crossing.effect == Effect.BLOCKS for crossing in lifted):
        _unblock(budget, by=by, reason=f"The budget of {budget} was raised.", at=at)
    return [crossing.level_pct for crossing in lifted]


def _again(subject: Budget | Initiative) -> Budget | Initiative:
    found: Budget | Initiative = (
        type(subject).objects.select_related(*_NEEDED[type(subject)]).get(pk=subject.pk)
    )
    return found


_NEEDED = {
    Budget: ("unit",),
    Initiative: ("unit", "owner__person", "on_call__person", "cost_object"),
}


def _granted(subject: Budget | Initiative) -> Decimal | None:
    """Return the sum that levels are shares of, None where it is not in force any more."""
    if isinstance(subject, Budget):
        return subject.core_usd if subject.state == BudgetState.ACTIVE else None
    return subject.cap_usd if subject.state in SPENDING else None


def _block(subject: Budget | Initiative, crossing: ThresholdCrossing, *, at: datetime) -> bool:
    """Close the scope in the policy, unless it is blocked already, by whomever.

    That of a unit runs again when the year of the budget is over; that of an experiment does
    not, since its cap has no year.
    """
    until = None
    if isinstance(subject, Budget):
        scope = ensure_unit_scope(unit=subject.unit, at=at)
        until = day_bounds(year_period(subject.fiscal_year).end, company().zone)[0]
    else:
        scope = Scope.objects.get(slug=scope_slug(subject))
    if scope.state == ScopeState.OPEN or (until is not None and until <= at):
        return False
    text = reached_in_words(crossing, subject)
    block(scope=scope, code=BLOCK_CODE, text=text, by=None, at=at, until=until)
    return True


def _unblock(subject: Budget | Initiative, *, by: User, reason: str, at: datetime) -> None:
    """Lift the block, where it is that of a threshold and no other level blocks still."""
    others = ThresholdCrossing.objects.filter(
        **subject_key(subject),
        effect=Effect.BLOCKS,
        lifted_at__isnull=True,
        answered_at__isnull=True,
    )
    slug = f"unit:{subject.unit.slug}" if isinstance(subject, Budget) else scope_slug(subject)
    scope = Scope.objects.filter(slug=slug).select_related("unit", "cost_object__unit").first()
    if scope is None or scope.reason_code != BLOCK_CODE or others.exists():
        return
    # Who decides in another's place may lack the role that stops things; then it is our doing.
    holder = by if can_stop_scope(by, scope=scope) else None
    unblock(scope=scope, by=holder, at=at, reason=reason.strip())


def _record_crossings(
    subject: Budget | Initiative, crossings: Sequence[ThresholdCrossing], *, at: datetime
) -> None:
    last = crossings[-1]
    detail = {
        "levels": [crossing.level_pct for crossing in crossings],
        "spent_usd": last.spent_usd,
        "granted_usd": last.granted_usd,
    }
    name = name_of(subject, of=of_what(subject))
    record(actor=None, action="thresholds.reached", subject=name, detail=detail, at=at)


def _why_nothing_waits(crossing: ThresholdCrossing) -> str:
    if crossing.answered_by is not None:
        return f"{crossing.answered_by} answered this already: {crossing.answer}"
    if crossing.lifted_at is not None:
        return "More was granted since: nothing waits at this level any more."
    return f"At {crossing.level_pct}% people are told, and nothing waits for an answer."
