"""The sentences that say why a scope is blocked, slowed or tested, and until when."""

from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal

from finops.breaker import Event, Move
from finops.breaker_readings import DAY, MARGIN, MARGIN_NEGATIVE, RATE
from finops.breaker_states import LOOP
from finops.money import to_cents
from org.models import User
from policy.models import Cap
from policy.queries.meters import NAME_OF_WINDOW, Reading, Today, clock_window
from policy.queries.readings import Assessment

_TENTH = Decimal("0.1")
_ENDS = {
    Event.EASE: "Everything was calm for long enough.",
    Event.TIME_UP: "The time of the block has passed.",
    Event.BELOW_CAP: "Spend is below every hard cap again.",
    Event.PROBE_FINE: "The calls of the test cost and earned what calls do.",
    Event.PROTECT: "The scope is protected: people are told, and nothing is blocked.",
}


def cap_name(cap: Cap) -> str:
    return NAME_OF_WINDOW[Cap.Window(cap.window)]


def move_in_words(move: Move, found: Assessment, *, today: Today, loop: str = "") -> str:
    """Return why a breaker moves by itself; `loop` is what a router said of a loop."""
    if move.event in _ENDS:
        return _ENDS[move.event]
    if move.event == Event.COOLED:
        calls = found.guard.probe_calls if found.guard else 0
        return f"The block has cooled down: {calls} calls are tested before all may pass."
    if move.event == Event.PROBE_UNUSED:
        return "Nobody made a call of the test: the block goes on as long as before."
    if move.event == Event.PROBE_BAD:
        return "The calls of the test cost too much or earned too little: the block goes on."
    return cause_in_words(move.code, found, today=today, loop=loop)


def cause_in_words(code: str, found: Assessment, *, today: Today, loop: str = "") -> str:
    """Return what is measured that slows, downgrades or blocks."""
    if found.reached is not None and code != LOOP:
        return cap_reached(found.reached, today=today)
    if code == DAY and found.day is not None:
        return _day_nearly_spent(found.day, today=today)
    if code == RATE:
        usd, limit = found.readings.usd_per_minute, found.terms.usd_per_minute
        return f"{_dollars(usd)} a minute is more than the limit of {_dollars(limit)}."
    if code == LOOP:
        return loop or "A router saw calls repeat themselves."
    return _margin_in_words(code, found)


def cap_reached(reading: Reading, *, today: Today) -> str:
    """Return why a cap blocks: what was spent when, which limit, who set it, since when."""
    cap, spent_usd, limit_usd = reading.cap, reading.verdict.spent_usd, reading.verdict.limit_usd
    verb = "passed" if spent_usd > limit_usd else "reached"
    if limit_usd != cap.limit_usd and cap.raised_until is not None:
        return (
            f"Spend of {dollars(spent_usd)} {_when(cap, today)} {verb} {dollars(limit_usd)}, to"
            f" which the {cap_name(cap)} of {dollars(cap.limit_usd)} is overridden until"
            f" {instant(cap.raised_until.astimezone(today.company.zone))}."
        )
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


def percent(share: Decimal) -> str:
    """Return a share as 12.5%, rounded down: what is below a limit does not read as reaching it."""
    return f"{(share * 100).quantize(_TENTH, rounding=ROUND_FLOOR)}%"


def long_day(day: date) -> str:
    """Return a date as 21 November 2026."""
    return f"{day.day} {day:%B %Y}"


def instant(at: datetime) -> str:
    """Return an instant as 21 November 2026, 14:02 UTC."""
    return f"{long_day(at.date())}, {at:%H:%M %Z}"


def _day_nearly_spent(day: Reading, *, today: Today) -> str:
    spent_usd, limit_usd = day.verdict.spent_usd, day.verdict.limit_usd
    return (
        f"Spend of {dollars(spent_usd)} on {long_day(today.on)} is {percent(spent_usd / limit_usd)}"
        f" of the daily cap of {dollars(limit_usd)}."
    )


def _margin_in_words(code: str, found: Assessment) -> str:
    short, long, floor = (
        _percent(share)
        for share in (
            found.readings.short_margin,
            found.readings.long_margin,
            found.terms.margin_floor,
        )
    )
    if code == MARGIN_NEGATIVE:
        return f"Money was lost for a quarter of an hour: the gross margin is {short}."
    told = f"The gross margin of {short}, and {long} over the longer window, is below {floor}."
    is_block = code == MARGIN and found.standing.code == MARGIN
    return f"{told} Cheaper models did not help." if is_block else told


def _percent(share: Decimal | None) -> str:
    return "unknown" if share is None else percent(share)


def _dollars(usd: Decimal | None) -> str:
    return "unknown" if usd is None else dollars(usd)


def _when(cap: Cap, today: Today) -> str:
    if (clock := clock_window(cap)) is not None:
        return f"in the {clock} of {today.at:%H:%M} UTC on {long_day(today.at.date())}"
    if cap.window == Cap.Window.DAY:
        return f"on {long_day(today.on)}"
    if cap.window == Cap.Window.PERIOD:
        return f"since {long_day(today.period.start)}"
    return f"since {long_day(cap.starts_on)}"
