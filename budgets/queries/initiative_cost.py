"""What an experiment cost: each day beside the cap of that day, by model, by token class."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from budgets.models import Initiative
from finops.periods import ONE_DAY, Period, reporting_day
from ingestion.models import OutcomeDefinition
from ingestion.queries.economics import Economics, economics
from ingestion.queries.object_cost import (
    DayCost,
    ModelCost,
    cost_by_day,
    cost_by_model,
    tokens_by_class,
)
from ingestion.queries.spend import ZERO_USD, data_days
from org.models import User
from org.queries.calendar import company
from policy.models import Cap

NO_CALLS = DayCost(ZERO_USD, 0, 0)


@dataclass(frozen=True, slots=True)
class CapSpell:
    """A daily cap and when it held; `until` is None while it stands."""

    cap: Cap
    since: datetime | date
    until: datetime | None


@dataclass(frozen=True, slots=True)
class CostDay:
    """A day of the experiment; `cost` is None where the ledger does not reach it yet."""

    day: date
    cost: DayCost | None
    cap_usd: Decimal | None
    is_over: bool

    @property
    def spent_usd(self) -> Decimal | None:
        return self.cost.usd if self.cost else None

    @property
    def calls(self) -> int | None:
        return self.cost.calls if self.cost else None

    @property
    def unpriced_calls(self) -> int | None:
        return self.cost.unpriced_calls if self.cost else None

    @property
    def is_past_cap(self) -> bool:
        spent_usd = self.spent_usd
        return self.cap_usd is not None and spent_usd is not None and spent_usd > self.cap_usd


@dataclass(frozen=True, kw_only=True)
class InitiativeCost:
    """The cost of an experiment from its first day to `on`; empty before it was approved."""

    initiative: Initiative
    on: date
    days: Sequence[CostDay]
    models: Sequence[ModelCost]
    tokens: dict[str, int]
    spells: Sequence[CapSpell]
    definition: OutcomeDefinition | None
    economics: Economics | None

    @property
    def spent_usd(self) -> Decimal:
        return sum((model.usd for model in self.models), ZERO_USD)

    @property
    def unpriced_calls(self) -> int:
        return sum(model.unpriced_calls for model in self.models)

    @property
    def unknown_days(self) -> int:
        return sum(day.cost is None for day in self.days)

    @property
    def past_cap(self) -> list[CostDay]:
        return [day for day in self.days if day.is_past_cap]


def initiative_cost(initiative: Initiative, *, user: User, on: date) -> InitiativeCost:
    """Return what an experiment's calls cost, and what one result of its work did."""
    found, period = initiative.cost_object, _until(initiative, on)
    definition = OutcomeDefinition.objects.filter(slug=initiative.outcome_source).first()
    models: Sequence[ModelCost] = []
    tokens: dict[str, int] = {}
    if found is not None and period is not None:
        models = cost_by_model(cost_object=found, period=period)
        tokens = tokens_by_class(cost_object=found, period=period)
    return InitiativeCost(
        initiative=initiative,
        on=on,
        days=cost_days(initiative, on=on),
        models=models,
        tokens=tokens,
        spells=cap_spells(initiative),
        definition=definition,
        economics=_economics(definition, user=user, period=period, on=on),
    )


def cost_days(initiative: Initiative, *, on: date) -> list[CostDay]:
    """Return each day from the experiment's first to `on`, with what it cost and its cap."""
    found, period = initiative.cost_object, _until(initiative, on)
    if found is None or period is None:
        return []
    costs, spells, reach = (
        cost_by_day(cost_object=found, period=period),
        cap_spells(initiative),
        data_days(),
    )
    until, zone = reach.end if reach else period.start, company().zone
    return [
        CostDay(
            day=day,
            # Within the ledger's reach a day without calls cost nothing; after it nobody knows.
            cost=costs.get(day) or (NO_CALLS if day < until else None),
            cap_usd=_cap_on(day, spells, zone),
            is_over=day < on,
        )
        for day in (period.start + ONE_DAY * number for number in range(period.days))
    ]


def _until(initiative: Initiative, on: date) -> Period | None:
    """Return the days from its first until this one, or its last; None before its first."""
    first = initiative.starts_on
    return Period(first, min(on + ONE_DAY, initiative.ends_on)) if on >= first else None


def cap_spells(initiative: Initiative) -> list[CapSpell]:
    """Return the hard daily caps there were, the first one first; each ends the one before."""
    scope = getattr(initiative.cost_object, "scope", None)
    if scope is None:
        return []
    caps = scope.caps.filter(window=Cap.Window.DAY, mode=Cap.Mode.HARD)
    spells: list[CapSpell] = []
    for cap in caps.select_related("set_by__person").order_by("pk"):
        before = spells[-1].until if spells else None
        spells.append(CapSpell(cap, before or cap.starts_on, cap.retired_at))
    return spells


def _cap_on(day: date, spells: Sequence[CapSpell], zone: ZoneInfo) -> Decimal | None:
    """Return the cap that held at the day's end, by the company's clock."""
    for spell in reversed(spells):
        begun = spell.since
        since = reporting_day(begun, zone) if isinstance(begun, datetime) else begun
        ended = reporting_day(spell.until, zone) if spell.until else None
        if since <= day and (ended is None or day < ended):
            return spell.cap.limit_usd
    return None


def _economics(
    definition: OutcomeDefinition | None, *, user: User, period: Period | None, on: date
) -> Economics | None:
    """Return the unit economics of the experiment's days, where its source is a definition."""
    if definition is None or period is None:
        return None
    rows = economics(user=user, period=period, today=on, slug=definition.slug)
    return rows[0] if rows else None
