"""Moving money into core and out of it: the journal, and every budget it lies in.

A department's core, the pool and the contingency may lie in different budgets; each of them,
and every budget above, is revised by what moved within it, so that a whole stays a whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from budgets.amounts import NOTHING, Amounts
from budgets.lifecycle import BudgetState
from budgets.models import Account, Budget, BudgetRevision, CoreGrant, CorePart, Journal
from budgets.operations.budget_moves import BudgetMove, remember
from budgets.operations.ledger import Entry, account_of, lock_line, post_journal
from budgets.operations.revisions import void_revision
from budgets.operations.thresholds import arm_again
from finops.graduation import Phased
from finops.periods import FiscalPeriod
from org.models import Approval, Unit, User
from org.queries.calendar import periods_of_year

ZERO = Decimal("0.00")
CORE = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Money that moves between core, pool and contingency of one fiscal year.

    `core` is what each department gains by fiscal period, below zero what it gives back.
    `experiment` is what an experiment's account gains of it, which is money of the pool.
    """

    fiscal_year: int
    core: Sequence[tuple[Unit, Sequence[Phased]]]
    pool: Unit
    pool_usd: Decimal
    experiment: Account
    experiment_usd: Decimal
    contingency: Unit | None
    contingency_usd: Decimal

    @property
    def units(self) -> list[Unit]:
        named = [*(unit for unit, _ in self.core), self.pool, self.contingency]
        return [unit for unit in named if unit is not None]


def shift_money(
    shift: Shift,
    *,
    kind: Journal.Kind,
    memo: str,
    approval: Approval,
    by: User,
    at: datetime,
) -> Journal:
    """Post the shift and revise the budgets it lies in; the caller holds the year's lock."""
    for unit in shift.units:
        lock_line(unit=unit, fiscal_year=shift.fiscal_year)
    journal = post_journal(
        kind=kind, memo=memo, lines=_lines(shift), by=by, at=at, approval=approval
    )
    for budget in _budgets_of(shift):
        _revise(budget, shift, approval=approval, move=BudgetMove(by=by, reason=memo, at=at))
    return journal


def write_grants(
    held: Iterable[tuple[CorePart, Sequence[Phased]]],
    *,
    cause: CoreGrant.Cause,
    journal: Journal,
    at: datetime,
) -> None:
    """Write down what each part's core gains by a journal, below zero what it gives back."""
    CoreGrant.objects.bulk_create(
        CoreGrant(
            part=part,
            cause=cause,
            starts_on=each.period.start,
            ends_on=each.period.end,
            usd=each.usd,
            journal=journal,
            at=at,
        )
        for part, phased in held
        for each in phased
        if each.usd
    )


def _lines(shift: Shift) -> list[Entry]:
    year = shift.fiscal_year
    core = [
        (account_of(kind=Account.Kind.CORE, fiscal_year=year, unit=unit), _sum(phased))
        for unit, phased in shift.core
    ]
    pool = account_of(kind=Account.Kind.POOL, fiscal_year=year, unit=shift.pool)
    lines = [*core, (pool, shift.pool_usd), (shift.experiment, shift.experiment_usd)]
    if shift.contingency is not None:
        reserve = account_of(kind=Account.Kind.RESERVE, fiscal_year=year, unit=shift.contingency)
        lines.append((reserve, shift.contingency_usd))
    return lines


def _budgets_of(shift: Shift) -> list[Budget]:
    """Return the budgets in force that some of it lies in, locked from the top down."""
    paths = {unit.path for unit in shift.units}
    rows = Budget.objects.select_for_update(of=("self",)).select_related("unit")
    found = rows.filter(fiscal_year=shift.fiscal_year, state=BudgetState.ACTIVE)
    return [
        budget
        for budget in found.order_by("unit__path")
        if any(path.startswith(budget.unit.path) for path in paths)
    ]


def _revise(budget: Budget, shift: Shift, *, approval: Approval, move: BudgetMove) -> None:
    """Write down a revision for each fiscal period whose core changes, pool and reserve first."""
    rows = _rows(budget, shift)
    if not rows:
        return
    void_revision(budget, by=move.by, at=move.at)  # it was asked against amounts that change now
    for period, difference in rows:
        _put_in_force(budget, period, difference, approval=approval, move=move)
    arm_again(budget, by=move.by, at=move.at)
    remember(budget, CORE, move, came_from=BudgetState(budget.state))


def _rows(budget: Budget, shift: Shift) -> list[tuple[FiscalPeriod, Amounts]]:
    inside = [
        each
        for unit, phased in shift.core
        if unit.path.startswith(budget.unit.path)
        for each in phased
    ]
    other = Amounts(
        ZERO,
        shift.pool_usd + shift.experiment_usd if _holds(budget, shift.pool) else ZERO,
        shift.contingency_usd if _holds(budget, shift.contingency) else ZERO,
    )
    rows = []
    for period in _periods(shift):
        core = _sum(each for each in inside if each.period.start in period.period)
        difference = other.plus(Amounts(core, ZERO, ZERO))
        if difference != NOTHING:
            rows.append((period, difference))
            other = NOTHING
    return rows


def _periods(shift: Shift) -> list[FiscalPeriod]:
    """Return the fiscal periods the shift begins with."""
    first = min((each.period.start for _, phased in shift.core for each in phased), default=None)
    periods = periods_of_year(shift.fiscal_year)
    return [each for each in periods if first is None or each.end > first]


def _put_in_force(
    budget: Budget,
    period: FiscalPeriod,
    difference: Amounts,
    *,
    approval: Approval,
    move: BudgetMove,
) -> None:
    before, after = budget.amounts, budget.amounts.plus(difference)
    BudgetRevision.objects.create(
        budget=budget,
        number=budget.revisions.count() + 1,
        kind=BudgetRevision.Kind.CORE,
        **after._asdict(),
        core_before_usd=before.core_usd,
        experiment_before_usd=before.experiment_usd,
        reserve_before_usd=before.reserve_usd,
        starts_on=period.start,
        ends_on=period.end,
        reason=move.reason,
        approval=approval,
        by=move.by,
        at=move.at,
    )
    budget.amounts = after


def _holds(budget: Budget, unit: Unit | None) -> bool:
    return unit is not None and unit.path.startswith(budget.unit.path)


def _sum(phased: Iterable[Phased]) -> Decimal:
    return sum((each.usd for each in phased), ZERO)
