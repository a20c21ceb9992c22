"""Waivers in words: where one stands, what ended it, and which floor holds."""

from decimal import Decimal

from budgets.queries.waivers import Phase, WaiverStanding
from finops.money import ROUNDED, calculated_in
from finops.waiver import End, lasts
from org.templatetags.figures import day as written_day
from org.templatetags.figures import percent, rounded, usd

DAYS_PER_MONTH = Decimal(30)
ENDS = {
    End.TARGET: "its goal was reached",
    End.EXPIRY: "it expired",
    End.SPENT: "its amount was used up",
}


def waiver_sentence(standing: WaiverStanding) -> str:
    """Say where a waiver stands."""
    waiver = standing.waiver
    lowered = f"{percent(waiver.waived_floor)} instead of {percent(waiver.floor)}"
    match standing.phase:
        case Phase.ASKED:
            return (
                f"{waiver.requested_by} asks to let the margin of {waiver.product} fall to"
                f" {lowered} until {written_day(waiver.expires_on)}, for {usd(waiver.most_usd)} at"
                " most; a CFO has to decide."
            )
        case Phase.REJECTED:
            return f"Rejected: {waiver.approval.reason if waiver.approval else ''}"
        case Phase.WITHDRAWN:
            return "Withdrawn before it was decided."
        case Phase.AHEAD:
            return f"From {written_day(waiver.starts_on)} on the floor is {lowered}."
        case Phase.RUNNING:
            return f"The floor is {lowered}. {_used(standing)}"
        case Phase.GRACE | Phase.OVER:
            return _over(standing)


def unknown_sentence(standing: WaiverStanding) -> str:
    """Say of how many days nobody knows the margin, and what lacks; nothing where all is known."""
    if not standing.unknown_days:
        return ""
    days = f"{standing.unknown_days} day{'s' if standing.unknown_days > 1 else ''}"
    return (
        f"The margin of {days} is not known, so they are in no figure: nobody told"
        f" {' or '.join(standing.lacking)}."
    )


def _used(standing: WaiverStanding) -> str:
    most = standing.waiver.most_usd
    said = f"{usd(standing.used_usd)} of {usd(most)} is used"
    months = _months_left(standing)
    if months is None:
        return f"{said}."
    return f"{said}; at this pace the rest lasts {rounded(months, 1)} months."


@calculated_in(ROUNDED)
def _months_left(standing: WaiverStanding) -> Decimal | None:
    known = standing.days_passed - standing.unknown_days
    if known <= 0:
        return None
    pace = standing.used_usd / known * DAYS_PER_MONTH
    return lasts(most_usd=standing.waiver.most_usd - standing.used_usd, usd_per_month=pace)


def _over(standing: WaiverStanding) -> str:
    if standing.end is None:
        raise ValueError(f"{standing.waiver} is over without an end.")
    said = f"It ended on {written_day(standing.end.on)}: {ENDS[standing.end.why]}."
    if standing.phase == Phase.OVER:
        return f"{said} The full floor of {percent(standing.waiver.floor)} holds again."
    return (
        f"{said} The floor is {percent(standing.floor)} today and back at"
        f" {percent(standing.waiver.floor)} on {written_day(standing.floor_back_on)}."
    )
