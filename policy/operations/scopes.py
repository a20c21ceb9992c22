"""Setting guardrails: scopes and the caps on them, as budgets and people decide them.

None of these publishes: whoever changes several things calls `publish` once, last.
"""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from finops.money import to_cents
from org import audit
from org.models import CostObject, Unit, User
from org.refusals import Invalid, NotThere
from policy.models import Cap, Scope
from policy.operations.breaker import judge_scopes
from policy.operations.watching import BY_CLOCK, begin_watch


@transaction.atomic
def put_scope(
    *,
    slug: str,
    name: str,
    parent_slug: str | None,
    unit: Unit | None = None,
    cost_object: CostObject | None = None,
    owner: str = "",
    contact: str = "",
    at: datetime,
) -> Scope:
    """Make a scope, or bring the one of this slug up to date; a retired one lives again."""
    _check_slug(slug, unit=unit, cost_object=cost_object)
    fields = {
        "name": name,
        "parent": _parent(parent_slug),
        "unit": unit,
        "cost_object": cost_object,
        "owner": owner,
        "contact": contact,
        "retired_at": None,
    }
    standing = Scope.objects.filter(slug=slug).first()
    if standing is not None and all(getattr(standing, name) == fields[name] for name in fields):
        return standing
    detail = {"name": name, "owner": owner}
    audit.record(actor=None, action="policy.scope_put", subject=slug, at=at, detail=detail)
    scope, _ = Scope.objects.update_or_create(
        slug=slug, defaults=fields, create_defaults={**fields, "since": at}
    )
    return scope


@transaction.atomic
def put_cap(
    *,
    scope: Scope,
    window: str,
    limit_usd: Decimal,
    mode: str,
    starts_on: date,
    ends_on: date | None,
    by: User | None,
    at: datetime,
) -> Cap:
    """Set a cap in place of the one with its window and mode, and judge the scope by it.

    The earlier cap is retired, not edited: what was blocked by it can still be explained.
    """
    cap = Cap(
        scope=scope,
        window=window,
        limit_usd=limit_usd,
        mode=mode,
        starts_on=starts_on,
        ends_on=ends_on,
        set_by=by,
    )
    _check_cap(cap)
    same = scope.caps.filter(window=window, mode=mode, retired_at__isnull=True)
    standing = same.first()
    if standing is not None and _terms(standing) == _terms(cap):
        return standing
    if window in BY_CLOCK:
        begin_watch(scope, at=at)
    detail = {"window": window, "mode": mode, "limit_usd": limit_usd, "starts_on": starts_on}
    audit.record(actor=by, action="policy.cap_set", subject=scope.slug, at=at, detail=detail)
    locked = _lock(scope)
    same.update(retired_at=at)
    cap.save(force_insert=True)
    judge_scopes(Q(pk=locked.pk), at=at)
    return cap


@transaction.atomic
def retire_scope(*, scope: Scope, by: User | None, at: datetime) -> Scope:
    """Take a scope and its caps out of the policy; its history stays."""
    audit.record(actor=by, action="policy.scope_retired", subject=scope.slug, at=at)
    locked = _lock(scope)
    locked.retired_at = at
    locked.save(update_fields=["retired_at"])
    locked.caps.filter(retired_at__isnull=True).update(retired_at=at)
    locked.guards.filter(retired_at__isnull=True).update(retired_at=at)
    return locked


def _lock(scope: Scope) -> Scope:
    live = Scope.objects.select_for_update().filter(pk=scope.pk, retired_at__isnull=True)
    locked = live.first()
    if locked is None:
        raise NotThere(f"{scope.name} is no longer a scope of the policy.")
    return locked


def _parent(slug: str | None) -> Scope | None:
    if slug is None:
        return None
    parent = Scope.objects.filter(slug=slug).first()
    if parent is None:
        raise NotThere(f"There is no scope {slug}: put the parent before what is beneath it.")
    return parent


def _check_slug(slug: str, *, unit: Unit | None, cost_object: CostObject | None) -> None:
    """Refuse a slug that does not name what the scope counts: `assign` finds scopes by it."""
    if unit is not None and cost_object is not None:
        raise Invalid(f"The scope {slug} counts a unit or a cost object, not both.")
    expected = "org"
    if unit is not None:
        expected = f"unit:{unit.slug}"
    if cost_object is not None:
        expected = f"initiative:{cost_object.slug}"
    if slug != expected:
        raise Invalid(f"The scope must be called {expected}, not {slug}.")


def _check_cap(cap: Cap) -> None:
    if cap.window not in Cap.Window.values:
        raise Invalid(f"A cap's window is one of {', '.join(Cap.Window.values)}, not {cap.window}.")
    if cap.mode not in Cap.Mode.values:
        raise Invalid(f"A cap's mode is one of {', '.join(Cap.Mode.values)}, not {cap.mode}.")
    if not cap.limit_usd.is_finite() or cap.limit_usd < 0:
        raise Invalid(f"A cap cannot be {cap.limit_usd} dollars: it is zero or more.")
    if to_cents(cap.limit_usd) != cap.limit_usd:
        raise Invalid(f"A cap is given in whole cents, not {cap.limit_usd}.")
    if cap.ends_on is not None and cap.ends_on <= cap.starts_on:
        raise Invalid(f"A cap cannot end on {cap.ends_on}, before it starts.")


def _terms(cap: Cap) -> tuple[Decimal, date, date | None]:
    return cap.limit_usd, cap.starts_on, cap.ends_on
