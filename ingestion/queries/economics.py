"""Unit economics: what one task and one result cost, of which days and of how much spend."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from finops.money import EXACT, ROUNDED, calculated_in
from finops.periods import ONE_DAY, Period
from finops.unit_economics import loaded_usd, per_piece
from ingestion.models import OutcomeTerms
from ingestion.queries.definitions import terms_in_force
from ingestion.queries.outcomes import CountSource, OutcomeCounts, Told, told_of
from ingestion.queries.tasks import TaskCosts, task_costs_of
from ingestion.queries.work import WorkCost, WorkDays, days_of, work_of
from org.models import FiscalPeriod, User

# From so many outcomes on a figure is evidence; fewer are a hint, shown with their number.
ENOUGH_OUTCOMES = 100
TREND_PERIODS = 6
ZERO = Decimal(0)


class Evidence(StrEnum):
    """How much a cost per outcome rests on."""

    NONE = "none"
    THIN = "thin"
    ENOUGH = "enough"


@dataclass(frozen=True, slots=True)
class UnitCost:
    """What work cost in some days beside what became of its tasks.

    `cost` is of the whole period, `known_cost` of the days whose outcomes are known: those
    alone are divided by them.
    """

    terms: OutcomeTerms
    period: Period
    cost: WorkCost
    known_cost: WorkCost
    counts: OutcomeCounts

    @property
    def evidence(self) -> Evidence:
        if not self.counts.succeeded:
            return Evidence.NONE
        return Evidence.ENOUGH if self.counts.succeeded >= ENOUGH_OUTCOMES else Evidence.THIN

    @property
    def per_started_usd(self) -> Decimal | None:
        return per_piece(self.known_cost.usd, self.counts.started)

    @property
    def per_outcome_usd(self) -> Decimal | None:
        return per_piece(self.known_cost.usd, self.counts.succeeded)

    @property
    def says_loaded(self) -> bool:
        """Test whether the terms say what people and platform cost beside the calls."""
        said = (self.terms.review_usd, self.terms.rework_usd, self.terms.platform_usd_per_month)
        return any(amount is not None for amount in said)

    @property
    def loaded_usd(self) -> Decimal | None:
        """The known days' cost with review, rework and platform; None where none is said."""
        return _loaded(self) if self.says_loaded else None

    @property
    def loaded_per_outcome_usd(self) -> Decimal | None:
        loaded = self.loaded_usd
        return None if loaded is None else per_piece(loaded, self.counts.succeeded)

    @property
    def value_per_outcome_usd(self) -> Decimal | None:
        """What one success brings: as its records say, or as the terms say of all."""
        if self.counts.value_usd is not None and self.counts.source == CountSource.RECORDS:
            return per_piece(self.counts.value_usd, self.counts.succeeded)
        return self.terms.value_usd

    @property
    def margin_per_outcome_usd(self) -> Decimal | None:
        cost = self.loaded_per_outcome_usd if self.says_loaded else self.per_outcome_usd
        value = self.value_per_outcome_usd
        return None if cost is None or value is None else value - cost


@dataclass(frozen=True, slots=True)
class Step:
    """One fiscal period of a trend; `label` names it."""

    label: str
    unit_cost: UnitCost


@dataclass(frozen=True, slots=True)
class Economics:
    """A definition's unit cost, how it falls on tasks, and how it moved."""

    now: UnitCost
    tasks: TaskCosts
    trend: Sequence[Step]

    @property
    def terms(self) -> OutcomeTerms:
        return self.now.terms

    @property
    def per_task_usd(self) -> Decimal | None:
        """What a task cost: by the tasks that are counted, else by those that calls name."""
        if self.now.counts.started:
            return self.now.per_started_usd
        return per_piece(self.tasks.named_usd, self.tasks.tasks)

    @property
    def moved(self) -> list[Decimal | None]:
        """The cost per outcome of each period, or nothing where none has one."""
        values = [step.unit_cost.per_outcome_usd for step in self.trend]
        return values if any(value is not None for value in values) else []

    @property
    def per_user_usd(self) -> Decimal | None:
        return per_piece(self.now.cost.usd, self.tasks.users)


def economics(
    *, user: User, period: Period, today: date, slug: str | None = None
) -> list[Economics]:
    """Return the unit economics of each definition the user may see, or of one of them.

    Days after `today` have not happened; the trend is of the fiscal periods up to the period.
    """
    chosen = terms_in_force(user)
    terms = list(chosen.filter(definition__slug=slug) if slug else chosen)
    period = _until(period, today)
    steps = _steps(period)
    whole = _reaching(period, [days for _, days in steps])
    works = {each.pk: work_of(each) for each in terms}
    days = days_of(works, period=whole)
    told = told_of([each.definition_id for each in terms], period=whole)
    tasks = task_costs_of(works, period=period)
    return [
        Economics(
            now=unit_cost(each, days[each.pk], told[each.definition_id], period=period),
            tasks=tasks[each.pk],
            trend=[
                Step(
                    label,
                    unit_cost(each, days[each.pk], told[each.definition_id], period=span),
                )
                for label, span in steps
            ],
        )
        for each in terms
    ]


def unit_cost(terms: OutcomeTerms, days: WorkDays, told: Told, *, period: Period) -> UnitCost:
    """Return what work cost in the period beside what became of it."""
    counts = told.within(period)
    return UnitCost(
        terms=terms,
        period=period,
        cost=days.within(period),
        known_cost=days.within(*counts.known),
        counts=counts,
    )


@calculated_in(EXACT)
def _loaded(cost: UnitCost) -> Decimal:
    terms, counts = cost.terms, cost.counts
    return loaded_usd(
        ai_usd=cost.known_cost.usd,
        review_usd=(terms.review_usd or ZERO) * counts.started,
        rework_usd=(terms.rework_usd or ZERO) * counts.failed,
        platform_usd=platform_share(terms.platform_usd_per_month or ZERO, counts.known),
    )


@calculated_in(ROUNDED)
def platform_share(usd_per_month: Decimal, spans: Iterable[Period]) -> Decimal:
    """Return what a cost by the calendar month is over some days: each day its month's share."""
    total, day = ZERO, ONE_DAY
    for span in spans:
        start = span.start
        while start < span.end:
            after = (start.replace(day=28) + day * 4).replace(day=1)
            length = (after - start.replace(day=1)).days
            total += usd_per_month * (min(after, span.end) - start).days / length
            start = after
    return total


def _until(period: Period, today: date) -> Period:
    end = min(period.end, today + ONE_DAY)
    return Period(period.start, end) if period.start < end else period


def _steps(period: Period) -> list[tuple[str, Period]]:
    begun = FiscalPeriod.objects.filter(starts_on__lt=period.end).order_by("-starts_on")
    return [
        (row.label, _until(Period(row.starts_on, row.ends_on), period.end - ONE_DAY))
        for row in reversed(begun[:TREND_PERIODS])
    ]


def _reaching(period: Period, spans: Sequence[Period]) -> Period:
    every = [period, *spans]
    return Period(min(span.start for span in every), max(span.end for span in every))
