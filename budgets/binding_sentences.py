"""Which limit binds an experiment first, in a sentence."""

from datetime import date, datetime

from budgets.queries.binding import FirstLimit, first_limit_asked
from budgets.queries.checks import Check
from budgets.sentences import amount, long_day
from budgets.terms import InitiativeTerms
from finops.binding import Binding
from org.queries.calendar import reporting_today

THEN = "then the breaker blocks new runs"


def first_limit_sentence(found: FirstLimit, *, on: date, ends_on: date, unit: str) -> str:
    """Say what is left of the pool, and which limit is met first at the pace of last week."""
    pool = f"{amount(found.pool_left_usd)} of the pool of {unit} is left."
    if found.pace_usd is None:
        return f"{pool} No day of spending is known yet, so nobody can say which limit binds first."
    days = "day" if found.known_days == 1 else f"{found.known_days} days"
    pace = f"at the pace of the last known {days}, {amount(found.pace_usd)} a day,"
    if found.binding is None:
        return f"{pool} No cap binds: {pace} none is reached before it ends on {long_day(ends_on)}."
    return f"{pool} {_first(found.binding, pace=pace, on=on)}"


def binding_check(terms: InitiativeTerms, *, at: datetime) -> Check:
    """Return the line that tells which limit a request would meet first; it refuses nothing."""
    binding = first_limit_asked(terms, at=at)
    detail = (
        _first(binding, pace="with its daily cap spent every day", on=reporting_today(at))
        if binding
        else (
            "None: even with its daily cap spent every day it ends on"
            f" {long_day(terms.ends_on)} before its cap in total is reached."
        )
    )
    return Check("/daily_cap_usd", "Which limit binds first is known", ok=True, detail=detail)


def _first(binding: Binding, *, pace: str, on: date) -> str:
    limit, day = binding
    name = f"{limit.name[0].upper()}{limit.name[1:]}"
    if limit.left_usd <= 0:
        return f"{name} binds: it is reached already, and the breaker blocks new runs."
    when = "today" if day == on else f"on {long_day(day)}"
    return f"{name} binds first: {pace} it is reached {when}; {THEN}."
