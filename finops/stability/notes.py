"""When a person's word on a day of the baseline still comes in time."""

from datetime import date, timedelta

LEAST_REASON = 20  # characters in which a freeze is lifted
OUTAGE_DAYS = 7  # so long after its day an outage may be told
LONGEST_HOLIDAY_DAYS = 31


def why_not_holiday(*, starts_on: date, last_on: date, today: date) -> str | None:
    """Say why a holiday may not be noted: it is planned, so before its first day begins."""
    if starts_on <= today:
        return (
            f"A holiday is noted before its day begins: {_day(starts_on)} has begun, and"
            f" the first day that can be noted is {_day(today + timedelta(days=1))}."
        )
    if last_on < starts_on:
        return "The last day lies before the first one."
    if (last_on - starts_on).days >= LONGEST_HOLIDAY_DAYS:
        return f"A holiday lasts {LONGEST_HOLIDAY_DAYS} days at most: note longer ones in parts."
    return None


def why_not_outage(*, on: date, today: date) -> str | None:
    """Say why an outage may not be told: it happened, and not more than a week ago."""
    if on > today:
        return f"An outage is told once it happened: {_day(on)} is still to come."
    last = on + timedelta(days=OUTAGE_DAYS)
    if today > last:
        return (
            f"An outage is told within {OUTAGE_DAYS} days: that of {_day(on)} could be until"
            f" {_day(last)}."
        )
    return None


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
