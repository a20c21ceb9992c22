"""The budgets of every fiscal year: asked for by the managers, decided by the CFO."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from budgets.lifecycle import BudgetAction
from budgets.models import Budget
from budgets.operations.budgets import request_budget, take_budget_step
from budgets.operations.fund import ask_fund_plan, decide_fund_plan
from budgets.queries.fund import fund_waiting
from dashboard.demo.amounts import round_figure, scaled, usd_per_call
from dashboard.demo.calls import Volume
from dashboard.demo.cast import Cast
from dashboard.demo.company import LEAVES, ROOT, UNITS, UnitPlan
from dashboard.demo.experiments import EXPERIMENTS
from dashboard.demo.history import History, Scene, fiscal_year, year_start
from finops.periods import ONE_DAY

REJECTED_FIRST = "marketing"  # was sent back before the year, and got less afterwards
STILL_WAITING = "hr"  # asks late this year, so that a decision waits
POOL_SHARE, POOL_ROOM = Decimal("0.08"), Decimal("1.2")
FUND_ROOM = Decimal("1.05")
RESERVE_SHARE = Decimal("0.05")
ASKED_TOO_MUCH = Decimal("1.6")
# Days before the year: a budget is granted before those beneath it are asked for.
_CALENDAR = {0: (26, 24), 1: (22, 20), 2: (18, 15)}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a unit asks for."""

    core_usd: Decimal
    pool_usd: Decimal
    reserve_usd: Decimal = Decimal(0)


def scenes(history: History, cast: Cast, parts: Sequence[Volume]) -> Iterator[Scene]:
    for year in history.fiscal_years():
        plans: dict[str, Plan] = {}
        first = year_start(year)
        yield Scene(
            history.at(first - ONE_DAY * 30, "08:00"),
            partial(_fill_in, plans, history, parts, year),
        )
        yield Scene(
            history.at(first - ONE_DAY * 29, "09:20"), partial(_ask_fund, plans, cast, year)
        )
        yield Scene(history.at(first - ONE_DAY * 28, "12:00"), partial(_sign_fund, cast, year))
        for unit in UNITS:
            yield from _scenes_of(unit, history, cast, year=year, plans=plans)


def _scenes_of(
    unit: UnitPlan, history: History, cast: Cast, *, year: int, plans: Mapping[str, Plan]
) -> Iterator[Scene]:
    level = 0 if unit.parent is None else 1 if unit.parent == ROOT else 2
    asked, decided = (year_start(year) - ONE_DAY * days for days in _CALENDAR[level])
    is_this_year = year == fiscal_year(history.today)
    ask = _Asking(cast, unit, year, plans)
    if is_this_year and unit.slug == STILL_WAITING:
        yield Scene(history.ago(3, "15:40"), ask.late)
    elif is_this_year and unit.slug == REJECTED_FIRST:
        again = year_start(year) + ONE_DAY * 8
        yield Scene(history.at(asked, "11:05"), ask.too_much)
        yield Scene(history.at(decided, "17:30"), ask.rejected)
        yield Scene(history.at(again, "10:20"), ask.as_planned)
        yield Scene(history.at(again + ONE_DAY * 2, "09:15"), ask.approved)
    else:
        yield Scene(history.at(asked, "10:05"), ask.as_planned)
        yield Scene(history.at(decided, "16:45"), ask.approved)


@dataclass(frozen=True, slots=True)
class _Asking:
    """A unit's request of one year, and the answers to it."""

    cast: Cast
    unit: UnitPlan
    year: int
    plans: Mapping[str, Plan]

    def as_planned(self, at: datetime) -> None:
        self._ask(Decimal(1), f"Plan for FY{self.year}, workloads as agreed with finance.", at=at)

    def too_much(self, at: datetime) -> None:
        self._ask(ASKED_TOO_MUCH, "Room for two more campaigns a quarter.", at=at)

    def late(self, at: datetime) -> None:
        self._ask(Decimal(1), "Late, sorry: the people portal went live without a budget.", at=at)

    def approved(self, at: datetime) -> None:
        self._decide(BudgetAction.APPROVE, "", at=at)

    def rejected(self, at: datetime) -> None:
        reason = "More than the division has. Ask again with the campaigns you are sure of."
        self._decide(BudgetAction.REJECT, reason, at=at)

    def _ask(self, factor: Decimal, note: str, *, at: datetime) -> None:
        plan = self.plans[self.unit.slug]
        request_budget(
            unit=self.cast.units[self.unit.slug],
            fiscal_year=self.year,
            core_usd=round_figure(plan.core_usd * factor),
            experiment_usd=plan.pool_usd,
            reserve_usd=plan.reserve_usd,
            note=note,
            by=self.cast.manager(self.unit.slug),
            at=at,
        )

    def _decide(self, action: BudgetAction, reason: str, *, at: datetime) -> None:
        budget = Budget.objects.filter(
            unit=self.cast.units[self.unit.slug], fiscal_year=self.year
        ).latest("pk")
        take_budget_step(
            budget_id=budget.pk,
            action=action,
            by=self.cast.users["cfo"],
            reason=reason,
            version=budget.version,
            at=at,
        )


def _ask_fund(plans: Mapping[str, Plan], cast: Cast, year: int, at: datetime) -> None:
    """Ask to plan the company's fund with some room above the budget of the company."""
    plan = plans[ROOT]
    total_usd = plan.core_usd + plan.pool_usd + plan.reserve_usd
    ask_fund_plan(
        fiscal_year=year,
        planned_usd=round_figure(total_usd * FUND_ROOM),
        reason=f"The frame for AI that the board agreed for FY{year}.",
        by=cast.users["finance"],
        at=at,
    )


def _sign_fund(cast: Cast, year: int, at: datetime) -> None:
    asked = fund_waiting(year)
    if asked is not None:
        decide_fund_plan(
            fiscal_year=year,
            approval_id=asked.pk,
            approve=True,
            by=cast.users["cfo"],
            reason="",
            at=at,
        )


def _fill_in(
    plans: dict[str, Plan], history: History, parts: Sequence[Volume], year: int, at: datetime
) -> None:
    """Make the plans of a year: from the workloads up through the tree."""
    for unit in LEAVES:
        spend_usd = _expected_usd(unit, history, parts, year=year, at=at)
        core_usd = round_figure(spend_usd * Decimal(str(unit.headroom)))
        pool_usd = max(core_usd * POOL_SHARE, _experiments_usd(unit, history, year) * POOL_ROOM)
        plans[unit.slug] = Plan(core_usd, round_figure(pool_usd))
    for unit in reversed(UNITS):
        if unit not in LEAVES:
            plans[unit.slug] = _sum_beneath(unit, plans)


def _expected_usd(
    unit: UnitPlan, history: History, parts: Sequence[Volume], *, year: int, at: datetime
) -> Decimal:
    first, after = year_start(year), year_start(year + 1)
    total = Decimal(0)
    for volume in parts:
        if volume.workload.unit == unit.slug:
            calls = Decimal(round(volume.expected(first, after)))
            middle = history.passed_by(date(year, 7, 1))
            total += calls * usd_per_call(volume.workload, passed=middle, at=at)
    return max(total, Decimal("0.01"))


def _experiments_usd(unit: UnitPlan, history: History, year: int) -> Decimal:
    asked = (
        scaled(plan.daily_cap_usd * plan.cap_days, history)
        for plan in EXPERIMENTS
        if plan.unit == unit.slug and fiscal_year(history.today - ONE_DAY * plan.decided) == year
    )
    return sum(asked, Decimal(0))


def _sum_beneath(unit: UnitPlan, plans: Mapping[str, Plan]) -> Plan:
    beneath = [plans[child.slug] for child in UNITS if child.parent == unit.slug]
    headroom = Decimal(str(unit.headroom))
    core_usd = round_figure(sum((plan.core_usd for plan in beneath), Decimal(0)) * headroom)
    return Plan(
        core_usd,
        round_figure(sum((plan.pool_usd for plan in beneath), Decimal(0)) * headroom),
        # What nobody foresees is held by the company as a whole.
        Decimal(0) if unit.parent else round_figure(core_usd * RESERVE_SHARE),
    )
