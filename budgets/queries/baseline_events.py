"""What happened to an experiment day by day, beside its spend: caps, breakers, gates, prices."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from django.db.models import Q

from budgets.gate_lifecycle import GateAction, GateState
from budgets.models import GateStep, Initiative
from budgets.queries.hierarchy import ids_above
from finops.money import to_cents
from finops.periods import ONE_DAY, Period, reporting_day
from finops.stability.days import Event, Kind
from ingestion.models import PriceRow
from ingestion.queries.spend import models_used
from org.queries.calendar import company
from policy.lifecycle import ScopeState
from policy.models import Cap, Scope, ScopeStep, TripTest

EARLIER_GATES = (1, 2, 3)

DayOf = Callable[[datetime], date]
Dated = tuple[date, Event]


class CapDay(NamedTuple):
    """The daily cap at the end of a day, and the lowest from that day on up to now."""

    cap_usd: Decimal
    least_usd: Decimal


def events_of(initiative: Initiative, *, period: Period) -> dict[date, list[Event]]:
    """Return what happened on the days of the period, by day."""
    found: dict[date, list[Event]] = defaultdict(list)
    for source in (_breakers, _trip_tests, _caps, _changes, _prices):
        for day, event in source(initiative, period):
            if day in period:
                found[day].append(event)
    return found


def daily_caps(initiative: Initiative, *, period: Period) -> dict[date, CapDay]:
    """Return the hard daily cap of each day; days before there was one have that of the first."""
    rows = _cap_rows(initiative)
    day_of = _day_of()
    caps: dict[date, Decimal] = {}
    for day in _days(period):
        standing = [row for row in rows if row.retired_at is None or day_of(row.retired_at) > day]
        caps[day] = standing[0].limit_usd if standing else initiative.daily_cap_usd
    least, found = initiative.daily_cap_usd, {}
    for day in reversed(list(_days(period))):
        least = min(least, caps[day])
        found[day] = CapDay(caps[day], least)
    return found


def days_with_gates_passed(initiative: Initiative, *, period: Period) -> set[date]:
    """Return the days on the whole of which gates 1 to 3 were passed."""
    passed = set(_days(period))
    for number in EARLIER_GATES:
        passed &= {day for start, end in _passes(initiative, number) for day in _within(start, end)}
    return passed


def _passes(initiative: Initiative, number: int) -> Iterator[tuple[date, date]]:
    """Yield the first day after each pass, and the day on which it ended or was renewed."""
    day_of, since = _day_of(), None
    steps = GateStep.objects.filter(gate__initiative=initiative, gate__number=number)
    for step in steps.order_by("pk"):
        is_passed = step.to_state == GateState.PASSED
        if is_passed and since is None:
            since = day_of(step.at) + ONE_DAY
        elif not is_passed and since is not None:
            yield since, day_of(step.at)
            since = None
    if since is not None:
        yield since, date.max


def _within(start: date, end: date) -> Iterator[date]:
    return _days(Period(start, min(end, start + timedelta(days=366)))) if end > start else iter(())


def _breakers(initiative: Initiative, period: Period) -> Iterator[Dated]:
    """Yield the days on which a breaker of the experiment, or of a unit above, was not closed."""
    day_of = _day_of()
    last = period.end - ONE_DAY
    for scope in _scopes_over(initiative):
        open_step: ScopeStep | None = None
        for step in scope.steps.order_by("pk"):
            if open_step is not None:
                yield from _held(scope, open_step, day_of(open_step.at), day_of(step.at))
            open_step = step if step.to_state != ScopeState.CLOSED else None
        if open_step is not None:
            yield from _held(scope, open_step, day_of(open_step.at), last)


def _held(scope: Scope, step: ScopeStep, first: date, last: date) -> Iterator[Dated]:
    event = Event(kind=Kind.LIMITED, text=f"{scope.name}: {step.text}")
    for day in _days(Period(first, last + ONE_DAY)):
        yield day, event


def _trip_tests(initiative: Initiative, _: Period) -> Iterator[Dated]:
    """Yield the days of trip tests: their calls are synthetic, and the scope itself never moved."""
    day_of = _day_of()
    tests = TripTest.objects.filter(scope__cost_object=initiative.cost_object_id)
    for test in tests.filter(state=TripTest.State.DONE, scope__cost_object__isnull=False):
        words = f"a synthetic loop of {test.asked_by} tried the breaker."
        yield day_of(test.asked_at), Event(kind=Kind.TRIP_TEST, text=words)


def _caps(initiative: Initiative, _: Period) -> Iterator[Dated]:
    rows, day_of = _cap_rows(initiative), _day_of()
    for before, after in pairwise(rows):
        if before.retired_at is None or before.limit_usd == after.limit_usd:
            continue
        kind = Kind.CAP_RAISED if after.limit_usd > before.limit_usd else Kind.CAP_LOWERED
        words = f"from {_usd(before.limit_usd)} to {_usd(after.limit_usd)} a day."
        yield day_of(before.retired_at), Event(kind=kind, text=words)


def _changes(initiative: Initiative, _: Period) -> Iterator[Dated]:
    day_of = _day_of()
    revoked = GateStep.objects.filter(
        gate__initiative=initiative,
        gate__number__in=EARLIER_GATES,
        action=GateAction.REVOKE,
        by__isnull=True,
    )
    for step in revoked.order_by("pk"):
        yield day_of(step.at), Event(kind=Kind.MATERIAL_CHANGE, text=step.reason)


def _prices(initiative: Initiative, period: Period) -> Iterator[Dated]:
    """Yield the days on which the price of a model it uses changed, once for each model."""
    day_of = _day_of()
    used = models_used(period=period, cost_object=initiative.cost_object)
    named = Q()
    for provider, model in used:
        named |= Q(provider=provider, model=model)
    if not used:
        return
    rows = PriceRow.objects.standing().filter(named, starts_at__isnull=False)
    dated = {(day_of(row.starts_at), row.model) for row in rows if row.starts_at is not None}
    for day, model in sorted(dated):
        yield day, Event(kind=Kind.PRICE_CHANGE, text=f"{model} has another price.")


def _scopes_over(initiative: Initiative) -> list[Scope]:
    above = [*ids_above(initiative.unit), initiative.unit_id]
    own = Q(cost_object=initiative.cost_object_id) & Q(cost_object__isnull=False)
    return list(Scope.objects.filter(own | Q(unit__in=above) | Q(slug="org")).order_by("pk"))


def _cap_rows(initiative: Initiative) -> list[Cap]:
    own = Cap.objects.filter(
        scope__cost_object=initiative.cost_object_id, window=Cap.Window.DAY, mode=Cap.Mode.HARD
    )
    return list(own.order_by("pk")) if initiative.cost_object_id else []


def _days(period: Period) -> Iterator[date]:
    return (period.start + ONE_DAY * number for number in range(period.days))


def _day_of() -> DayOf:
    zone = company().zone
    return lambda at: reporting_day(at, zone)


def _usd(value: Decimal) -> str:
    return f"${to_cents(value):,}"
