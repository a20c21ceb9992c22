"""The stack that the overview and its chart show: a window's days by unit."""

from dashboard.labels import namer
from dashboard.stacks import Stack, stacked
from dashboard.windows import Window
from ingestion.queries.explorer import explore
from org.models import User

LONGEST_BY_DAY = 93


def granularity_of(window: Window) -> str:
    """Return days for a month or a quarter; a year is drawn by months."""
    return "day" if window.period.days <= LONGEST_BY_DAY else "month"


def stack_by_unit(*, user: User, window: Window) -> Stack:
    answer = explore(
        user=user,
        period=window.period,
        group_by=["unit"],
        granularity=granularity_of(window),
    )
    return stacked(answer.rows, name_of=namer(["unit"]), step_of=lambda row: row["period"])
