"""A window beside the one before it: by the day where they are not equally long."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dashboard.windows import Window, window_before
from finops.money import ROUNDED, calculated_in
from finops.periods import Period
from ingestion.queries.spend import ZERO_USD, data_days, spend_by_unit
from org.templatetags.figures import change_of


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What was spent in the days of a window that are over and known, and in all of `before`.

    28 days beside 35 would differ by a quarter without any change of pace.
    """

    before: Window
    days: int
    usd: Decimal
    before_usd: Decimal

    @property
    def is_by_day(self) -> bool:
        return self.days != self.before.period.days

    @property
    def sentence(self) -> str:
        """Say how spend changed, and how long the two stretches are where they differ."""
        change_usd = self._in_as_many_days() - self.before_usd
        if change_usd == 0:
            said = f"as much as {self.before.name}"
        else:
            more = "more" if change_usd > 0 else "less"
            said = f"{change_of(change_usd, self.before_usd)} {more} than {self.before.name}"
        if not self.is_by_day:
            return said
        days = f"{self.days} day{'' if self.days == 1 else 's'}"
        return f"by the day {said}: {days} beside {self.before.period.days}"

    @calculated_in(ROUNDED)
    def _in_as_many_days(self) -> Decimal:
        return self.usd * self.before.period.days / self.days


def compared(*, window: Window, today: date, units: Collection[int | None]) -> Comparison | None:
    """Return a window beside the one before it, for the units in sight.

    None where the one before is not known from its first day to its last, or the window
    has no day yet that is.
    """
    before, reach = window_before(window), data_days()
    if before is None or reach is None:
        return None
    end = min(window.period.end, reach.end, today)
    is_known = reach.start <= before.period.start and before.period.end <= reach.end
    if not is_known or end <= window.period.start:
        return None
    days = Period(window.period.start, end)
    return Comparison(
        before=before,
        days=days.days,
        usd=_spent(days, units),
        before_usd=_spent(before.period, units),
    )


def _spent(period: Period, units: Collection[int | None]) -> Decimal:
    found = spend_by_unit(period=period)
    return sum((each.usd for each in found if each.unit_id in units), ZERO_USD)
