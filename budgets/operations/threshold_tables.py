"""Setting the thresholds of a budget, of an experiment, or of all that have none of their own."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from budgets.models import Budget, Initiative, Threshold, ThresholdTable
from budgets.models.thresholds import HIGHEST_PCT
from budgets.queries.thresholds import (
    EVERYTHING_PCT,
    Level,
    Told,
    common_thresholds,
    subject_key,
    tables_of,
    thresholds_in_force,
)
from budgets.rights import why_not_set_thresholds
from budgets.threshold_wording import name_of
from finops.thresholds import Effect
from org.audit import record
from org.models import Company, User
from org.refusals import FieldError, Invalid, NotAllowed, Stale

MOST_LEVELS = 12


@transaction.atomic
def set_thresholds(
    *,
    of: str,
    subject: Budget | Initiative | None,
    levels: Sequence[Level],
    reason: str,
    version: int,
    by: User,
    at: datetime,
) -> ThresholdTable:
    """Put other thresholds in force for a budget, an experiment, or all that have none.

    `version` is the number of the subject's own table that was read, 0 without one. What was
    reached before stays reached, and does what it did. Raises NotAllowed, Stale, or Invalid
    with a sentence for each line.
    """
    if (why_not := why_not_set_thresholds(by, subject=subject)) is not None:
        raise NotAllowed(why_not)
    lock_subject(subject)
    last = tables_of(subject, of=of).last()
    number = last.number if last else 0
    if number != version:
        raise Stale("The thresholds changed after you opened them: read them first.")
    _check(subject, of=of, levels=levels, reason=reason)
    table = ThresholdTable.objects.create(
        of=of,
        **(subject_key(subject) if subject else {}),
        number=number + 1,
        reason=reason.strip(),
        by=by,
        at=at,
    )
    Threshold.objects.bulk_create(
        Threshold(table=table, level_pct=pct, effect=effect.value, told=list(told))
        for pct, effect, told in levels
    )
    written = {str(pct): [effect.value, *told] for pct, effect, told in levels}
    detail = {"levels": written, "reason": reason.strip(), "number": table.number}
    record(actor=by, action="thresholds.set", subject=name_of(subject, of=of), detail=detail, at=at)
    return table


def lock_subject(subject: Budget | Initiative | None) -> None:
    """Lock the row of what the thresholds are of; those of all are the company's."""
    if subject is None:
        Company.objects.select_for_update().first()
        return
    type(subject).objects.select_for_update(of=("self",)).get(pk=subject.pk)


def _check(
    subject: Budget | Initiative | None, *, of: str, levels: Sequence[Level], reason: str
) -> None:
    errors = [
        FieldError(f"/thresholds/{place}", detail)
        for place, level in enumerate(levels)
        for detail in _problems(level, of=of)
    ]
    given = [level.level_pct for level in levels]
    errors += [
        FieldError("/thresholds", f"{pct}% stands there twice: one line says it all.")
        for pct in sorted({pct for pct in given if given.count(pct) > 1})
    ]
    if not levels or len(levels) > MOST_LEVELS:
        errors.append(FieldError("/thresholds", f"Give from 1 to {MOST_LEVELS} levels."))
    if not reason.strip():
        errors.append(FieldError("/reason", "Say why: it is kept with the thresholds."))
    if errors:
        raise Invalid(" ".join(error.detail for error in errors), errors=errors)
    in_force = thresholds_in_force(subject) if subject else common_thresholds(of)
    if set(in_force.levels) == set(levels):
        raise Invalid.of("thresholds", "These are in force already: nothing would change.")


def _problems(level: Level, *, of: str) -> Iterable[str]:
    if not 1 <= level.level_pct <= HIGHEST_PCT:
        yield f"A level is a whole share from 1 to {HIGHEST_PCT} percent, not {level.level_pct}."
    if not level.told:
        yield f"Say who is told at {level.level_pct}%: nobody would know."
    if of == ThresholdTable.Of.BUDGET and Told.OWNER in level.told:
        yield f"A budget has no owner on call to be told at {level.level_pct}%: name a role."
    is_capped = of == ThresholdTable.Of.EXPERIMENT and level.level_pct >= EVERYTHING_PCT
    if is_capped and level.effect == Effect.BLOCKS:
        yield f"At {EVERYTHING_PCT}% the hard cap blocks by itself: let a lower level block."
