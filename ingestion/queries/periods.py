"""Closed fiscal periods, and what a fiscal period is called: read once, asked often."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from finops.periods import Period
from org.models import FiscalPeriod


class ClosedDays(NamedTuple):
    """The closed periods, each with its label."""

    periods: Sequence[tuple[Period, str]]

    def label_of(self, day: date) -> str | None:
        """Return the label of the closed period a day is in, or None where it is open."""
        return next((label for days, label in self.periods if day in days), None)

    def label_within(self, span: Period) -> str | None:
        """Return the label of a closed period that some of the days are in."""
        met = (p for p in self.periods if p[0].start < span.end and span.start < p[0].end)
        return next((label for _, label in met), None)


def closed_days() -> ClosedDays:
    closed = FiscalPeriod.objects.filter(state=FiscalPeriod.State.CLOSED).order_by("starts_on")
    return ClosedDays([(Period(row.starts_on, row.ends_on), row.label) for row in closed])


def named_periods() -> dict[str, Period]:
    """Return every fiscal period by its label, such as `FY2026 P11`."""
    return {row.label: Period(row.starts_on, row.ends_on) for row in FiscalPeriod.objects.all()}
