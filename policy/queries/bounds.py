"""The bounds of scopes with hard caps, read in a fixed number of queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Sum
from django.db.models.functions import Greatest

from finops.periods import ONE_DAY, Period
from ingestion.models import UnitDay
from org.queries.calendar import reporting_today
from policy.bounds import Bound
from policy.document import content_of
from policy.lease_terms import LOOKED_BACK
from policy.models import Cap, Lease, Scope, Sidecar
from policy.queries.board import Guarded, with_readings
from policy.queries.held import counts
from policy.queries.meters import Reading
from policy.queries.revisions import current_revision

HEARD_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class _Placed:
    """Dollars by unit path and cost object: what was spent, and what leases say of it."""

    path: str | None
    cost_object_id: int | None
    usd: Decimal
    exceeded_usd: Decimal = Decimal(0)

    def counts_for(self, scope: Scope) -> bool:
        return counts(scope, path=self.path, cost_object_id=self.cost_object_id)


@dataclass(frozen=True, slots=True)
class _Past:
    """What really happened in the days looked back, and who is there; read once for all."""

    spent: Sequence[_Placed]
    leased: Sequence[_Placed]
    allowances: Mapping[str, Decimal | None]
    routers: int


def bounds_of(guarded: Iterable[Guarded], *, at: datetime) -> list[Bound]:
    """Return the bound of each scope that has a hard cap."""
    capped = [each for each in guarded if hard_readings(each)]
    if not capped:
        return []
    past = _past(at=at)
    return [_bound(each, past) for each in capped]


def bound_of(slug: str, *, at: datetime) -> Bound | None:
    """Return the bound of one scope; None where it has no hard cap."""
    live = Scope.objects.filter(slug=slug, retired_at__isnull=True)
    found = with_readings(live.select_related("unit", "cost_object__unit"), at=at)
    return next(iter(bounds_of(found, at=at)), None)


def hard_readings(guarded: Guarded) -> list[Reading]:
    return [each for each in guarded.readings if each.cap.mode == Cap.Mode.HARD]


def _past(*, at: datetime) -> _Past:
    today = reporting_today(at)
    back = Period(today - LOOKED_BACK + ONE_DAY, today + ONE_DAY)
    return _Past(
        spent=_spent(back),
        leased=_leased(back),
        allowances=_allowances(),
        routers=Sidecar.objects.filter(seen_at__gt=at - HEARD_WITHIN).count(),
    )


def _bound(guarded: Guarded, past: _Past) -> Bound:
    scope = guarded.scope
    leased = [each for each in past.leased if each.counts_for(scope)]
    spent = (each.usd for each in past.spent if each.counts_for(scope))
    metered = (each.usd for each in leased)
    return Bound(
        scope=scope,
        exceeded_usd=sum((each.exceeded_usd for each in leased), Decimal(0)),
        held_usd=max(each.held_usd or Decimal(0) for each in hard_readings(guarded)),
        allowance_usd=past.allowances.get(scope.slug, Decimal(0)),
        routers=past.routers,
        unleased_usd=sum(spent, Decimal(0)) - sum(metered, Decimal(0)),
        days=LOOKED_BACK.days,
    )


def _spent(back: Period) -> list[_Placed]:
    days = UnitDay.objects.filter(
        metered=True, reporting_day__gte=back.start, reporting_day__lt=back.end
    )
    grouped = days.values_list("unit__path", "cost_object_id").annotate(usd=Sum("cost_usd"))
    return [_Placed(*row) for row in grouped.order_by()]


def _leased(back: Period) -> list[_Placed]:
    leases = Lease.objects.filter(granted_on__gte=back.start, granted_on__lt=back.end)
    over = Greatest(F("used_usd"), F("metered_usd"), F("granted_usd")) - F("granted_usd")
    of_object, of_unit = "scope__cost_object__unit__path", "scope__unit__path"
    grouped = leases.values_list("scope__cost_object_id", of_object, of_unit).annotate(
        usd=Sum("metered_usd"), over=Sum(over)
    )
    return [
        _Placed(above or own, thing, usd, exceeded_usd)
        for thing, above, own, usd, exceeded_usd in grouped.order_by()
    ]


def _allowances() -> dict[str, Decimal | None]:
    """Return what the published policy lets a router spend that is cut off; None: no bound."""
    revision = current_revision()
    scopes = content_of(bytes(revision.body))["scopes"] if revision else []
    return {scope["id"]: _allowance(scope["when_stale"]) for scope in scopes}


def _allowance(when_stale: Mapping[str, str]) -> Decimal | None:
    if when_stale["mode"] == "open":
        return None
    return Decimal(when_stale.get("usd", "0"))
