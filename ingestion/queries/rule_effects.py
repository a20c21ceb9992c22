"""What allocation rules catch, and what other rules would catch instead.

Answered from slice days, never from calls: each slice is judged once per stretch of days
in which no rule begins or ends.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from django.db.models import Case, DateField, QuerySet, Sum, Value, When

from finops.allocation import DatedRule, in_order
from finops.periods import Period
from finops.rules import TAG_PREFIX, matches
from ingestion.models import Rule, Slice, SliceDay
from ingestion.queries.rules import RULE_ATTRIBUTES
from ingestion.queries.spend import ZERO_USD
from org.models import Unit

Attributes = Mapping[str, str]
UnitId = int | None
T = TypeVar("T")


class Catch(NamedTuple):
    """What a rule caught; `taken_before` counts slices that match it but match another first."""

    slices: int
    usd: Decimal
    calls: int
    taken_before: int


NOTHING_CAUGHT = Catch(0, ZERO_USD, 0, 0)


class Move(NamedTuple):
    """Money that would change its unit; None is Unallocated."""

    from_unit: UnitId
    to_unit: UnitId
    usd: Decimal
    calls: int
    slices: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The money of each unit before and after, and what moves between them."""

    before: Mapping[UnitId, Decimal]
    after: Mapping[UnitId, Decimal]
    moves: Sequence[Move]


class _Booked(NamedTuple):
    slice_id: int
    on: date
    usd: Decimal
    calls: int


def catches(rules: Sequence[DatedRule[Rule]], *, period: Period) -> dict[int, Catch]:
    """Return by rule id what each rule caught in the period."""
    booked = _booked(period, _cuts(rules, period))
    judge = _Judge(rules, _attributes(period))
    slices: dict[int, set[int]] = defaultdict(set)
    usd: dict[int, Decimal] = defaultdict(Decimal)
    calls: dict[int, int] = defaultdict(int)
    for row in booked:
        winner = judge.winner(row.slice_id, row.on)
        if winner is not None:
            slices[winner.id].add(row.slice_id)
            usd[winner.id] += row.usd
            calls[winner.id] += row.calls
    return {
        rule.id: Catch(
            len(slices[rule.id]),
            usd[rule.id],
            calls[rule.id],
            # Asked only of rules that catch nothing: it takes every slice there is.
            0 if slices[rule.id] else judge.matching(rule),
        )
        for rule in rules
    }


def preview(
    *, before: Sequence[DatedRule[UnitId]], after: Sequence[DatedRule[UnitId]], period: Period
) -> Preview:
    """Return what the period's money would do if the rules `after` took the place of `before`.

    A rule's target is the id of its unit.
    """
    booked = _booked(period, _cuts([*before, *after], period))
    attributes = _attributes(period)
    old, new = _Judge(before, attributes), _Judge(after, attributes)
    totals: tuple[dict[UnitId, Decimal], dict[UnitId, Decimal]]
    totals = defaultdict(Decimal), defaultdict(Decimal)
    moved: dict[tuple[UnitId, UnitId], list[_Booked]] = defaultdict(list)
    for row in booked:
        source, target = old.target(row), new.target(row)
        totals[0][source] += row.usd
        totals[1][target] += row.usd
        if source != target:
            moved[source, target].append(row)
    moves = [_move(source, target, rows) for (source, target), rows in moved.items()]
    return Preview(*totals, sorted(moves, key=lambda move: -abs(move.usd)))


def names_of_units() -> dict[UnitId, str]:
    """Return what units are called, Unallocated among them."""
    return {None: "Unallocated", **dict(Unit.objects.values_list("pk", "name"))}


class _Judge(Generic[T]):
    """Rules applied to slices; which rules match a slice is worked out once."""

    def __init__(self, rules: Iterable[DatedRule[T]], attributes: Mapping[int, Attributes]) -> None:
        self._attributes = attributes
        self._rules = in_order(rules)
        self._candidates: dict[int, list[DatedRule[T]]] = {}
        # Thousands of slices share the few values that a rule asks for.
        self._answers: dict[tuple[object, ...], bool] = {}

    def winner(self, slice_id: int, on: date) -> DatedRule[T] | None:
        candidates = self._candidates.get(slice_id)
        if candidates is None:
            candidates = self._candidates[slice_id] = self._matching(self._attributes[slice_id])
        return next((rule for rule in candidates if rule.holds_on(on)), None)

    def target(self, row: _Booked) -> T | None:
        winner = self.winner(row.slice_id, row.on)
        return winner.target if winner else None

    def matching(self, rule: DatedRule[T]) -> int:
        """Count the slices that meet the rule's conditions, whoever wins them."""
        return sum(self._holds(rule, attributes) for attributes in self._attributes.values())

    def _matching(self, attributes: Attributes) -> list[DatedRule[T]]:
        found = []
        for rule in self._rules:
            if self._holds(rule, attributes):
                found.append(rule)
                # Nothing comes after a rule that holds on every day.
                if rule.starts_on is None and rule.ends_on is None:
                    break
        return found

    def _holds(self, rule: DatedRule[T], attributes: Attributes) -> bool:
        key = (rule.id, *(attributes.get(name) for name in rule.when))
        if key not in self._answers:
            self._answers[key] = matches(rule.when, attributes)
        return self._answers[key]


def _attributes(period: Period) -> dict[int, Attributes]:
    """Return what rules see of each slice of the period, read without making models of them."""
    called = _metered(period).values("slice_id")
    rows = Slice.objects.filter(pk__in=called).values_list("pk", "tags", *RULE_ATTRIBUTES)
    return {
        pk: dict(zip(RULE_ATTRIBUTES, values, strict=True))
        | {f"{TAG_PREFIX}{name}": value for name, value in tags.items()}
        for pk, tags, *values in rows
    }


def _metered(period: Period) -> QuerySet[SliceDay]:
    return SliceDay.objects.filter(
        metered=True, reporting_day__gte=period.start, reporting_day__lt=period.end
    )


def _move(source: UnitId, target: UnitId, rows: Sequence[_Booked]) -> Move:
    return Move(
        source,
        target,
        sum((row.usd for row in rows), ZERO_USD),
        sum(row.calls for row in rows),
        len({row.slice_id for row in rows}),
    )


def _cuts(rules: Iterable[DatedRule[Any]], period: Period) -> list[date]:
    """Return the days within the period on which a rule begins or has ended."""
    days = {day for rule in rules for day in (rule.starts_on, rule.ends_on) if day}
    return sorted(day for day in days if period.start < day < period.end)


def _booked(period: Period, cuts: Sequence[date]) -> list[_Booked]:
    """Return the money of every slice, parted where the answer may change."""
    starts = [period.start, *cuts]
    ends = [*cuts, period.end]
    stretches = zip(starts, ends, strict=True)
    part = Case(
        *(When(reporting_day__lt=end, then=Value(start)) for start, end in stretches),
        output_field=DateField(),
    )
    summed = (
        _metered(period)
        .order_by()
        .values("slice_id")
        .annotate(on=part, usd=Sum("cost_usd"), made=Sum("calls"))
    )
    return [_Booked(*row) for row in summed.values_list("slice_id", "on", "usd", "made")]
