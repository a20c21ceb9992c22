"""Routers' words beside what usage shows, by day and by router: who tells more, who tells less."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Greatest

from finops.periods import Period
from ingestion.models import UnitDay
from ingestion.queries.spend import ZERO_USD
from policy.models import Lease, StrayUse
from policy.wording import dollars

_SEEN = F("metered_usd") + F("unmetered_usd")
# Said by a router, shown by no usage; and shown by usage, never said.
UNSEEN = Greatest(F("used_usd") - _SEEN - F("written_off_usd"), ZERO_USD)
UNTOLD = Greatest(_SEEN - F("used_usd"), ZERO_USD)
_SUMS = {
    "leases": Count("pk"),
    "granted_usd": Sum("granted_usd"),
    "told_usd": Sum("used_usd"),
    "seen_usd": Sum(_SEEN),
    "unseen_usd": Sum(UNSEEN),
    "untold_usd": Sum(UNTOLD),
    "held_usd": Sum("held_usd"),
}


@dataclass(frozen=True, slots=True)
class LeaseSums:
    """Leases of one day, or of one router: its words, what usage shows, where they differ.

    `unseen_usd` was reported and is not seen in usage, `untold_usd` the other way round.
    """

    name: str
    leases: int
    granted_usd: Decimal
    told_usd: Decimal
    seen_usd: Decimal
    unseen_usd: Decimal
    untold_usd: Decimal
    held_usd: Decimal


@dataclass(frozen=True, slots=True)
class LeaseDay:
    """A day's leases beside all that was spent on it, by whatever source counts."""

    on: date
    sums: LeaseSums
    spent_usd: Decimal
    leased_usd: Decimal

    @property
    def unleased_usd(self) -> Decimal:
        """What counts as spent of the day and came by ways on which nothing is leased."""
        return self.spent_usd - self.leased_usd


def by_router(period: Period) -> list[LeaseSums]:
    """Return the sums of each router's leases, those whose words differ most first."""
    found = [LeaseSums(**row) for row in _grouped(_within(period), "sidecar")]
    return sorted(found, key=lambda row: (-row.unseen_usd - row.untold_usd, row.name))


def by_day(period: Period) -> list[LeaseDay]:
    """Return each day's leases beside the day's whole spend, the newest first."""
    days = UnitDay.objects.filter(
        metered=True, reporting_day__gte=period.start, reporting_day__lt=period.end
    )
    spent = dict(days.values_list("reporting_day").annotate(usd=Sum("cost_usd")).order_by())
    within = _within(period)
    leased = dict(within.values_list("granted_on").annotate(usd=Sum("metered_usd")).order_by())
    rows = {row["name"]: row for row in _grouped(within, "granted_on")}
    return [
        LeaseDay(
            on=on,
            sums=LeaseSums(**_named(rows.get(on), str(on))),
            spent_usd=spent.get(on, Decimal(0)),
            leased_usd=leased.get(on, Decimal(0)),
        )
        for on in sorted({*spent, *rows}, reverse=True)
    ]


def stray_use(period: Period) -> list[StrayUse]:
    """Return usage that named leases which are not there, or not the sender's."""
    found = StrayUse.objects.filter(on__gte=period.start, on__lt=period.end)
    return list(found.select_related("sender__person").order_by("-on", "pk"))


def unseen_sentence(*, at: datetime) -> str:
    """Say what routers reported that no usage shows; empty where there is nothing."""
    ended = Lease.objects.filter(Q(is_final=True) | Q(expires_at__lte=at), held_usd__gt=0)
    sums = ended.annotate(unseen=UNSEEN).filter(unseen__gt=0)
    found = sums.aggregate(leases=Count("pk"), usd=Coalesce(Sum("unseen"), ZERO_USD))
    if not found["leases"]:
        return ""
    leases = "lease" if found["leases"] == 1 else "leases"
    return (
        f"Routers reported {dollars(found['usd'])} on {found['leases']} {leases} that no usage"
        " shows. It is held until usage comes, or somebody writes it off."
    )


def _within(period: Period) -> QuerySet[Lease]:
    return Lease.objects.filter(granted_on__gte=period.start, granted_on__lt=period.end)


def _grouped(leases: QuerySet[Lease], by: str) -> list[dict[str, Any]]:
    rows = leases.values(name=F(by)).annotate(**_SUMS).order_by()
    return [dict(row) for row in rows]


def _named(row: dict[str, Any] | None, name: str) -> dict[str, Any]:
    if row is None:
        return {"name": name, **dict.fromkeys(_SUMS, Decimal(0)), "leases": 0}
    return row | {"name": name}
