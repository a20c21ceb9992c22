"""The year after: what runs in core is a line of its budget, and nobody demotes it for that."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from budgets.gates.graduation_figures import asked_in
from budgets.lifecycle import IN_CORE, InitiativeState
from budgets.models import Budget, CorePart, Graduation
from budgets.queries.core_money import current_rate_usd, newest_graduations
from budgets.queries.hierarchy import active_budget
from finops.graduation import next_year_baseline_usd
from finops.money import ROUNDED, to_cents
from org.models import Unit
from org.queries.calendar import timeline

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a department needs for a workload in a fiscal year."""

    part: CorePart
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """Whether the budget of a department has the workload in the year after.

    `needs_usd` is what all that runs in core there needs; `budget` is None before one is granted.
    """

    unit: Unit
    fiscal_year: int
    usd: Decimal
    needs_usd: Decimal
    budget: Budget | None

    @property
    def is_covered(self) -> bool:
        return self.budget is not None and self.budget.core_usd >= self.needs_usd


def baseline_usd(graduation: Graduation, *, fiscal_year: int) -> Decimal:
    """Return what a workload costs in a later year; its planned volume counts for the first."""
    asked = asked_in(graduation.evidence.inputs)
    is_next = fiscal_year == graduation.fiscal_year + 1
    return next_year_baseline_usd(
        current_rate_usd(graduation),
        days=sum(each.period.days for each in timeline().year(fiscal_year)),
        volume_index=asked.volume_index if is_next else Decimal(1),
    )


def core_baselines(unit: Unit, *, fiscal_year: int) -> list[Baseline]:
    """Return what the unit, and all beneath it, needs for what graduated in earlier years."""
    found = CorePart.objects.filter(
        unit__path__startswith=unit.path,
        graduation__fiscal_year__lt=fiscal_year,
        graduation__initiative__state__in=(InitiativeState.GRADUATING, *IN_CORE),
    )
    rows = list(
        found.select_related("unit", "graduation__initiative", "graduation__evidence").order_by(
            "graduation__initiative__name", "pk"
        )
    )
    newest = newest_graduations({part.graduation.initiative for part in rows})
    return [
        Baseline(part, _share(part, fiscal_year=fiscal_year))
        for part in rows
        if part.graduation in newest
    ]


def renewals(graduation: Graduation, *, fiscal_year: int) -> list[Renewal]:
    """Return for each department whether its budget of a year has the workload."""
    parts = graduation.parts.select_related("unit", "graduation__evidence").order_by("pk")
    return [_renewal(part, fiscal_year=fiscal_year) for part in parts]


def total_usd(baselines: Sequence[Baseline]) -> Decimal:
    return sum((each.usd for each in baselines), ZERO)


def _renewal(part: CorePart, *, fiscal_year: int) -> Renewal:
    return Renewal(
        unit=part.unit,
        fiscal_year=fiscal_year,
        usd=_share(part, fiscal_year=fiscal_year),
        needs_usd=total_usd(core_baselines(part.unit, fiscal_year=fiscal_year)),
        budget=active_budget(unit=part.unit, fiscal_year=fiscal_year),
    )


def _share(part: CorePart, *, fiscal_year: int) -> Decimal:
    whole = baseline_usd(part.graduation, fiscal_year=fiscal_year)
    return to_cents(ROUNDED.multiply(whole, part.share))
