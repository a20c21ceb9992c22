"""How budgets nest: what the budget above can still give, what those beneath were given."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from budgets.amounts import NOTHING, Amounts
from budgets.lifecycle import BudgetState
from budgets.models import Budget
from budgets.models.budgets import BudgetQuerySet
from budgets.queries.fund import fund_standing
from budgets.queries.ledger import ZERO, held_by
from org.models import Unit
from org.refusals import FieldError
from org.templatetags.figures import usd


class Room(NamedTuple):
    """Between which bounds a unit's budget has to lie.

    Without a budget above the company's fund gives, as far as `fund_left_usd`; None where
    no plan bounds it.
    """

    parent: Budget | None
    left: Amounts
    beneath: Amounts
    fund_left_usd: Decimal | None

    def problems(self, asked: Amounts) -> list[FieldError]:
        """Say which part of the budget does not fit, and by how much."""
        of_fund = self.fund_lack(asked.minus(self.beneath).total_usd)
        return [
            problem
            for name, wanted, left, beneath in zip(
                Amounts._fields, asked, self.left, self.beneath, strict=True
            )
            if (problem := self._misfit(name, asked_usd=wanted, left_usd=left, beneath_usd=beneath))
        ] + ([of_fund] if of_fund else [])

    def lack(self, name: str, *, more_usd: Decimal, left_usd: Decimal) -> FieldError | None:
        """Say by how much the budget above cannot give more of a class of money."""
        if self.parent is None or more_usd <= left_usd:
            return None
        over = usd(more_usd - left_usd)
        detail = f"{self.parent.unit} has {usd(left_usd)} left to pass on: {over} less than asked."
        return FieldError(f"/{name}", detail)

    def fund_lack(self, more_usd: Decimal) -> FieldError | None:
        """Say by how much the company's fund cannot give more, of all classes together."""
        if self.parent or self.fund_left_usd is None or more_usd <= max(self.fund_left_usd, ZERO):
            return None
        left, over = usd(self.fund_left_usd), usd(more_usd - self.fund_left_usd)
        detail = f"The company AI fund has {left} left of its plan: {over} less than asked."
        return FieldError("/core_usd", detail)

    def _misfit(
        self, name: str, *, asked_usd: Decimal, left_usd: Decimal, beneath_usd: Decimal
    ) -> FieldError | None:
        if asked_usd < beneath_usd:
            short, granted = usd(beneath_usd - asked_usd), usd(beneath_usd)
            detail = f"Units beneath were granted {granted} already, {short} more than this."
            return FieldError(f"/{name}", detail)
        return self.lack(name, more_usd=asked_usd - beneath_usd, left_usd=left_usd)


def room_for(budget: Budget) -> Room:
    """Return the room the active budgets above and beneath leave for this one."""
    parent = budget_above(unit=budget.unit, fiscal_year=budget.fiscal_year)
    return Room(
        parent=parent,
        left=held_by(parent) if parent else NOTHING,
        beneath=sum_of(budgets_right_beneath(unit=budget.unit, fiscal_year=budget.fiscal_year)),
        fund_left_usd=None if parent else fund_standing(budget.fiscal_year).left_usd,
    )


def sum_of(budgets: Iterable[Budget]) -> Amounts:
    """Return what the budgets come to together."""
    total = NOTHING
    for budget in budgets:
        total = total.plus(budget.amounts)
    return total


def active_budget(*, unit: Unit, fiscal_year: int) -> Budget | None:
    """Return the unit's own budget in force, if it has one."""
    return _active(fiscal_year).filter(unit=unit).first()


def budgets_above(*, unit: Unit, fiscal_year: int) -> list[Budget]:
    """Return the active budgets of the units above, the nearest first."""
    above = _active(fiscal_year).filter(unit__in=ids_above(unit))
    return sorted(above, key=lambda budget: budget.unit.depth, reverse=True)


def budget_above(*, unit: Unit, fiscal_year: int) -> Budget | None:
    """Return the active budget of the nearest unit above, if there is one."""
    return next(iter(budgets_above(unit=unit, fiscal_year=fiscal_year)), None)


def budgets_right_beneath(*, unit: Unit, fiscal_year: int) -> list[Budget]:
    """Return the active budgets beneath the unit that lie in no other of them."""
    beneath = _active(fiscal_year).filter(unit__path__startswith=unit.path).exclude(unit=unit)
    return outermost(beneath)


def beneath_of(budgets: Sequence[Budget], *, fiscal_year: int) -> dict[int, Amounts]:
    """Return by budget what the budgets right beneath it were granted together."""
    granted = list(_of_year(fiscal_year, BudgetState.ACTIVE, BudgetState.CLOSED)) if budgets else []
    return {
        budget.pk: sum_of(
            outermost(
                other
                for other in granted
                if other.unit_id != budget.unit_id and other.unit.path.startswith(budget.unit.path)
            )
        )
        for budget in budgets
    }


def outermost(budgets: Iterable[Budget]) -> list[Budget]:
    """Keep the budgets whose unit lies beneath none of the others' units."""
    kept: list[Budget] = []
    for budget in sorted(budgets, key=lambda budget: budget.unit.depth):
        if not any(budget.unit.path.startswith(other.unit.path) for other in kept):
            kept.append(budget)
    return kept


def ids_above(unit: Unit) -> list[int]:
    """Return the ids of the units above, from the root down."""
    return [int(step) for step in unit.path.split("/") if step and int(step) != unit.pk]


def _active(fiscal_year: int) -> BudgetQuerySet:
    return _of_year(fiscal_year, BudgetState.ACTIVE)


def _of_year(fiscal_year: int, *states: BudgetState) -> BudgetQuerySet:
    found = Budget.objects.filter(fiscal_year=fiscal_year, state__in=states)
    return found.select_related("unit")
