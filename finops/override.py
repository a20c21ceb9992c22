"""Overrides of a cap: what they let pass beyond it, how far they may go, and who agrees."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from finops.money import EXACT, ROUNDED, calculated_in
from finops.periods import reporting_day
from finops.profiles import Deciders
from finops.signing import Part

# One zero too many makes a limit ten times as high: that is a slip, and never an override.
BELOW_TIMES = Decimal(10)
# Beyond this share of a period's budget a second person has to agree, whoever asked.
LARGE_SHARE = Decimal("0.25")
LEAST_REASON = 20
LONGEST_HOURS = 24


def windows_of(window: str, *, since: datetime, until: datetime, zone: ZoneInfo) -> int:
    """Return in how many of the cap's windows calls may pass beyond it.

    A daily cap starts anew at midnight, so an override that runs past one lets the
    difference pass twice. `until` is outside.
    """
    if window != "day":
        return 1
    last = reporting_day(until, zone)
    nights = (last - reporting_day(since, zone)).days
    local = until.astimezone(zone)
    at_midnight = (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
    return max(nights if at_midnight else nights + 1, 1)


@calculated_in(EXACT)
def beyond_usd(*, limit_usd: Decimal, cap_usd: Decimal, windows: int) -> Decimal:
    """Return how many dollars may pass beyond the cap while the override is in force."""
    return (limit_usd - cap_usd) * windows


@calculated_in(ROUNDED)
def share_of_budget(beyond: Decimal, budget_usd: Decimal | None) -> Decimal | None:
    """Return what passes as a share of the period's budget; None where none is known."""
    if budget_usd is None or budget_usd == 0:
        return None
    return beyond / budget_usd


def is_large(share: Decimal | None) -> bool:
    """Test whether a second person has to agree; what nobody can measure is large."""
    return share is None or share > LARGE_SHARE


def parts_of_override(deciders: Deciders, *, by_cfo: bool, large: bool) -> tuple[Part, ...]:
    """Return who has to agree beside who asks; nobody where a founder acts alone.

    A CFO who asks is one of the people already: then finance, and in a company that wants
    two people and finance the general manager, agree in her place.
    """
    if deciders == Deciders.FOUNDER and by_cfo and not large:
        return ()
    if deciders == Deciders.TWO_AND_FINANCE:
        return (Part("gm" if by_cfo else "cfo", 1), Part("finance", 1))
    return (Part("finance" if by_cfo else "cfo", 1),)
