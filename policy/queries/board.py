"""The guardrails as a person reads them: states, reasons, and every cap beside its meter."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, Sum

from finops import cap as caps
from finops.periods import ONE_DAY, Period
from ingestion.models import MinuteUse, UnitDay
from org.models import Unit, User
from policy.lifecycle import ScopeState
from policy.models import Cap, Scope
from policy.permissions import scopes_visible_to
from policy.queries.held import held_everywhere, held_under
from policy.queries.meters import (
    Reading,
    Today,
    caps_in_force,
    clock_window,
    mode_of,
    reset_of,
    spent_in,
    today_at,
)
from policy.queries.overrides import limit_in_force

# Dollars by unit and cost object; None is what no rule has caught.
Sums = Mapping[tuple[int | None, int | None], Decimal]


@dataclass(frozen=True, slots=True)
class Guarded:
    """A scope with the readings of its caps."""

    scope: Scope
    readings: Sequence[Reading]

    @property
    def is_blocked(self) -> bool:
        return self.scope.state == ScopeState.OPEN

    @property
    def is_quiet(self) -> bool:
        """Test whether there is nothing to say: it runs, and has no cap of its own."""
        return self.scope.state == ScopeState.CLOSED and not self.readings


def board(user: User, *, at: datetime) -> list[Guarded]:
    """Return the scopes the user may see, in a fixed number of queries, the blocked ones first."""
    guarded = with_readings(scopes_visible_to(user), at=at)
    return sorted(guarded, key=lambda each: (not each.is_blocked, _rank(each.scope)))


def with_readings(found: Iterable[Scope], *, at: datetime) -> list[Guarded]:
    """Return scopes with the readings of their caps."""
    scopes = list(found)
    if not scopes:
        return []
    readings = _read_all(scopes, today=today_at(at))
    return [Guarded(scope, readings[scope.pk]) for scope in scopes]


def _rank(scope: Scope) -> tuple[str, bool, str]:
    """Sort the organisation first, then each unit before what it owns."""
    unit = scope.cost_object.unit if scope.cost_object else scope.unit
    return (unit.path if unit else "", scope.cost_object is not None, scope.name)


def _read_all(scopes: Sequence[Scope], *, today: Today) -> dict[int, list[Reading]]:
    found = list(caps_in_force(on=today.on).filter(scope__in=scopes))
    by_id = {scope.pk: scope for scope in scopes}
    of_day = _sums(Period(today.on, today.on + ONE_DAY))
    of_period = _sums(today.period)
    totals = _totals([cap for cap in found if cap.window == Cap.Window.TOTAL], by_id)
    paths = dict(Unit.objects.values_list("pk", "path"))
    windows = {window for cap in found if (window := clock_window(cap)) is not None}
    clocks: dict[caps.ClockWindow | None, Sums] = {
        window: _of_clock(window, today=today) for window in windows
    }
    held = held_everywhere()
    readings: dict[int, list[Reading]] = {scope.pk: [] for scope in scopes}
    for cap in found:
        scope = by_id[cap.scope_id]
        if cap.window == Cap.Window.TOTAL:
            spent_usd = totals[cap.pk]
        else:
            of_days = of_day if cap.window == Cap.Window.DAY else of_period
            sums = clocks.get(clock_window(cap), of_days)
            spent_usd = _spent(scope, sums, paths=paths)
        verdict = caps.judge_cap(spent_usd, limit_in_force(cap, at=today.at), mode_of(cap))
        held_usd = held_under(cap, scope, held=held, today=today)
        readings[scope.pk].append(Reading(cap, verdict, reset_of(cap, today=today), held_usd))
    return readings


def _of_clock(window: caps.ClockWindow, *, today: Today) -> Sums:
    start, end = caps.clock_window(window, today.at)
    minutes = MinuteUse.objects.filter(minute__gte=start, minute__lt=end)
    grouped = minutes.values_list("unit_id", "cost_object_id").annotate(usd=Sum("cost_usd"))
    return {(unit, cost_object): usd for unit, cost_object, usd in grouped.order_by()}


def _sums(window: Period) -> Sums:
    days = UnitDay.objects.filter(
        metered=True, reporting_day__gte=window.start, reporting_day__lt=window.end
    )
    grouped = days.values_list("unit_id", "cost_object_id").annotate(usd=Sum("cost_usd"))
    return {(unit, cost_object): usd for unit, cost_object, usd in grouped.order_by()}


def _spent(scope: Scope, sums: Sums, *, paths: Mapping[int, str]) -> Decimal:
    def counts(unit_id: int | None, cost_object_id: int | None) -> bool:
        if scope.cost_object_id is not None:
            return cost_object_id == scope.cost_object_id
        if scope.unit is not None:
            return unit_id is not None and paths[unit_id].startswith(scope.unit.path)
        return True

    return sum((usd for key, usd in sums.items() if counts(*key)), Decimal(0))


def _totals(found: Sequence[Cap], by_id: Mapping[int, Scope]) -> dict[int, Decimal]:
    """Return what each cap without an end has counted; those of cost objects in one query."""
    own = {cap.scope_id: cap for cap in found if by_id[cap.scope_id].cost_object_id is not None}
    sums = _since_start([(by_id[pk].cost_object_id, cap) for pk, cap in own.items()])
    totals = {}
    for cap in found:
        scope = by_id[cap.scope_id]
        if own.get(scope.pk) == cap:
            totals[cap.pk] = sums.get(scope.cost_object_id, Decimal(0))
        else:
            totals[cap.pk] = spent_in(scope, window=None, since=cap.starts_on)
    return totals


def _since_start(found: Iterable[tuple[int | None, Cap]]) -> dict[int | None, Decimal]:
    wanted = Q(pk__in=[])
    for cost_object_id, cap in found:
        wanted |= Q(cost_object_id=cost_object_id, reporting_day__gte=cap.starts_on)
    rows = UnitDay.objects.filter(wanted, metered=True).values_list("cost_object_id")
    return dict(rows.annotate(usd=Sum("cost_usd")).order_by())
