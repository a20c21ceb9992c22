"""Policy as tests need it: scopes of the cast, and spend booked where a cap counts it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ingestion.models import CostStatus, MinuteUse, UnitDay
from org.models import CostObject, Unit, User
from policy.models import Cap, Guard, MarginEntry, Scope
from policy.operations.guards import GuardTerms, put_guard
from policy.operations.scopes import put_cap, put_scope
from tests.factories.org import new_cost_object

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)


def org_scope() -> Scope:
    return put_scope(slug="org", name="Acme", parent_slug=None, at=AT)


def unit_scope(unit: Unit) -> Scope:
    """Put a unit's scope right beneath the organisation."""
    org_scope()
    return put_scope(slug=f"unit:{unit.slug}", name=unit.name, parent_slug="org", unit=unit, at=AT)


def drafter_scope(unit: Unit) -> Scope:
    """Put the scope of the experiment `Support drafter`, owned by a unit."""
    cost_object = new_cost_object(name="Support drafter", slug="support-drafter", unit=unit)
    return put_scope(
        slug="initiative:support-drafter",
        name="Support drafter",
        parent_slug=unit_scope(unit).slug,
        cost_object=cost_object,
        owner="Grace",
        contact="grace@example.org",
        at=AT,
    )


def cap(scope: Scope, limit_usd: str, *, by: User | None = None, **values: Any) -> Cap:
    """Set a hard cap, a day's where nothing else is said."""
    plain: dict[str, Any] = {
        "window": "day",
        "mode": "hard",
        "starts_on": TODAY,
        "ends_on": None,
        "at": AT,
    }
    return put_cap(scope=scope, limit_usd=Decimal(limit_usd), by=by, **(plain | values))


def spend(
    usd: str,
    *,
    unit: Unit | None = None,
    cost_object: CostObject | None = None,
    on: date = TODAY,
    metered: bool = True,
) -> UnitDay:
    """Book spend to a unit's day; more of the same day adds up."""
    row, _ = UnitDay.objects.get_or_create(
        reporting_day=on,
        unit=unit,
        cost_object=cost_object,
        provider="openai",
        model="gpt-5",
        status=CostStatus.ESTIMATED,
        metered=metered,
        defaults={
            "rule_book": 1,
            "is_core": cost_object is None,
            "calls": 0,
            "in_tokens": 0,
            "out_tokens": 0,
            "cost_usd": Decimal(0),
            "list_usd": Decimal(0),
        },
    )
    row.cost_usd += Decimal(usd)
    row.calls += 1
    row.save()
    return row


def guard(scope: Scope, *, by: User, at: datetime = AT, **terms: Any) -> Guard:
    """Set a guard, amounts and shares given as texts."""
    exact: dict[str, Any] = {
        name: Decimal(value) if isinstance(value, str) else value for name, value in terms.items()
    }
    return put_guard(scope=scope, terms=GuardTerms(**exact), by=by, at=at)


def minute(
    usd: str,
    at: datetime,
    *,
    unit: Unit | None = None,
    cost_object: CostObject | None = None,
    calls: int = 1,
) -> MinuteUse:
    """Count calls of a minute, as a load would; more of the same minute adds up."""
    row, _ = MinuteUse.objects.get_or_create(
        minute=at.replace(second=0, microsecond=0),
        unit=unit,
        cost_object=cost_object,
        defaults={"calls": 0, "tokens": 0, "cost_usd": Decimal(0)},
    )
    row.calls, row.cost_usd = row.calls + calls, row.cost_usd + Decimal(usd)
    row.save()
    return row


def earned(
    scope: Scope, start: datetime, end: datetime, revenue_usd: str, other_usd: str, *, by: User
) -> MarginEntry:
    """Keep what a scope brought in and cost beside its calls over some time."""
    return MarginEntry.objects.create(
        scope=scope,
        key=f"{scope.slug} {start}",
        starts_at=start,
        ends_at=end,
        revenue_usd=Decimal(revenue_usd),
        other_cogs_usd=Decimal(other_usd),
        recorded_at=end,
        recorded_by=by,
    )
