"""Units with what they spent, their budgets and their state, each with all beneath it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from budgets.lifecycle import BudgetState
from budgets.models import Budget
from budgets.queries.core_spend import UnitYear
from budgets.queries.standing import Standing, standings_of
from ingestion.queries.spend import ZERO_USD, UnitSpend
from org.models import FiscalPeriod, Unit, User
from org.queries.units import Branch, tree


@dataclass(frozen=True, kw_only=True)
class UnitRow:
    """A unit in its place in the tree; sums are of the unit and everything beneath it."""

    unit: Unit
    level: int
    window_usd: Decimal
    year_usd: Decimal
    unpriced_calls: int
    standing: Standing | None

    @property
    def tone(self) -> str:
        return state_of(self.standing)[0]

    @property
    def state(self) -> str:
        return state_of(self.standing)[1]


def unit_rows(
    *,
    user: User,
    window: Sequence[UnitSpend],
    year: Sequence[UnitSpend],
    standings: Mapping[int, Standing],
) -> list[UnitRow]:
    """Return the units in sight, in the order of the tree."""
    branches = tree(user)
    in_window, in_year = _own(window, branches), _own(year, branches)
    return [
        UnitRow(
            unit=branch.unit,
            level=branch.level,
            window_usd=_beneath(in_window, branch.unit),
            year_usd=_beneath(in_year, branch.unit),
            unpriced_calls=sum(
                spend.unpriced_calls
                for path, spend in in_window
                if path.startswith(branch.unit.path)
            ),
            standing=standings.get(branch.unit.pk),
        )
        for branch in branches
    ]


def standings_in_force(
    *, user: User, fiscal_year: int, on: date, own: Sequence[UnitYear] | None = None
) -> dict[int, Standing]:
    """Return by unit how the granted budgets of a year stand; none of a year never opened.

    `own` is what `units_in_year` found, where the caller has asked it already.
    """
    budgets = list(
        Budget.objects.visible_to(user)
        .filter(fiscal_year=fiscal_year, state=BudgetState.ACTIVE)
        .select_related("unit")
    )
    if not budgets or not FiscalPeriod.objects.of_year(fiscal_year).exists():
        return {}
    standings = standings_of(budgets, fiscal_year=fiscal_year, on=on, own=own)
    return {budget.unit_id: standings[budget.pk] for budget in budgets}


def topmost(standings: Mapping[int, Standing]) -> list[Standing]:
    """Return the budgets that stand under no other: theirs hold all the money there is."""
    paths = [standing.budget.unit.path for standing in standings.values()]
    return [
        standing
        for standing in standings.values()
        if not any(
            standing.budget.unit.path.startswith(path) and standing.budget.unit.path != path
            for path in paths
        )
    ]


def state_of(standing: Standing | None) -> tuple[str, str]:
    """Return the tone and the words for how a unit's budget does."""
    if standing is None:
        return "neutral", "No budget"
    core = standing.core
    if core.available_usd < 0:
        return "danger", "Over budget"
    if core.exhausts is None:
        return "neutral", "No pace yet"
    runs_out = core.exhausts.expected
    if runs_out is not None:
        return "warn", f"Runs out {runs_out.day} {runs_out:%b}"
    return "ok", "On track"


def _own(spends: Sequence[UnitSpend], branches: Sequence[Branch]) -> list[tuple[str, UnitSpend]]:
    paths = {branch.unit.pk: branch.unit.path for branch in branches}
    return [(paths[s.unit_id], s) for s in spends if s.unit_id in paths]


def _beneath(spends: Sequence[tuple[str, UnitSpend]], unit: Unit) -> Decimal:
    return sum((s.usd for path, s in spends if path.startswith(unit.path)), ZERO_USD)
