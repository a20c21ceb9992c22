"""How this year's budgets were revised: one made more, the company's reserve opened in part."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from budgets.amounts import Amounts
from budgets.lifecycle import BudgetAction, BudgetState
from budgets.models import Budget
from budgets.operations.budgets import take_budget_step
from budgets.queries.hierarchy import budget_above
from budgets.queries.ledger import held_by
from dashboard.demo.amounts import round_figure
from dashboard.demo.cast import Cast
from dashboard.demo.company import ROOT
from dashboard.demo.history import History, Scene, fiscal_year

GROWS = "support"  # its tickets came faster than the plan said
OF_WHAT_IS_LEFT, OF_THE_RESERVE = Decimal("0.4"), Decimal("0.25")
REVISED, OPENED = (46, 44), (31, 30)  # days ago: asked, decided


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    year = fiscal_year(history.today)
    tickets = _Revision(cast, GROWS, year, "A third more tickets than planned since spring.")
    reserve = _Revision(cast, ROOT, year, "Claims after the storm: opened for the whole company.")
    for days, revision, ask in (
        (REVISED, tickets, tickets.ask_for_more),
        (OPENED, reserve, reserve.ask_to_open),
    ):
        asked, decided = (history.ago(each, "11:20") for each in days)
        # A year that has only begun has nothing to revise yet.
        if fiscal_year(asked.date()) == year:
            yield Scene(asked, ask)
            yield Scene(decided, revision.approve)


@dataclass(frozen=True, slots=True)
class _Revision:
    """A revision of a unit's budget of this year: asked by finance, decided by the CFO."""

    cast: Cast
    unit: str
    year: int
    reason: str

    def ask_for_more(self, at: datetime) -> None:
        budget = self._budget()
        above = budget and budget_above(unit=budget.unit, fiscal_year=self.year)
        if budget and above:
            more_usd = round_figure(held_by(above).core_usd * OF_WHAT_IS_LEFT)
            self._ask(budget, Amounts(more_usd, Decimal(0), Decimal(0)), at=at)

    def ask_to_open(self, at: datetime) -> None:
        if budget := self._budget():
            opened_usd = round_figure(budget.reserve_usd * OF_THE_RESERVE)
            self._ask(budget, Amounts(opened_usd, Decimal(0), -opened_usd), at=at)

    def approve(self, at: datetime) -> None:
        if budget := self._budget():
            self._step(budget, BudgetAction.GRANT_REVISION, by="cfo", reason="", at=at)

    def _ask(self, budget: Budget, difference: Amounts, *, at: datetime) -> None:
        amounts = budget.amounts.plus(difference)
        self._step(
            budget,
            BudgetAction.ASK_REVISION,
            by="finance",
            reason=self.reason,
            at=at,
            amounts=amounts,
        )

    def _step(
        self,
        budget: Budget,
        action: BudgetAction,
        *,
        by: str,
        reason: str,
        at: datetime,
        amounts: Amounts | None = None,
    ) -> None:
        take_budget_step(
            budget_id=budget.pk,
            action=action,
            by=self.cast.users[by],
            reason=reason,
            version=budget.version,
            at=at,
            amounts=amounts,
        )

    def _budget(self) -> Budget | None:
        """Return the budget in force; early in a year there may be none yet."""
        found = Budget.objects.filter(fiscal_year=self.year, state=BudgetState.ACTIVE)
        return found.filter(unit__slug=self.unit).select_related("unit").first()
