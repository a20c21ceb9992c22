"""A product below its margin floor that was given a quarter to grow out of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import partial

from budgets.models import Waiver
from budgets.operations.waivers import ask_waiver, decide_waiver
from budgets.queries.waiver_checks import why_no_waivers
from budgets.waiver_terms import WaiverTerms
from dashboard.demo.amounts import round_figure
from dashboard.demo.cast import Cast
from dashboard.demo.company import manager_of
from dashboard.demo.history import History, Scene
from dashboard.demo.outcomes import QUOTES
from finops.periods import Period
from finops.waiver import latest_expiry
from ingestion.models import OutcomeDefinition
from ingestion.queries.margins import margin_in
from ingestion.queries.outcomes import told_of
from org.queries.calendar import reporting_today
from org.queries.profile import profile_on

UNIT, GOAL = "sales", "quote-given"
ASKED, SIGNED = 48, 45  # days ago
BENEATH = Decimal("0.03")  # the waived floor lies so far below the margin that was
PERCENT = Decimal("0.01")
TWICE, QUARTER_MONTHS = 2, 4


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    """Yield the waiver as it is asked for and signed."""
    yield Scene(history.ago(ASKED, "13:30"), partial(_ask, cast))
    yield Scene(history.ago(SIGNED, "17:10"), partial(_sign, cast))


def _ask(cast: Cast, at: datetime) -> None:
    """Ask for what the last month that is known would use up in four."""
    on = reporting_today(at)
    if why_no_waivers(on=on) is not None:
        return
    profile = profile_on(on).profile
    month = _month_before(at)
    found = margin_in(QUOTES, period=month)
    definition = OutcomeDefinition.objects.select_related("unit").get(slug=GOAL)
    quotes = told_of([definition.pk], period=month)[definition.pk].within(month).succeeded
    if found.margin is None or found.margin >= profile.gm_floor or not quotes:
        return  # nothing to waive, or nobody knows
    starts_on = on + timedelta(days=ASKED - SIGNED)
    ask_waiver(
        terms=WaiverTerms(
            definition=definition,
            waived_floor=(found.margin - BENEATH).quantize(PERCENT, ROUND_DOWN),
            target=quotes * TWICE,
            starts_on=starts_on,
            expires_on=latest_expiry(starts_on=starts_on, quarters=profile.waiver_quarters),
            most_usd=round_figure(
                (profile.gm_floor - found.margin) * found.revenue_usd * QUARTER_MONTHS
            ),
            reason="Brokers only begin to use it: twice the quotes carry the platform's cost.",
        ),
        by=cast.users[manager_of(UNIT)],
        at=at,
    )


def _sign(cast: Cast, at: datetime) -> None:
    for waiver in Waiver.objects.filter(state=Waiver.State.REQUESTED):
        decide_waiver(waiver_id=waiver.pk, approve=True, by=cast.users["cfo"], reason="", at=at)


def _month_before(at: datetime) -> Period:
    """Return the last month whose figures are known: they come a few days after its end."""
    end = (at.date() - timedelta(days=10)).replace(day=1)
    return Period((end - timedelta(days=1)).replace(day=1), end)
