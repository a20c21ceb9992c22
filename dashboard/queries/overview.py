"""The overview: how spend stands against its plan, for what one person may see."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain

from budgets.queries.core_spend import units_in_year
from budgets.queries.standing import Standing
from budgets.sentences import budget_sentence, exhaustion_phrase
from dashboard.queries.units import UnitRow, standings_in_force, topmost, unit_rows
from dashboard.windows import Window
from finops.forecast import Outlook, outlook_of
from finops.money import ROUNDED, calculated_in
from finops.periods import ONE_DAY, Period
from finops.run_rate import Daily
from ingestion.queries.spend import ZERO_USD, UnitSpend, spend_by_unit, unpriced_models
from org.models import FiscalPeriod, User
from org.permissions import can_see_company
from org.queries.calendar import fiscal_year_containing
from org.templatetags.figures import usd

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Money:
    """Sums of everything in sight; `core_usd` leaves initiatives and Unallocated out."""

    usd: Decimal
    core_usd: Decimal
    unallocated_usd: Decimal
    calls: int
    unpriced_calls: int

    @property
    @calculated_in(ROUNDED)
    def unallocated_share(self) -> Decimal | None:
        return self.unallocated_usd / self.usd if self.usd else None

    @property
    def allocated_share(self) -> Decimal | None:
        return None if self.unallocated_share is None else 1 - self.unallocated_share


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The core budgets that stand under no other, as one; pace is what their plans allow.

    `window_pace_usd` is that of the window's days that are over; `outlook` forecasts the
    days of all of them together.
    """

    granted_usd: Decimal
    actual_usd: Decimal
    year_pace_usd: Decimal
    window_pace_usd: Decimal
    outlook: Outlook
    runs_out: str

    @property
    def over(self) -> str:
        """Say by how much the year's total will miss what is granted."""
        if self.outlook.total is None:
            return ""
        over_usd = self.outlook.total.expected_usd - self.granted_usd
        return f"{usd(abs(over_usd), 'compact')} {'over' if over_usd > 0 else 'under'} budget"

    @property
    @calculated_in(ROUNDED)
    def used_share(self) -> Decimal | None:
        return self.actual_usd / self.granted_usd if self.granted_usd else None


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Everything the front page says in figures. `plan` is None where nothing is granted."""

    window: Window
    fiscal_year: int
    in_window: Money
    in_year: Money
    plan: Plan | None
    first_to_run_out: Standing | None
    unpriced_models: int
    units: Sequence[UnitRow]
    sees_company: bool

    @property
    def seen(self) -> set[int | None]:
        return units_seen(self.units, sees_company=self.sees_company)

    @property
    def outlook(self) -> str:
        """Return in a sentence when the budget that is in most danger runs out."""
        standing = self.first_to_run_out
        if standing is None:
            return "No budget is granted for this fiscal year yet."
        return f"{standing.budget.unit.name}: {budget_sentence(standing)}"


def overview(*, user: User, window: Window, today: date) -> Overview:
    """Return the figures of the front page, in a fixed number of queries."""
    fiscal_year = fiscal_year_containing(window.until(today).end - ONE_DAY)
    year = _year(fiscal_year) or window.period
    sees_company = can_see_company(user)
    own = units_in_year(year=year, on=today)
    in_year = [row.spend for row in own]
    in_window = in_year if year == window.period else spend_by_unit(period=window.period)
    standings = standings_in_force(user=user, fiscal_year=fiscal_year, on=today, own=own)
    units = unit_rows(user=user, window=in_window, year=in_year, standings=standings)
    seen = units_seen(units, sees_company=sees_company)
    tops = topmost(standings)
    return Overview(
        window=window,
        fiscal_year=fiscal_year,
        in_window=_money(in_window, seen),
        in_year=_money(in_year, seen),
        plan=_plan(tops, window=window.period, today=today),
        first_to_run_out=_first_to_run_out(tops),
        unpriced_models=unpriced_models(period=window.period) if sees_company else 0,
        units=units,
        sees_company=sees_company,
    )


def units_seen(units: Sequence[UnitRow], *, sees_company: bool) -> set[int | None]:
    """Return the units whose money is in sight; None stands for the unallocated."""
    return {*(row.unit.pk for row in units), *({None} if sees_company else ())}


def _year(fiscal_year: int) -> Period | None:
    periods = list(FiscalPeriod.objects.of_year(fiscal_year))
    return Period(periods[0].starts_on, periods[-1].ends_on) if periods else None


def _money(spends: Sequence[UnitSpend], seen: Collection[int | None]) -> Money:
    mine = [spend for spend in spends if spend.unit_id in seen]
    return Money(
        usd=sum((s.usd for s in mine), ZERO_USD),
        core_usd=sum((s.core_usd for s in mine if s.unit_id is not None), ZERO_USD),
        unallocated_usd=sum((s.usd for s in mine if s.unit_id is None), ZERO_USD),
        calls=sum(s.calls for s in mine),
        unpriced_calls=sum(s.unpriced_calls for s in mine),
    )


def _plan(tops: Sequence[Standing], *, window: Period, today: date) -> Plan | None:
    if not tops:
        return None
    granted_usd = sum((s.core.granted_usd for s in tops), ZERO)
    outlook = outlook_of(
        daily=_together([s.core.spend.daily for s in tops]),
        before_usd=sum((s.core.spend.before_usd for s in tops), ZERO),
        granted_usd=granted_usd,
        period=tops[0].year,
    )
    return Plan(
        granted_usd=granted_usd,
        actual_usd=sum((s.core.actual_usd for s in tops), ZERO),
        year_pace_usd=sum((s.core.pace_usd for s in tops), ZERO),
        window_pace_usd=sum((_pace_within(s, window, today) for s in tops), ZERO),
        outlook=outlook,
        runs_out=exhaustion_phrase(outlook, on=today),
    )


def _together(series: Sequence[Daily]) -> Daily:
    """Return the days of several units as one: they end on the same day, the ledger's last."""
    days: dict[date, Decimal] = defaultdict(Decimal)
    for day, spent_usd in chain.from_iterable(series):
        days[day] += spent_usd
    return sorted(days.items())


def _pace_within(standing: Standing, window: Period, today: date) -> Decimal:
    """Return what the plan allows for the days of the window that are over."""
    until = max(min(today, window.end), window.start)
    plan = standing.plan
    return plan.to_date_usd(until) - plan.to_date_usd(window.start)


def _first_to_run_out(tops: Sequence[Standing]) -> Standing | None:
    def danger(standing: Standing) -> tuple[bool, date, Decimal]:
        exhausts = standing.core.exhausts
        day = exhausts.expected if exhausts else None
        return day is None, day or date.max, -standing.core.granted_usd

    return min(tops, key=danger, default=None)
