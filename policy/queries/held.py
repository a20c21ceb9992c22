"""What routers hold on lease, by where and on which day: one query for all scopes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from finops import cap as caps
from policy.models import Cap, Lease, Scope
from policy.queries.meters import Today, clock_window, window_name


@dataclass(frozen=True, slots=True)
class HeldAt:
    """Dollars held of leases of one day in one place; `path` is None where no unit has it."""

    on: date
    path: str | None
    cost_object_id: int | None
    usd: Decimal


def counts(scope: Scope, *, path: str | None, cost_object_id: int | None) -> bool:
    """Test whether a scope counts what is of a unit's path and a cost object."""
    if scope.cost_object_id is not None:
        return cost_object_id == scope.cost_object_id
    if scope.unit is not None:
        return path is not None and path.startswith(scope.unit.path)
    return True


def held_everywhere() -> list[HeldAt]:
    """Return what is held, leases of long ago that nobody reconciled among it."""
    of_object, of_unit = "scope__cost_object__unit__path", "scope__unit__path"
    rows = (
        Lease.objects.filter(held_usd__gt=0)
        .values_list("granted_on", "scope__cost_object_id", of_object, of_unit)
        .annotate(usd=Sum("held_usd"))
        .order_by()
    )
    return [HeldAt(on, above or own, thing, usd) for on, thing, above, own, usd in rows]


def held_under(cap: Cap, scope: Scope, *, held: Iterable[HeldAt], today: Today) -> Decimal:
    """Return what of a cap's present window is held; of minutes and hours nothing is leased."""
    if clock_window(cap) is not None:
        return Decimal(0)
    window = caps.window_of(window_name(cap), today.on, today.period)

    def is_within(on: date) -> bool:
        return on in window if window else on >= cap.starts_on

    found = (
        each.usd
        for each in held
        if is_within(each.on) and counts(scope, path=each.path, cost_object_id=each.cost_object_id)
    )
    return sum(found, Decimal(0))
