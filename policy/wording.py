"""The sentences that say why a scope is blocked, and until when."""

from datetime import date, datetime
from decimal import Decimal

from finops.money import to_cents
from org.models import User
from policy.models import Cap
from policy.queries.meters import NAME_OF_WINDOW, Reading, Today

CODE_OF_WINDOW = {
    Cap.Window.DAY: "cap_day",
    Cap.Window.PERIOD: "cap_period",
    Cap.Window.TOTAL: "cap_total",
}


def cap_code(cap: Cap) -> str:
    return CODE_OF_WINDOW[Cap.Window(cap.window)]


def cap_name(cap: Cap) -> str:
    return NAME_OF_WINDOW[Cap.Window(cap.window)]


def cap_reached(reading: Reading, *, today: Today) -> str:
    """Return why a cap blocks: what was spent when, which limit, who set it, since when."""
    cap, spent_usd = reading.cap, reading.verdict.spent_usd
    verb = "passed" if spent_usd > cap.limit_usd else "reached"
    author = f"set by {cap.set_by}" if cap.set_by else "set by TokenOps"
    return (
        f"Spend of {dollars(spent_usd)} {_when(cap, today)} {verb} the {cap_name(cap)}"
        f" of {dollars(cap.limit_usd)}, {author}, in force since {long_day(cap.starts_on)}."
    )


def blocked_by_hand(*, text: str, by: User | None) -> str:
    """Return a person's reason with the person behind it."""
    return f"{text} (blocked by {by})" if by else text


def dollars(usd: Decimal) -> str:
    return f"${to_cents(usd):,.2f}"


def long_day(day: date) -> str:
    """Return a date as 21 November 2026."""
    return f"{day.day} {day:%B %Y}"


def instant(at: datetime) -> str:
    """Return an instant as 21 November 2026, 14:02 UTC."""
    return f"{long_day(at.date())}, {at:%H:%M %Z}"


def _when(cap: Cap, today: Today) -> str:
    if cap.window == Cap.Window.DAY:
        return f"on {long_day(today.on)}"
    if cap.window == Cap.Window.PERIOD:
        return f"since {long_day(today.period.start)}"
    return f"since {long_day(cap.starts_on)}"
