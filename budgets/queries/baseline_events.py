"""What happened to experiments day by day, beside their spend: breakers, tests, and the rest."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Q

from budgets.models import Initiative
from budgets.queries.baseline_caps import Happened
from budgets.queries.baseline_usage import Watched, days_in
from budgets.queries.hierarchy import ids_above
from finops.periods import ONE_DAY, Period, reporting_day
from finops.stability.days import Event, Kind
from policy.lifecycle import ScopeState
from policy.models import Scope, ScopeStep, TripTest

COMPANY_SCOPE = "org"
Events = dict[date, list[Event]]
Key = tuple[str, int | None]  # what a scope counts


def by_day(watched: Sequence[Watched], happened: Iterable[Happened]) -> dict[int, Events]:
    """Return what happened to each experiment on the days that are looked at."""
    periods = {each.initiative.pk: each.period for each in watched}
    found: dict[int, Events] = {pk: defaultdict(list) for pk in periods}
    for pk, day, event in happened:
        if day in periods[pk]:
            found[pk][day].append(event)
    return found


def held_back(watched: Sequence[Watched], *, zone: ZoneInfo) -> Iterator[Happened]:
    """Yield the days on which a breaker of an experiment, or of what is above, was not closed."""
    last = max((each.period.end for each in watched), default=date.max) - ONE_DAY
    spells = _spells(_scopes_over(watched), last=last, zone=zone)
    for each in watched:
        for key in _keys_over(each.initiative):
            for day, event in spells.get(key, ()):
                yield each.initiative.pk, day, event


def tried(watched: Sequence[Watched], *, zone: ZoneInfo) -> Iterator[Happened]:
    """Yield the days of trip tests: their calls are synthetic, and the scope itself never moved."""
    by_object = {each.initiative.cost_object_id: each.initiative.pk for each in watched}
    tests = TripTest.objects.filter(
        scope__cost_object__in=list(by_object), state=TripTest.State.DONE
    )
    for test in tests.select_related("scope", "asked_by__person").order_by("pk"):
        words = f"a synthetic loop of {test.asked_by} tried the breaker."
        event = Event(kind=Kind.TRIP_TEST, text=words)
        yield by_object[test.scope.cost_object_id], reporting_day(test.asked_at, zone), event


def _scopes_over(watched: Sequence[Watched]) -> list[Scope]:
    units = {pk for each in watched for pk in _units_over(each.initiative)}
    own = Q(cost_object__in=[each.initiative.cost_object_id for each in watched])
    return list(Scope.objects.filter(own | Q(unit__in=units) | Q(slug=COMPANY_SCOPE)))


def _units_over(initiative: Initiative) -> list[int]:
    return [*ids_above(initiative.unit), initiative.unit_id]


def _keys_over(initiative: Initiative) -> list[Key]:
    units = [("unit", pk) for pk in _units_over(initiative)]
    return [("company", None), *units, ("object", initiative.cost_object_id)]


def _key(scope: Scope) -> Key:
    if scope.cost_object_id is not None:
        return "object", scope.cost_object_id
    return ("company", None) if scope.unit_id is None else ("unit", scope.unit_id)


def _spells(
    scopes: Sequence[Scope], *, last: date, zone: ZoneInfo
) -> dict[Key, list[tuple[date, Event]]]:
    """Return the days on which each scope that ever left its normal state was not closed."""
    steps: dict[int, list[ScopeStep]] = defaultdict(list)
    for step in ScopeStep.objects.filter(scope__in=scopes).order_by("pk"):
        steps[step.scope_id].append(step)
    return {
        _key(scope): list(_days_held(scope, steps[scope.pk], last=last, zone=zone))
        for scope in scopes
        if scope.pk in steps
    }


def _days_held(
    scope: Scope, steps: Sequence[ScopeStep], *, last: date, zone: ZoneInfo
) -> Iterator[tuple[date, Event]]:
    open_step: ScopeStep | None = None
    for step in steps:
        if open_step is not None:
            yield from _held(scope, open_step, reporting_day(step.at, zone), zone=zone)
        open_step = step if step.to_state != ScopeState.CLOSED else None
    if open_step is not None:
        yield from _held(scope, open_step, last, zone=zone)


def _held(
    scope: Scope, step: ScopeStep, last: date, *, zone: ZoneInfo
) -> Iterator[tuple[date, Event]]:
    event = Event(kind=Kind.LIMITED, text=f"{scope.name}: {step.text}")
    first = reporting_day(step.at, zone)
    if first <= last:
        yield from ((day, event) for day in days_in(Period(first, last + ONE_DAY)))
