"""The whole story: every scene in the order of time, all of it or nothing."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum

from budgets.operations.initiatives import expire_due
from dashboard.demo import (
    budgets,
    cast,
    cost_report,
    deliveries,
    fleet,
    flex,
    gates,
    grading,
    guardrails,
    guards,
    initiatives,
    interventions,
    outcomes,
    prices,
    proofs,
    quotas,
    revisions,
    rules,
    waivers,
    watches,
)
from dashboard.demo.history import History, Scene, history_until
from dashboard.demo.usage_files import volumes
from ingestion.models import CostStatus, Event, UnitDay
from org.models import Company, Person, Unit
from org.refusals import Invalid, Refusal
from policy.operations.upkeep import keep_up

FEWEST_CALLS, MOST_CALLS = 1_000, 5_000_000
MOST_YEARS = 5


class NotEmpty(Refusal):
    """There is a company already, and two never share a ledger."""

    title = "The database is not empty"


@dataclass(frozen=True, slots=True)
class Summary:
    """What the demo left behind."""

    units: int
    people: int
    calls: int
    unpriced_calls: int
    spend_usd: Decimal
    unallocated_usd: Decimal


def play(*, now: datetime, years: int, calls: int) -> Summary:
    """Play the demo company's history up to `now`, in one transaction.

    Raises NotEmpty where a company or a call is there already, Invalid for a number of
    years or calls that makes no demo.
    """
    _check(years=years, calls=calls)
    zone = ZoneInfo(settings.TOKENOPS_TIME_ZONE)
    history = history_until(now, zone=zone, years=years, calls=calls)
    with transaction.atomic():
        _refuse_company()
        for scene in scenes(history):
            scene.act(scene.at)
        expire_due(at=now)
        keep_up(at=now)
    return summary()


def scenes(history: History) -> list[Scene]:
    """Return what happens up to now, in the order in which it happens."""
    people = cast.Cast({}, {})
    parts = volumes(history)
    every = [
        *cast.scenes(history, people),
        *guardrails.scenes(history, people, parts),
        *guards.scenes(history, people, parts),
        *quotas.scenes(history, people),
        *grading.scenes(history, people),
        *budgets.scenes(history, people, parts),
        *revisions.scenes(history, people),
        *rules.scenes(history, people),
        *prices.scenes(history, people),
        *deliveries.scenes(history, people, parts),
        *initiatives.scenes(history, people),
        *outcomes.scenes(history, people, parts),
        *cost_report.scenes(history, people),
        *interventions.scenes(history, people),
        *fleet.scenes(history, people),
        *gates.scenes(history, people),
        *proofs.scenes(history, people),
        *watches.scenes(history),
        *flex.scenes(history, people),
        *waivers.scenes(history, people),
    ]
    begun = (scene for scene in every if scene.at <= history.now)
    return sorted(begun, key=lambda scene: scene.at)


def summary() -> Summary:
    days = UnitDay.objects.filter(metered=True).aggregate(
        all_calls=Sum("calls", default=0),
        unpriced=Sum("calls", filter=Q(status=CostStatus.UNPRICED), default=0),
        usd=Sum("cost_usd", default=Decimal(0)),
        unallocated=Sum("cost_usd", filter=Q(unit=None), default=Decimal(0)),
    )
    return Summary(
        units=Unit.objects.count(),
        people=Person.objects.count(),
        calls=days["all_calls"],
        unpriced_calls=days["unpriced"],
        spend_usd=days["usd"],
        unallocated_usd=days["unallocated"],
    )


def _check(*, years: int, calls: int) -> None:
    if not 1 <= years <= MOST_YEARS:
        raise Invalid.of("years", f"The demo tells of 1 to {MOST_YEARS} fiscal years, not {years}.")
    if not FEWEST_CALLS <= calls <= MOST_CALLS:
        raise Invalid.of(
            "calls", f"The demo makes {FEWEST_CALLS:,} to {MOST_CALLS:,} calls, not {calls:,}."
        )


def _refuse_company() -> None:
    company = Company.objects.first()
    if company is not None or Event.objects.exists():
        name = f"“{company}”" if company else "usage of a company"
        raise NotEmpty(f"This database holds {name} already; the demo needs an empty one.")
