"""Who is told of a level that was reached, or answered, and in which words."""

from collections.abc import Sequence
from datetime import datetime

from budgets.models import Budget, Initiative, ThresholdCrossing
from budgets.queries.thresholds import Level, Told, of_what
from budgets.threshold_wording import happens_in_words, name_of, sum_of, url_of
from finops.thresholds import Effect
from org.models import NoticeKind, Role, User
from org.operations.notices import tell
from org.queries.deciders import deciders_of
from org.queries.people import holders_of
from org.templatetags.figures import usd

_ROLES = {Told.GM: Role.GM, Told.FINANCE: Role.FINANCE, Told.CFO: Role.CFO}


def tell_of_crossing(
    subject: Budget | Initiative,
    crossings: Sequence[ThresholdCrossing],
    *,
    levels: Sequence[Level],
    at: datetime,
) -> None:
    """Tell once of the levels that were reached together, by the highest of them."""
    highest = crossings[-1]
    effects = {level.effect for level in levels}
    people = {user for level in levels for user in _told(subject, level)}
    if effects != {Effect.NOTIFIES}:
        people |= set(deciders_of(subject.unit, at=at))
    tell(
        kind=NoticeKind.THRESHOLD,
        subject=name_of(subject, of=of_what(subject)),
        title=f"{highest.level_pct}% of {sum_of(subject)} is spent",
        text=f"{usd(highest.spent_usd)} of {usd(highest.granted_usd)}."
        f" {happens_in_words(subject, effects)}".rstrip(),
        url=url_of(subject),
        unit=subject.unit,
        to=people,
        by=None,
        at=at,
    )


def tell_of_answer(
    subject: Budget | Initiative, crossing: ThresholdCrossing, *, at: datetime
) -> None:
    """Tell those who wait that it may go on."""
    people = set(holders_of(Role.GM, Role.FINANCE, unit=subject.unit))
    if isinstance(subject, Initiative):
        people |= _answering(subject)
    tell(
        kind=NoticeKind.DECISION,
        subject=name_of(subject, of=of_what(subject)),
        title=f"T{sum_of(subject)[1:]} may go on beyond {crossing.level_pct}%",
        text=crossing.answer,
        url=url_of(subject),
        unit=subject.unit,
        to=people,
        by=crossing.answered_by,
        at=at,
    )


def _told(subject: Budget | Initiative, level: Level) -> set[User]:
    roles = [_ROLES[Told(each)] for each in level.told if each in _ROLES]
    people = set(holders_of(*roles, unit=subject.unit)) if roles else set()
    if Told.OWNER in level.told and isinstance(subject, Initiative):
        people |= _answering(subject)
    return people


def _answering(initiative: Initiative) -> set[User]:
    return {person for person in (initiative.owner, initiative.on_call) if person is not None}
