"""How budgets stand: what is granted, spent and left, at which pace, and until when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from budgets.lifecycle import BudgetState
from budgets.models import Account, Budget
from budgets.queries.consequences import Consequence, caps_of_units, consequence
from budgets.queries.core_spend import CoreSpend, UnitYear, core_spend
from budgets.queries.hierarchy import beneath_of, budgets_above
from budgets.queries.ledger import ZERO, balances_of_units, committed_to_experiments
from budgets.queries.plan import schedule_of
from budgets.queries.revisions import schedule_changes
from budgets.queries.thresholds import effects_when_spent
from finops.backtest import Method
from finops.burn import ALERT_DAYS, BurnAlert, burn_alert, burn_multiple
from finops.forecast import Exhaustion, Outlook, outlook_of
from finops.money import ROUNDED, calculated_in
from finops.periods import ONE_DAY, FiscalPeriod, Period
from finops.phasing import Schedule
from finops.run_rate import Daily, run_rate
from finops.thresholds import Effect
from org.models import Unit, User
from org.queries.calendar import periods_of_year
from org.queries.units import tree
from policy.models import Cap

STANDING = (BudgetState.REQUESTED, BudgetState.ACTIVE, BudgetState.CLOSED)


@dataclass(frozen=True, kw_only=True)
class CoreStanding:
    """The core money of a budget. Unit and beneath are counted, experiments are not.

    `passed_on_usd` was granted on to units beneath: it is part of this budget, and so is
    what they spend; `exceeded_usd` is by how much budgets beneath come to more than this one.
    `alert` stands while it burns at twice the plan or more; `then` is
    what happens when it is spent.
    """

    granted_usd: Decimal
    passed_on_usd: Decimal
    exceeded_usd: Decimal
    spend: CoreSpend
    pace_usd: Decimal
    burn_multiple: Decimal | None
    alert: BurnAlert | None
    outlook: Outlook
    then: Consequence

    @property
    def actual_usd(self) -> Decimal:
        return self.spend.usd

    @property
    def opening_usd(self) -> Decimal:
        """What of the actual was spent before the first loaded day, by signature."""
        return self.spend.opening_usd

    @property
    def available_usd(self) -> Decimal:
        return self.granted_usd - self.spend.usd

    @property
    def unpriced_calls(self) -> int:
        return self.spend.unpriced_calls

    @property
    def run_rate_usd(self) -> Decimal | None:
        return run_rate(self.spend.daily)

    @property
    def exhausts(self) -> Exhaustion | None:
        return self.outlook.exhausts


@dataclass(frozen=True, kw_only=True)
class PoolStanding:
    """The experimentation money: granted = passed on + committed to experiments + free."""

    granted_usd: Decimal
    passed_on_usd: Decimal
    exceeded_usd: Decimal
    committed_usd: Decimal
    free_usd: Decimal


@dataclass(frozen=True, kw_only=True)
class ReserveStanding:
    """The reserve: granted = passed on to units beneath + left, which only a transfer opens."""

    granted_usd: Decimal
    passed_on_usd: Decimal
    left_usd: Decimal


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A budget on a day."""

    budget: Budget
    year: Period
    periods: Sequence[FiscalPeriod]
    plan: Schedule
    on: date
    core: CoreStanding
    pool: PoolStanding
    reserve: ReserveStanding

    @property
    def unpriced_calls(self) -> int:
        return self.core.unpriced_calls


@dataclass(frozen=True, kw_only=True)
class GridRow:
    """A unit of the year's table at its level, with its budget's standing if it has one."""

    unit: Unit
    level: int
    standing: Standing | None


def standing_of(*, budget: Budget, on: date, method: Method | None = None) -> Standing:
    """Return how a budget stands; a budget that is not granted yet holds nothing.

    The forecast is the best one unless a method is asked for.
    """
    return standings_of([budget], fiscal_year=budget.fiscal_year, on=on, method=method)[budget.pk]


def standings_of(
    budgets: Sequence[Budget],
    *,
    fiscal_year: int,
    on: date,
    own: Sequence[UnitYear] | None = None,
    method: Method | None = None,
) -> dict[int, Standing]:
    """Return the standings of several budgets of one year, in a fixed number of queries.

    `own` is what `units_in_year` found, where the caller has asked it already.
    """
    units = [budget.unit for budget in budgets]
    periods = periods_of_year(fiscal_year)
    year = Period(periods[0].start, periods[-1].end)
    changes = schedule_changes(budgets)
    plans = {
        budget.pk: schedule_of(budget, periods, changes.get(budget.pk, ())) for budget in budgets
    }
    spends = core_spend(units=units, year=year, on=on, own=own)
    held = balances_of_units(units=units, fiscal_year=fiscal_year)
    committed = committed_to_experiments(units=units, fiscal_year=fiscal_year)
    caps = caps_of_units(units, on=on)
    beneath = beneath_of(budgets, fiscal_year=fiscal_year)
    effects = effects_when_spent(budgets)
    return {
        budget.pk: Standing(
            budget=budget,
            year=year,
            periods=periods,
            plan=plans[budget.pk],
            on=on,
            core=_core(
                budget,
                plan=plans[budget.pk],
                spend=spends[budget.unit_id],
                left_usd=held.get((budget.unit_id, Account.Kind.CORE), ZERO),
                beneath_usd=beneath[budget.pk].core_usd,
                caps=caps.get(budget.unit_id, []),
                effects=effects[budget.pk],
                year=year,
                on=on,
                method=method,
            ),
            pool=_pool(
                budget,
                free_usd=held.get((budget.unit_id, Account.Kind.POOL), ZERO),
                committed_usd=committed.get(budget.unit_id, ZERO),
                beneath_usd=beneath[budget.pk].experiment_usd,
            ),
            reserve=_reserve(
                budget, left_usd=held.get((budget.unit_id, Account.Kind.RESERVE), ZERO)
            ),
        )
        for budget in budgets
    }


def standings_above(standing: Standing, *, user: User) -> list[Standing]:
    """Return how the active budgets above stand that the user may see, the nearest first."""
    budget = standing.budget
    seen = set(Unit.objects.visible_to(user).values_list("pk", flat=True))
    above = [
        each
        for each in budgets_above(unit=budget.unit, fiscal_year=budget.fiscal_year)
        if each.unit_id in seen
    ]
    found = standings_of(above, fiscal_year=budget.fiscal_year, on=standing.on) if above else {}
    return [found[each.pk] for each in above]


def budgets_grid(*, user: User, fiscal_year: int, on: date) -> list[GridRow]:
    """Return the units the user may see, in the order of the tree, with their budgets."""
    branches = tree(user)
    units = {branch.unit.pk: branch.unit for branch in branches}
    budgets = list(
        Budget.objects.filter(unit__in=units, fiscal_year=fiscal_year, state__in=STANDING)
    )
    for budget in budgets:
        budget.unit = units[budget.unit_id]
    standings = standings_of(budgets, fiscal_year=fiscal_year, on=on)
    of_unit = {budget.unit_id: standings[budget.pk] for budget in budgets}
    return [
        GridRow(unit=branch.unit, level=branch.level, standing=of_unit.get(branch.unit.pk))
        for branch in branches
    ]


def _core(
    budget: Budget,
    *,
    plan: Schedule,
    spend: CoreSpend,
    left_usd: Decimal,
    beneath_usd: Decimal,
    caps: Sequence[Cap],
    effects: Collection[Effect],
    year: Period,
    on: date,
    method: Method | None,
) -> CoreStanding:
    granted_usd = budget.core_usd if _is_granted(budget) else ZERO
    pace_usd = plan.to_date_usd(on) if _is_granted(budget) else ZERO
    return CoreStanding(
        granted_usd=granted_usd,
        passed_on_usd=granted_usd - left_usd,
        exceeded_usd=_exceeded(budget, beneath_usd, granted_usd),
        spend=spend,
        pace_usd=pace_usd,
        burn_multiple=burn_multiple(spend.before_usd, pace_usd),
        alert=_alert(spend.daily, plan=plan, year=year) if _is_granted(budget) else None,
        outlook=outlook_of(
            daily=spend.daily,
            before_usd=spend.before_usd,
            granted_usd=granted_usd if _is_granted(budget) else None,
            period=year,
            method=method,
        ),
        then=consequence(caps, granted_usd=granted_usd, since=year.start, effects=effects),
    )


@calculated_in(ROUNDED)
def _alert(daily: Daily, *, plan: Schedule, year: Period) -> BurnAlert | None:
    """Return the alert of the last seven known days, None where they are not all of this year."""
    recent = [usd for day, usd in daily[-ALERT_DAYS:] if day in year]
    if len(recent) < ALERT_DAYS:
        return None
    end = daily[-1][0] + ONE_DAY
    week_ago, day_ago = end - ONE_DAY * ALERT_DAYS, end - ONE_DAY
    until_end = plan.to_date_usd(end)
    return burn_alert(
        burn_multiple(sum(recent, ZERO), until_end - plan.to_date_usd(week_ago)),
        burn_multiple(recent[-1], until_end - plan.to_date_usd(day_ago)),
    )


def _pool(
    budget: Budget, *, free_usd: Decimal, committed_usd: Decimal, beneath_usd: Decimal
) -> PoolStanding:
    granted_usd = budget.experiment_usd if _is_granted(budget) else ZERO
    return PoolStanding(
        granted_usd=granted_usd,
        passed_on_usd=granted_usd - committed_usd - free_usd,
        exceeded_usd=_exceeded(budget, beneath_usd, granted_usd),
        committed_usd=committed_usd,
        free_usd=free_usd,
    )


def _reserve(budget: Budget, *, left_usd: Decimal) -> ReserveStanding:
    granted_usd = budget.reserve_usd if _is_granted(budget) else ZERO
    return ReserveStanding(
        granted_usd=granted_usd, passed_on_usd=granted_usd - left_usd, left_usd=left_usd
    )


def _exceeded(budget: Budget, beneath_usd: Decimal, granted_usd: Decimal) -> Decimal:
    return max(beneath_usd - granted_usd, ZERO) if _is_granted(budget) else ZERO


def _is_granted(budget: Budget) -> bool:
    return budget.state in (BudgetState.ACTIVE, BudgetState.CLOSED)
