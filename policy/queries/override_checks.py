"""What keeps an override from being asked for, in a sentence for each field."""

from datetime import datetime, timedelta
from decimal import Decimal

from finops.money import to_cents
from finops.override import BELOW_TIMES, LEAST_REASON, LONGEST_HOURS
from finops.profiles import Profile
from org.refusals import FieldError
from org.templatetags.figures import usd
from policy.models import Cap, Override
from policy.override_terms import OverrideTerms

MOST_TICKET = 120


def longest_hours(profile: Profile) -> int:
    """Return for how many hours the profile lets a cap be overridden, a day at most."""
    return min(profile.override_hours, LONGEST_HOURS)


def override_problems(terms: OverrideTerms, *, profile: Profile, at: datetime) -> list[FieldError]:
    """Return everything that is wrong with what is asked for."""
    found = [
        *_cap_problems(terms, at=at),
        *_limit_problems(terms),
        *_end_problems(terms, hours=longest_hours(profile), at=at),
    ]
    if len(terms.reason.strip()) < LEAST_REASON:
        found.append(FieldError("/reason", f"Say why in {LEAST_REASON} characters or more."))
    if not terms.ticket.strip():
        found.append(FieldError("/ticket", "Name the ticket in which this is dealt with."))
    if len(terms.ticket.strip()) > MOST_TICKET:
        found.append(FieldError("/ticket", f"A ticket is {MOST_TICKET} characters at most."))
    return found


def _cap_problems(terms: OverrideTerms, *, at: datetime) -> list[FieldError]:
    cap = terms.cap
    if cap.scope_id != terms.scope.pk or cap.retired_at is not None:
        return [FieldError("/cap", f"{terms.scope.name} has no cap {cap.public_id} any more.")]
    if cap.mode != Cap.Mode.HARD:
        detail = f"{cap.public_id} blocks nothing: only a hard cap can be overridden."
        return [FieldError("/cap", detail)]
    live = Override.objects.live().filter(cap=cap).first()
    if live is None:
        return []
    if live.state == Override.State.WAITING:
        detail = f"An override of this cap to {usd(live.limit_usd)} waits for its signature."
        return [FieldError("/cap", detail)]
    if live.expires_at <= at:
        return [FieldError("/cap", "The override before this one is just ending: try again.")]
    detail = (
        f"This cap is overridden to {usd(live.limit_usd)} already: revoke that first, or wait"
        " until it ends."
    )
    return [FieldError("/cap", detail)]


def _limit_problems(terms: OverrideTerms) -> list[FieldError]:
    limit_usd, cap_usd = terms.limit_usd, terms.cap.limit_usd
    if not limit_usd.is_finite() or limit_usd >= Decimal(10) ** 15:
        return [FieldError("/limit_usd", "An override is a number of dollars, never unlimited.")]
    if to_cents(limit_usd) != limit_usd:
        return [FieldError("/limit_usd", f"A limit is given in whole cents, not {limit_usd}.")]
    if cap_usd == 0:
        detail = "A cap of $0.00 is a decision to spend nothing: it is raised, not overridden."
        return [FieldError("/limit_usd", detail)]
    if limit_usd <= cap_usd:
        detail = f"The new limit has to be more than the present one of {usd(cap_usd)}."
        return [FieldError("/limit_usd", detail)]
    if limit_usd >= cap_usd * BELOW_TIMES:
        detail = (
            f"{usd(limit_usd)} is ten times the cap of {usd(cap_usd)} or more, which is a slip or"
            " another budget: ask for a revision of the budget instead."
        )
        return [FieldError("/limit_usd", detail)]
    return []


def _end_problems(terms: OverrideTerms, *, hours: int, at: datetime) -> list[FieldError]:
    if terms.expires_at <= at:
        return [FieldError("/expires_at", "An override has to end after it begins.")]
    if terms.expires_at > at + timedelta(hours=hours):
        detail = f"An override lasts {hours} hours at most by the company's profile."
        return [FieldError("/expires_at", detail)]
    return []
