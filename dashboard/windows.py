"""The period a page is about: a fiscal period, a fiscal year, or the last thirty days."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from finops.periods import ONE_DAY, Period
from org.models import FiscalPeriod

LAST_DAYS = 30
LAST30 = "last30"
_CODE = re.compile(r"FY(?:20)?(?P<year>[0-9]{2})(?:-P(?P<number>[0-9]{1,2}))?")
CENTURY = 2000


@dataclass(frozen=True, slots=True)
class Window:
    """A period with what the address calls it (`FY26-P11`) and what the page calls it."""

    code: str
    label: str
    period: Period

    @property
    def name(self) -> str:
        """Return what sentences call it: the label without its days."""
        return self.label.partition(" · ")[0]

    def until(self, today: date) -> Period:
        """Return the part that has begun: today included, the days to come left out."""
        end = min(self.period.end, today + ONE_DAY)
        return Period(self.period.start, end) if end > self.period.start else self.period


def window_asked(code: str, *, today: date) -> Window:
    """Return the window an address names; the fiscal period of today where it names none.

    Without an open fiscal period it is the last thirty days.
    """
    found = _CODE.fullmatch(code)
    if found:
        named = _named(CENTURY + int(found["year"]), found["number"])
        if named is not None:
            return named
    current = None if code == LAST30 else FiscalPeriod.objects.containing(today).first()
    return _of_period(current) if current else last_days(today)


def last_days(today: date) -> Window:
    end = today + ONE_DAY
    return Window(LAST30, f"Last {LAST_DAYS} days", Period(end - timedelta(days=LAST_DAYS), end))


def choices(*, today: date) -> list[Window]:
    """Return the windows to pick from, the latest first: none that lies wholly ahead."""
    of_year: dict[int, list[FiscalPeriod]] = defaultdict(list)
    for period in FiscalPeriod.objects.order_by("-starts_on"):
        of_year[period.fiscal_year].append(period)
    begun = {year: rows for year, rows in of_year.items() if rows[-1].starts_on <= today}
    months = [each for rows in begun.values() for each in rows if each.starts_on <= today]
    years = [_of_year(year, rows[-1], rows[0]) for year, rows in begun.items()]
    return [last_days(today), *years, *map(_of_period, months)]


def window_before(window: Window) -> Window | None:
    """Return the period before a period, the year before a year, the days before days."""
    if window.code == LAST30:
        days = window.period
        earlier = Period(days.start - timedelta(days=days.days), days.start)
        return Window("", f"the {LAST_DAYS} days before", earlier)
    found = _CODE.fullmatch(window.code)
    if found and found["number"] is None:
        return _named(CENTURY + int(found["year"]) - 1, None)
    before = FiscalPeriod.objects.filter(ends_on=window.period.start).first()
    return _of_period(before) if before else None


def _named(year: int, number: str | None) -> Window | None:
    periods = list(FiscalPeriod.objects.of_year(year))
    if number is not None:
        return next((_of_period(each) for each in periods if each.number == int(number)), None)
    return _of_year(year, periods[0], periods[-1]) if periods else None


def _of_year(year: int, first: FiscalPeriod, last: FiscalPeriod) -> Window:
    return Window(f"FY{year % 100:02d}", f"FY{year}", Period(first.starts_on, last.ends_on))


def _of_period(period: FiscalPeriod) -> Window:
    code = f"FY{period.fiscal_year % 100:02d}-P{period.number:02d}"
    days = Period(period.starts_on, period.ends_on)
    return Window(code, f"{period.label} · {_named_days(days)}", days)


def _named_days(days: Period) -> str:
    """Name a calendar month by its name, other days by the first and the last."""
    first, last = days.start, days.end - ONE_DAY
    if first.day == days.end.day == 1 and first.month == last.month and first.year == last.year:
        return f"{first:%b %Y}"
    return f"{first.day} {first:%b} – {last.day} {last:%b %Y}"
