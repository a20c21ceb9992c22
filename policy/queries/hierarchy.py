"""The model hierarchy as it stands on a day, what waits for a decision, and its history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from finops.periods import reporting_day
from org.models import Approval
from org.queries.calendar import company
from policy.models import ModelTier, Tier

# What approvals call a change of a tier.
MODEL_TIER = "model-tier"
ANY_TASK = ""
Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Placement:
    """A row of the hierarchy: `counts_from` is its first day, None where it held for ever.

    `decision` is what its change waits for or became, None where it needed no other person.
    """

    row: ModelTier
    decision: Approval | None
    counts_from: date | None

    @property
    def counts(self) -> bool:
        if not self.row.needs_decision:
            return True
        return self.decision is not None and self.decision.state == Approval.State.APPROVED

    @property
    def waits(self) -> bool:
        return self.decision is not None and self.decision.state == Approval.State.PENDING

    @property
    def tier(self) -> Tier:
        return Tier(self.row.tier)

    @property
    def name(self) -> Name:
        return self.row.provider, self.row.model

    def holds_on(self, day: date) -> bool:
        return self.counts and (self.counts_from is None or self.counts_from <= day)


class Hierarchy:
    """Which tier each model stands in on one day; the newest row in force holds."""

    def __init__(self, placements: Iterable[Placement], *, day: date) -> None:
        holding = (each for each in placements if each.holds_on(day))
        self._holding = {
            (*each.name, each.row.task_type): each for each in sorted(holding, key=_age)
        }

    def placement(self, name: Name, task_type: str = ANY_TASK) -> Placement | None:
        """Return what holds for a model and a task type: its own row before that for any."""
        own = self._holding.get((*name, task_type))
        return own or self._holding.get((*name, ANY_TASK))

    def tier(self, name: Name, task_type: str = ANY_TASK) -> Tier | None:
        found = self.placement(name, task_type)
        return found.tier if found else None

    def rows(self) -> list[Placement]:
        """Return every row that holds, by provider, model and task type."""
        return [self._holding[key] for key in sorted(self._holding)]


def hierarchy_on(day: date) -> Hierarchy:
    """Return the hierarchy of a day, in three queries at most."""
    return Hierarchy(placements(), day=day)


def placements() -> list[Placement]:
    """Return every row there ever was with what became of it, the newest first."""
    rows = list(ModelTier.objects.select_related("by__person").order_by("-pk"))
    if not rows:
        return []
    asked = Approval.objects.filter(kind=MODEL_TIER).select_related("decided_by__person")
    decisions = {decision.subject_id: decision for decision in asked.order_by("pk")}
    zone = company().zone
    return [_placement(row, decisions.get(row.pk), zone) for row in rows]


def _placement(row: ModelTier, decision: Approval | None, zone: ZoneInfo) -> Placement:
    """Say from when a row counts: a change that was approved late does not reach back."""
    decided_at = decision.decided_at if decision else None
    days = [row.starts_on, reporting_day(decided_at, zone) if decided_at else None]
    return Placement(row, decision, max((day for day in days if day), default=None))


def _age(placement: Placement) -> tuple[date, int]:
    return placement.counts_from or date.min, placement.row.pk
