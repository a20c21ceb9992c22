"""Telling people what a breaker sees and does not act on, and what it blocked by itself."""

from collections.abc import Iterable
from datetime import datetime

from finops.breaker_readings import MARGIN
from finops.breaker_states import COOLING
from org.models import NoticeKind, Role, User
from org.operations.notices import tell
from org.queries.people import company_holders_of, holders_of
from policy.lifecycle import ScopeState
from policy.models import Scope, ScopeStep
from policy.permissions import unit_of
from policy.queries.meters import Today
from policy.queries.readings import Assessment
from policy.wording import cause_in_words

PAGE = "/policy/"


def warn(
    scope: Scope, codes: Iterable[str], found: Assessment, *, today: Today, loop: str = ""
) -> None:
    """Tell once a day of each cause that would move another scope and leaves this one be."""
    for code in codes:
        tell(
            kind=NoticeKind.THRESHOLD,
            subject=scope.slug,
            title=_title(scope, code),
            text=cause_in_words(code, found, today=today, loop=loop),
            url=PAGE,
            unit=unit_of(scope),
            to=_those_who_look(scope),
            by=None,
            at=today.at,
            once=f"breaker:{scope.pk}:{code}:{today.on}",
        )


def _title(scope: Scope, code: str) -> str:
    if code == MARGIN:
        return f"The margin of {scope.name} is below its floor"
    return f"{scope.name} runs on, and somebody should look"


def tell_of_block(scope: Scope, step: ScopeStep, *, at: datetime) -> None:
    """Tell of a block that a loop or a margin caused; caps are told of as thresholds."""
    if step.to_state != ScopeState.OPEN or step.code not in COOLING:
        return
    tell(
        kind=NoticeKind.THRESHOLD,
        subject=scope.slug,
        title=f"{scope.name} is blocked",
        text=step.text,
        url=PAGE,
        unit=unit_of(scope),
        to=_those_who_look(scope),
        by=None,
        at=at,
    )


def _those_who_look(scope: Scope) -> Iterable[User]:
    unit = unit_of(scope)
    if unit is None:
        return company_holders_of(Role.CFO, Role.ENGINEER)
    return holders_of(Role.CFO, Role.ENGINEER, Role.GM, unit=unit)
