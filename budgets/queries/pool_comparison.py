"""A pool's year under the policies that were not chosen, from what its experiments spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Max, Sum
from django.db.models.functions import TruncDate

from budgets.lifecycle import ENDING
from budgets.models import Budget, Initiative, InitiativeStep
from budgets.queries.experiments import core_days_of
from finops.periods import ONE_DAY, FiscalPeriod, Period
from finops.pool_policies import Bet, PolicyLine, Spent, compared, usd_per_result
from ingestion.models import OutcomeTerms, UnitDay
from ingestion.queries.definitions import terms_in_force
from ingestion.queries.outcomes import OutcomeCounts, Told, outcomes_in, told_of
from org.models import User
from org.queries.calendar import company, period_containing, periods_of_year

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class PoolComparison:
    """The periods of a pool's year up to a day; `usd_a_result` is None where nobody can say."""

    budget: Budget
    terms: OutcomeTerms | None
    usd_a_result: Decimal | None
    is_own_rate: bool
    lines: list[tuple[FiscalPeriod, PolicyLine]]
    bets: int

    @property
    def spent_usd(self) -> Decimal:
        return sum((line.spent_usd for _, line in self.lines), ZERO)

    @property
    def unfunded_usd(self) -> Decimal | None:
        """Return what output would not have funded; None where no period can be told."""
        known = [line.unfunded_usd for _, line in self.lines if line.unfunded_usd is not None]
        return sum(known, ZERO) if known else None

    @property
    def unknown_periods(self) -> int:
        return sum(line.unfunded_usd is None for _, line in self.lines)

    @property
    def bets_day_usd(self) -> Decimal:
        return max((line.bets_day_usd for _, line in self.lines), default=ZERO)

    @property
    def open_day_usd(self) -> Decimal:
        return max((line.open_day_usd for _, line in self.lines), default=ZERO)


def offered_terms(budget: Budget, user: User) -> list[OutcomeTerms]:
    """Return what counts results in the budget's unit or beneath, as far as the user sees it."""
    within = terms_in_force(user).filter(definition__unit__path__startswith=budget.unit.path)
    return list(within)


def compare_policies(
    budget: Budget, *, terms: OutcomeTerms | None, usd_a_result: Decimal | None, on: date
) -> PoolComparison:
    """Return the year of a budget's pool up to the day, under each policy.

    Without a rate of one's own a result is worth what hands out the pool over the year.
    """
    periods = [each for each in periods_of_year(budget.fiscal_year) if each.start <= on]
    year = Period(periods[0].start, on) if periods and periods[0].start < on else None
    found = _initiatives(budget)
    rate = usd_a_result
    if rate is None and terms is not None and year is not None:
        rate = _rate(budget, outcomes_in(terms.definition, period=year))
    bets = _bets(found)
    lines = compared(
        pool_usd=budget.experiment_usd,
        spent=_spent(found, periods, terms=terms, on=on),
        bets=bets,
        usd_a_result=rate,
    )
    return PoolComparison(
        budget=budget,
        terms=terms,
        usd_a_result=rate,
        is_own_rate=usd_a_result is not None,
        lines=list(zip(periods, lines, strict=True)),
        bets=len(bets),
    )


def _rate(budget: Budget, counts: OutcomeCounts) -> Decimal | None:
    periods = periods_of_year(budget.fiscal_year)
    return usd_per_result(
        pool_usd=budget.experiment_usd,
        results=counts.succeeded,
        known=counts.known_days,
        days=Period(periods[0].start, periods[-1].end).days,
    )


def _initiatives(budget: Budget) -> list[Initiative]:
    """Return the experiments that had money of the pool or of a pool it was passed on to."""
    granted = Initiative.objects.filter(
        unit__path__startswith=budget.unit.path, cost_object__isnull=False
    )
    return list(granted.order_by("pk"))


def _bets(initiatives: Sequence[Initiative]) -> list[Bet]:
    zone = company().zone
    ended = dict(
        InitiativeStep.objects.filter(initiative__in=initiatives, action__in=ENDING)
        .values("initiative")
        .annotate(day=Max(TruncDate("at", tzinfo=zone)))
        .values_list("initiative", "day")
    )
    ended |= core_days_of(initiatives)
    spans = (
        (each, max(min(each.ends_on, ended.get(each.pk, each.ends_on)), each.starts_on))
        for each in initiatives
    )
    return [
        Bet(Period(each.starts_on, end), each.daily_cap_usd)
        for each, end in spans
        if each.starts_on < end
    ]


def _spent(
    initiatives: Sequence[Initiative],
    periods: Sequence[FiscalPeriod],
    *,
    terms: OutcomeTerms | None,
    on: date,
) -> list[Spent]:
    if not periods:
        return []
    objects = [each.cost_object_id for each in initiatives]
    by_day = (
        UnitDay.objects.filter(
            metered=True,
            is_core=False,
            cost_object__in=objects,
            reporting_day__gte=periods[0].start,
            reporting_day__lte=on,
        )
        .values_list("reporting_day")
        .annotate(usd=Sum("cost_usd"))
    )
    days = dict(by_day)
    results = _results_before(periods, terms=terms)
    return [
        Spent(
            each.period,
            sum((usd for day, usd in days.items() if day in each.period), ZERO),
            counted,
        )
        for each, counted in zip(periods, results, strict=True)
    ]


def _results_before(
    periods: Sequence[FiscalPeriod], *, terms: OutcomeTerms | None
) -> list[int | None]:
    """Return for each period the results of the one before it, None where a day is not known."""
    if terms is None:
        return [None] * len(periods)
    first = period_containing(periods[0].start - ONE_DAY)
    before = [Period(first.starts_on, first.ends_on) if first else None]
    before += [each.period for each in periods[:-1]]
    start = first.starts_on if first else periods[0].start
    definition = terms.definition_id
    told = told_of([definition], period=Period(start, periods[-1].end))[definition]
    return [_succeeded(told, each) for each in before]


def _succeeded(told: Told, period: Period | None) -> int | None:
    counts = told.within(period) if period else None
    return counts.succeeded if counts and counts.known_days == counts.days else None
