"""The list of breakers: what each one does now, by which cap, since when, and who answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from finops.money import ROUNDED, calculated_in
from org.models import User
from policy.lifecycle import ScopeState
from policy.models import Cap, Scope, ScopeStep
from policy.permissions import unit_of
from policy.queries.board import Guarded, board
from policy.queries.meters import Reading, today_at
from policy.queries.overlays import overridden_until, signals


class Rung(NamedTuple):
    """A scope on the way from the company down to a breaker."""

    scope: Scope
    is_binding: bool


@dataclass(frozen=True, slots=True)
class Breaker:
    """A scope as the list shows it.

    `binding` is the cap that would stop it first: of the hard caps on its path the one
    that leaves the least; without any hard cap the tightest of its own.
    """

    guarded: Guarded
    path: Sequence[Rung]
    binding: Reading | None
    last: ScopeStep | None
    is_silent: bool
    overridden_until: datetime | None

    @property
    def scope(self) -> Scope:
        return self.guarded.scope

    @property
    def state(self) -> ScopeState:
        return ScopeState(self.scope.state)

    @property
    @calculated_in(ROUNDED)
    def used(self) -> Decimal | None:
        """The share of the binding cap that is spent; None without a cap, or of one of nothing."""
        if self.binding is None or not self.binding.verdict.limit_usd:
            return None
        return self.binding.verdict.spent_usd / self.binding.verdict.limit_usd


def breakers(user: User, *, at: datetime, also: Scope | None = None) -> list[Breaker]:
    """Return every scope in sight with a cap, a block or a history, and `also` one without.

    The number of queries is the same for any number of scopes.
    """
    guarded = board(user, at=at)
    if not guarded:
        return []
    scopes = [each.scope for each in guarded]
    last, overridden = _last_steps(scopes), overridden_until(scopes, at=at)
    heard = signals(today=today_at(at).on)
    return [
        _breaker(
            each,
            guarded,
            last=last.get(each.scope.pk),
            is_silent=heard.is_silent(each.scope, at=at),
            overridden_until=overridden.get(each.scope.pk),
        )
        for each in guarded
        if not each.is_quiet or each.scope.pk in last or each.scope == also
    ]


def seen_alone(scope: Scope, among: Iterable[Breaker]) -> Breaker:
    """Return a scope's breaker of several."""
    return next(each for each in among if each.scope.pk == scope.pk)


def _breaker(
    each: Guarded,
    every: Sequence[Guarded],
    *,
    last: ScopeStep | None,
    is_silent: bool,
    overridden_until: datetime | None,
) -> Breaker:
    above = path_to(each.scope, every)
    binding = binding_of(each, above)
    holder = binding.cap.scope_id if binding else None
    path = _without_repeats([Rung(one.scope, one.scope.pk == holder) for one in above])
    return Breaker(each, path, binding, last, is_silent, overridden_until)


def _without_repeats(path: Sequence[Rung]) -> list[Rung]:
    """Leave out a unit that only repeats the company's name: the unit at the top is called so."""
    found = list(path[:1])
    for rung in path[1:]:
        if rung.scope.name != found[-1].scope.name or rung is path[-1]:
            found.append(rung)
        elif rung.is_binding:
            found[-1] = rung
    return found


def path_to(scope: Scope, every: Iterable[Guarded]) -> list[Guarded]:
    """Return the scopes above one that are in sight, the company first, and at last itself."""
    unit = unit_of(scope)

    def holds(other: Scope) -> bool:
        if other.pk == scope.pk:
            return True
        if other.cost_object_id is not None:
            return False
        return other.unit is None or (unit is not None and unit.path.startswith(other.unit.path))

    def depth(each: Guarded) -> tuple[int, bool]:
        own = unit_of(each.scope)
        return len(own.path.split("/")) if own else 0, each.scope.cost_object_id is not None

    return sorted((each for each in every if holds(each.scope)), key=depth)


def binding_of(own: Guarded, above: Iterable[Guarded]) -> Reading | None:
    """Return the cap that would stop a scope first, or that tells of it where none would.

    A protected scope is held by its own caps alone: those above it page people instead.
    """
    holding = [own] if own.scope.protected else above
    hard = [r for each in holding for r in each.readings if r.cap.mode == Cap.Mode.HARD]
    found = hard or own.readings
    return min(found, key=lambda reading: reading.verdict.remaining_usd, default=None)


def _last_steps(scopes: Sequence[Scope]) -> Mapping[int, ScopeStep]:
    steps = ScopeStep.objects.filter(scope__in=scopes).select_related("by__person")
    newest = steps.order_by("scope", "-at", "-pk").distinct("scope")
    return {step.scope_id: step for step in newest}


# Sorted so, the most urgent comes first: what is stopped, tried, held back, and what runs.
URGENCY = {
    state: place
    for place, state in enumerate(
        (
            ScopeState.OPEN,
            ScopeState.HALF_OPEN,
            ScopeState.THROTTLED,
            ScopeState.DOWNGRADED,
            ScopeState.CLOSED,
        )
    )
}
ORDERS: Mapping[str, Callable[[Breaker], Any]] = {
    "name": lambda each: each.scope.name.casefold(),
    "state": lambda each: URGENCY[each.state],
    "used": lambda each: -1 if each.used is None else each.used,
    "changed": lambda each: each.last.at.timestamp() if each.last else 0.0,
    "owner": lambda each: each.scope.owner.casefold(),
}
DEFAULT_ORDER = "state"


def chosen(
    found: Iterable[Breaker], *, state: str = "", unit: str = "", order: str = DEFAULT_ORDER
) -> list[Breaker]:
    """Return those in a state and a unit, in order; a name that is none chooses nothing."""
    kept = [
        each
        for each in found
        if (not state or each.state == state) and (not unit or _is_in(each.scope, unit))
    ]
    key = ORDERS.get(order.removeprefix("-"), ORDERS[DEFAULT_ORDER])
    # Equal ones keep one order, or a list that is read anew would jump.
    kept.sort(key=lambda each: each.scope.slug)
    return sorted(kept, key=key, reverse=order.startswith("-"))


def _is_in(scope: Scope, unit_slug: str) -> bool:
    unit = unit_of(scope)
    return unit is not None and unit.slug == unit_slug


def units_of(found: Iterable[Breaker]) -> list[tuple[str, str]]:
    """Return the units that have a breaker, by name."""
    units = {unit.slug: unit.name for each in found if (unit := unit_of(each.scope))}
    return sorted(units.items(), key=lambda pair: pair[1].casefold())
