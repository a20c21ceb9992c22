"""Opening balances: what is in force, what waits, and which days can still be told."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Min, QuerySet

from budgets.lifecycle import BudgetState
from budgets.models import Budget, OpeningBalance
from budgets.openings import CoveredLine, OpeningLine
from budgets.rights import OPENING
from finops.money import to_cents
from finops.periods import FiscalPeriod, Period
from ingestion.models import UnitDay
from org.models import Approval, Unit
from org.queries.calendar import periods_of_year
from org.refusals import FieldError
from org.templatetags.figures import day as written_day
from org.templatetags.figures import usd

LARGEST = Decimal(10) ** 12
ZERO = Decimal("0.00")


def openings_within(year: Period) -> dict[str, list[OpeningBalance]]:
    """Return the opening balances in force of a year's days by their unit's path."""
    found = OpeningBalance.objects.filter(
        budget__state__in=[BudgetState.ACTIVE, BudgetState.CLOSED],
        starts_on__gte=year.start,
        starts_on__lt=year.end,
    ).select_related("budget__unit")
    by_path: dict[str, list[OpeningBalance]] = {}
    for row in found.order_by("budget", "period", "-number").distinct("budget", "period"):
        by_path.setdefault(row.budget.unit.path, []).append(row)
    return by_path


def openings_in_force(budget: Budget) -> dict[int, OpeningBalance]:
    """Return the budget's own opening balances by period."""
    return {row.period: row for row in _openings(budget).order_by("number")}


def openings_of(budget: Budget) -> list[OpeningBalance]:
    """Return every opening balance there was of the budget itself, by period."""
    return list(_openings(budget).order_by("period", "number"))


def _openings(budget: Budget) -> QuerySet[OpeningBalance]:
    found = OpeningBalance.objects.filter(budget=budget)
    return found.select_related("by__person", "approval__requested_by__person")


def opening_waiting(budget: Budget) -> Approval | None:
    """Return the opening balance of the budget that waits for a decision."""
    waiting = Approval.objects.waiting().filter(kind=OPENING, subject_id=budget.pk)
    return waiting.select_related("requested_by__person").first()


def first_counted_day(unit: Unit) -> date | None:
    """Return the first day of which usage of the unit, or beneath it, was loaded."""
    days = UnitDay.objects.filter(metered=True, unit__path__startswith=unit.path)
    first: date | None = days.aggregate(first=Min("reporting_day"))["first"]
    return first


def days_to_tell(budget: Budget, periods: Iterable[FiscalPeriod], *, on: date) -> dict[int, Period]:
    """Return the days of each period that lie before the first counted one, and before today."""
    end = min(first_counted_day(budget.unit) or on, on)
    return {
        period.number: Period(period.start, min(period.end, end))
        for period in periods
        if period.start < end
    }


def covered_lines(
    budget: Budget, lines: Sequence[OpeningLine], *, on: date
) -> tuple[list[CoveredLine], list[FieldError]]:
    """Return the lines with their days, and a sentence for each that has none or is no amount."""
    periods = {period.number: period for period in periods_of_year(budget.fiscal_year)}
    days = days_to_tell(budget, periods.values(), on=on)
    covered, errors = [], []
    for place, line in enumerate(lines):
        problem = _problem(budget, line, periods=periods, days=days)
        if problem is not None:
            errors.append(FieldError(f"/periods/{place}", problem))
        else:
            told = days[line.period]
            covered.append(CoveredLine(line.period, told.start, told.end, line.amount_usd))
    numbers = [line.period for line in lines]
    errors += [
        FieldError("/periods", f"Period {number} stands there twice: one line says it all.")
        for number in sorted({each for each in numbers if numbers.count(each) > 1})
    ]
    return covered, errors


def overlap_problem(budget: Budget, lines: Iterable[CoveredLine]) -> str | None:
    """Say what was loaded of the days that an opening balance is about."""
    first = first_counted_day(budget.unit)
    for line in lines:
        if first is not None and first < line.ends_on:
            return (
                f"Usage of {budget.unit} is loaded from {written_day(first)} on by now, and would"
                f" be counted twice: tell period {line.period} anew."
            )
    return None


def opening_terms(
    budget: Budget, lines: Iterable[CoveredLine], *, source: str, reason: str
) -> dict[str, Any]:
    """Return what is asked and decided on: amounts by period, and in place of which."""
    before = openings_in_force(budget)
    return {
        "unit": budget.unit.slug,
        "fiscal_year": str(budget.fiscal_year),
        "periods": [
            {
                "period": line.period,
                "starts_on": line.starts_on.isoformat(),
                "ends_on": line.ends_on.isoformat(),
                "amount_usd": f"{line.amount_usd:.2f}",
                "instead_of": f"{before[line.period].amount_usd:.2f}"
                if line.period in before
                else None,
            }
            for line in lines
        ],
        "source": source,
        "reason": reason,
    }


def as_covered(row: OpeningBalance) -> CoveredLine:
    return CoveredLine(row.period, row.starts_on, row.ends_on, row.amount_usd)


def lines_asked(approval: Approval) -> list[CoveredLine]:
    return [
        CoveredLine(
            row["period"],
            date.fromisoformat(row["starts_on"]),
            date.fromisoformat(row["ends_on"]),
            Decimal(row["amount_usd"]),
        )
        for row in approval.terms["periods"]
    ]


def first_counted_twice() -> str | None:
    """Return the first opening balance in force of whose days usage was loaded since."""
    found = OpeningBalance.objects.filter(
        budget__state__in=[BudgetState.ACTIVE, BudgetState.CLOSED]
    ).select_related("budget__unit")
    for row in found.order_by("budget", "period", "-number").distinct("budget", "period"):
        first = first_counted_day(row.budget.unit)
        if row.amount_usd and first is not None and first < row.ends_on:
            return (
                f"{row.budget}: {usd(row.amount_usd)} is told of the days before"
                f" {written_day(row.ends_on)}, and usage is loaded from {written_day(first)} on."
            )
    return None


def _problem(
    budget: Budget,
    line: OpeningLine,
    *,
    periods: dict[int, FiscalPeriod],
    days: dict[int, Period],
) -> str | None:
    value = line.amount_usd
    if line.period not in periods:
        return f"FY{budget.fiscal_year} has {len(periods)} periods: {line.period} is none of them."
    if not (value.is_finite() and 0 <= value < LARGEST and to_cents(value) == value):
        return f"Period {line.period}: give a plain amount of whole cents or zero, not {value}."
    if line.period not in days:
        first = first_counted_day(budget.unit)
        label = periods[line.period].label
        if first is None or periods[line.period].start < first:
            return f"{label} has not begun: nothing of it is spent."
        return (
            f"{label} is counted already: usage of {budget.unit} is loaded from"
            f" {written_day(first)} on."
        )
    return None
