"""What pieces of work cost: the calls of some workflows, or of a cost object, and their tasks.

Totals are the ledger's. What single tasks cost is read from calls as they were first rated,
for what changes money afterwards is booked by slice and day and names no task.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from django.db.models import F, Q, QuerySet, Sum

from finops.periods import Period
from finops.tokens import TOKEN_CLASSES
from ingestion.models import CostStatus, OutcomeTerms, SliceDay, UnitDay
from ingestion.queries.spend import ZERO_USD
from org.models import CostObject

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Work:
    """Whose calls: those of cost objects, or those of some workflows whoever pays for them."""

    workflows: tuple[str, ...] = ()
    objects: tuple[int, ...] = ()


class WorkCost(NamedTuple):
    """Effective cost; `usd` leaves out `unpriced_calls`, `statuses` are its parts by status."""

    usd: Decimal
    calls: int
    tokens: int
    unpriced_calls: int
    statuses: Mapping[CostStatus, Decimal]


class DayCost(NamedTuple):
    """What work cost on a reporting day, of one cost status."""

    day: date
    status: CostStatus
    usd: Decimal
    calls: int
    tokens: int


@dataclass(frozen=True, slots=True)
class WorkDays:
    """Every day of a piece of work that has calls, of which any span can be summed."""

    days: list[DayCost] = field(default_factory=list)

    def within(self, *spans: Period) -> WorkCost:
        """Sum the days of some spans that do not overlap."""
        rows = [row for row in self.days if any(row.day in span for span in spans)]
        statuses: dict[CostStatus, Decimal] = defaultdict(lambda: ZERO_USD)
        for row in rows:
            if row.status != CostStatus.UNPRICED:
                statuses[row.status] += row.usd
        return WorkCost(
            usd=sum(statuses.values(), ZERO_USD),
            calls=sum(row.calls for row in rows),
            tokens=sum(row.tokens for row in rows),
            unpriced_calls=sum(row.calls for row in rows if row.status == CostStatus.UNPRICED),
            statuses=dict(statuses),
        )


def work_of(terms: OutcomeTerms) -> Work:
    return Work(workflows=tuple(terms.workflows))


def work_of_objects(*cost_objects: CostObject) -> Work:
    return Work(objects=tuple(each.pk for each in cost_objects))


def cost_of(work: Work, *, period: Period) -> WorkCost:
    """Return what the work cost in the period's reporting days, by the ledger."""
    return days_of({"": work}, period=period)[""].within(period)


def days_of(works: Mapping[K, Work], *, period: Period) -> dict[K, WorkDays]:
    """Return what each piece of work cost on each reporting day of the period."""
    found = {key: WorkDays() for key in works}
    by_workflow: dict[str, list[K]] = defaultdict(list)
    by_object: dict[int, list[K]] = defaultdict(list)
    for key, work in works.items():
        for workflow in work.workflows:
            by_workflow[workflow].append(key)
        for pk in work.objects:
            by_object[pk].append(key)
    rows = [
        *((by_workflow[name], day) for name, day in _workflow_days(by_workflow, period)),
        *((by_object[pk], day) for pk, day in _object_days(by_object, period)),
    ]
    for keys, day in rows:
        for key in keys:
            found[key].days.append(day)
    return found


def _workflow_days(names: Iterable[str], period: Period) -> Iterable[tuple[str, DayCost]]:
    within = SliceDay.objects.filter(_within(period), slice__workflow__in=list(names))
    return _summed(within, "slice__workflow", TOKEN_CLASSES) if names else []


def _object_days(ids: Iterable[int], period: Period) -> Iterable[tuple[int, DayCost]]:
    within = UnitDay.objects.filter(_within(period), cost_object__in=list(ids))
    return _summed(within, "cost_object_id", ("in_tokens", "out_tokens")) if ids else []


def _within(period: Period) -> Q:
    return Q(metered=True, reporting_day__gte=period.start, reporting_day__lt=period.end)


def _summed(
    days: QuerySet[Any], of_each: str, tokens: Sequence[str]
) -> Iterable[tuple[Any, DayCost]]:
    first, *others = tokens
    total: Any = F(first)
    for name in others:
        total = total + F(name)
    rows = (
        days.order_by()
        .values(of_each, "reporting_day", "status")
        .annotate(usd=Sum("cost_usd"), made=Sum("calls"), counted=Sum(total))
        .values_list(of_each, "reporting_day", "status", "usd", "made", "counted")
    )
    return [
        (each, DayCost(day, CostStatus(status), usd, int(made), int(counted)))
        for each, day, status, usd, made, counted in rows
    ]
