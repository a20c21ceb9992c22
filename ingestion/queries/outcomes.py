"""How many tasks were started and how many succeeded, and of which days that is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Count, Max, Min, Sum

from finops.money import ROUNDED, calculated_in
from finops.periods import ONE_DAY, Period
from ingestion.models import MonthlyCount, Outcome, OutcomeConflict, OutcomeDefinition, Result


class CountSource(StrEnum):
    """Where a count comes from."""

    NONE = "none"
    RECORDS = "records"
    TYPED = "typed"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """What became of the tasks of the `known` days; of other days of the period nothing is known.

    Every task that did not succeed failed it, and `escalated` of those went to people. `n` is
    how many tasks were told one by one; typed counts are in no `n`. `value_usd` is what the
    records that state a value add up to, None where none does.
    """

    started: int
    succeeded: int
    escalated: int
    n: int
    known: tuple[Period, ...]
    days: int
    source: CountSource
    value_usd: Decimal | None

    @property
    def failed(self) -> int:
        return self.started - self.succeeded

    @property
    def known_days(self) -> int:
        return sum(period.days for period in self.known)

    @property
    @calculated_in(ROUNDED)
    def coverage(self) -> Decimal:
        """The share of the period's days of which the count is known."""
        return Decimal(self.known_days) / self.days


class DayResult(NamedTuple):
    """How many of a day's tasks had one result, and the values that those state."""

    day: date
    result: str
    tasks: int
    value_usd: Decimal | None


@dataclass(slots=True)
class Told:
    """All that is told of a definition over some days, of which any span can be counted."""

    reach: Period | None = None
    results: list[DayResult] = field(default_factory=list)
    typed: list[MonthlyCount] = field(default_factory=list)

    def within(self, period: Period) -> OutcomeCounts:
        """Count the outcomes of the period's reporting days.

        A typed count of a fiscal period stands before the records of its days, and counts
        only where the period holds all of them: part of a month cannot be told from its sum.
        Records are known from the definition's first day with one to its last; between, a
        day without any had none.
        """
        touching = [row for row in self.typed if _common(_span(row), period)]
        whole = [row for row in touching if _common(_span(row), period) == _span(row)]
        recorded = _without(_common(self.reach, period), [_span(row) for row in touching])
        rows = [row for row in self.results if any(row.day in span for span in recorded)]
        n = sum(row.tasks for row in rows)
        return OutcomeCounts(
            started=n + sum(row.started for row in whole),
            succeeded=_of(rows, Result.SUCCESS) + sum(row.succeeded for row in whole),
            escalated=_of(rows, Result.ESCALATED) + sum(row.escalated for row in whole),
            n=n,
            known=tuple(sorted([*recorded, *(_span(row) for row in whole)])),
            days=period.days,
            source=_source(has_records=bool(recorded), has_typed=bool(whole)),
            value_usd=_value(rows),
        )


def outcomes_in(definition: OutcomeDefinition, *, period: Period) -> OutcomeCounts:
    """Count a definition's outcomes in the period's reporting days."""
    return told_of([definition.pk], period=period)[definition.pk].within(period)


def told_of(definition_ids: Iterable[int], *, period: Period) -> dict[int, Told]:
    """Return what is told of each definition in the period, in three questions for all."""
    found = {pk: Told() for pk in definition_ids}
    every = Outcome.objects.filter(definition__in=found).order_by()
    reaches = every.values("definition").annotate(
        first=Min("reporting_day"), last=Max("reporting_day")
    )
    for pk, first, last in reaches.values_list("definition", "first", "last"):
        found[pk].reach = Period(first, last + ONE_DAY)
    within = every.filter(reporting_day__gte=period.start, reporting_day__lt=period.end)
    days = within.values("definition", "reporting_day", "result").annotate(
        tasks=Count("pk"), value=Sum("value_usd")
    )
    for pk, *row in days.values_list("definition", "reporting_day", "result", "tasks", "value"):
        found[pk].results.append(DayResult(*row))
    typed = MonthlyCount.objects.filter(
        definition__in=found, superseded_at=None, starts_on__lt=period.end, ends_on__gt=period.start
    )
    for count in typed.order_by("starts_on"):
        found[count.definition_id].typed.append(count)
    return found


def conflicts_of(definition: OutcomeDefinition) -> int:
    """Count the outcomes that came again with other content."""
    return OutcomeConflict.objects.filter(outcome__definition=definition).count()


def last_outcome_day(definition: OutcomeDefinition) -> date | None:
    last: date | None = definition.outcomes.aggregate(last=Max("reporting_day"))["last"]
    return last


def _span(count: MonthlyCount) -> Period:
    return Period(count.starts_on, count.ends_on)


def _common(reach: Period | None, period: Period) -> Period | None:
    """Return the days that both have, or None."""
    if reach is None:
        return None
    start, end = max(reach.start, period.start), min(reach.end, period.end)
    return Period(start, end) if start < end else None


def _without(reach: Period | None, spans: Sequence[Period]) -> list[Period]:
    """Return what is left of some days without others, which do not overlap."""
    if reach is None:
        return []
    left, start = [], reach.start
    for span in sorted(spans):
        if start < min(span.start, reach.end):
            left.append(Period(start, min(span.start, reach.end)))
        start = max(start, span.end)
    if start < reach.end:
        left.append(Period(start, reach.end))
    return left


def _of(rows: Iterable[DayResult], result: Result) -> int:
    return sum(row.tasks for row in rows if row.result == result)


def _value(rows: Iterable[DayResult]) -> Decimal | None:
    stated = [r.value_usd for r in rows if r.result == Result.SUCCESS and r.value_usd is not None]
    return sum(stated, Decimal(0)) if stated else None


def _source(*, has_records: bool, has_typed: bool) -> CountSource:
    if has_records and has_typed:
        return CountSource.BOTH
    if has_typed:
        return CountSource.TYPED
    return CountSource.RECORDS if has_records else CountSource.NONE
