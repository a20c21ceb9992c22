"""The scopes that budgets put into policy: experiments, with their caps."""

from datetime import date, datetime
from decimal import Decimal

from budgets.models import Initiative
from org.models import CostObject, User
from policy.models import Cap, Scope
from policy.operations.breaker import block
from policy.operations.scopes import put_cap, put_scope
from policy.operations.unit_scopes import ensure_unit_scope
from policy.permissions import can_stop_scope


def put_experiment_scope(
    *, initiative: Initiative, cost_object: CostObject, held_usd: Decimal, by: User, at: datetime
) -> Scope:
    """Put the experiment's scope beneath its unit, with its two hard caps.

    In total it may spend what it holds of its pool.

    The caps carry no end: should nobody come by on the end date to block the scope, they
    still hold.
    """
    scope = put_who_answers(initiative=initiative, cost_object=cost_object, at=at)
    for window, limit_usd in (
        (Cap.Window.DAY, initiative.daily_cap_usd),
        (Cap.Window.TOTAL, held_usd),
    ):
        _put_hard_cap(initiative, scope, window, limit_usd, by=by, at=at)
    return scope


def put_total_cap(
    *, initiative: Initiative, held_usd: Decimal, at: datetime, ends_on: date | None = None
) -> None:
    """Let the experiment spend what it holds by now; from `ends_on` on it is core."""
    scope = Scope.objects.get(slug=scope_slug(initiative))
    _put_hard_cap(initiative, scope, Cap.Window.TOTAL, held_usd, ends_on=ends_on, by=None, at=at)


def put_caps_again(*, initiative: Initiative, total_usd: Decimal, at: datetime) -> None:
    """Put the caps of one that begins anew, from its first day on; a total of nothing blocks."""
    scope = Scope.objects.get(slug=scope_slug(initiative))
    for window, limit_usd in (
        (Cap.Window.DAY, initiative.daily_cap_usd),
        (Cap.Window.TOTAL, total_usd),
    ):
        standing = scope.caps.filter(window=window, mode=Cap.Mode.HARD, retired_at=None)
        if window == Cap.Window.DAY and standing.filter(limit_usd=limit_usd).exists():
            continue  # the day's cap holds in core as before and after
        _put_hard_cap(initiative, scope, window, limit_usd, by=None, at=at)


def _put_hard_cap(
    initiative: Initiative,
    scope: Scope,
    window: Cap.Window,
    limit_usd: Decimal,
    *,
    by: User | None,
    at: datetime,
    ends_on: date | None = None,
) -> None:
    put_cap(
        scope=scope,
        window=window,
        limit_usd=limit_usd,
        mode=Cap.Mode.HARD,
        starts_on=initiative.starts_on,
        ends_on=ends_on,
        by=by,
        at=at,
    )


def put_who_answers(*, initiative: Initiative, cost_object: CostObject, at: datetime) -> Scope:
    """Put a scope with who answers for it now, beneath its unit; its caps stay as they are.

    The cost object is the experiment's own, or that of a second department's part of it.
    """
    answers = initiative.on_call or initiative.owner
    return put_scope(
        slug=f"initiative:{cost_object.slug}",
        name=cost_object.name,
        parent_slug=ensure_unit_scope(unit=cost_object.unit, at=at).slug,
        cost_object=cost_object,
        owner=str(initiative.owner),
        contact=answers.email or str(answers),
        at=at,
    )


def block_experiment(
    *, initiative: Initiative, code: str, text: str, by: User | None, at: datetime
) -> None:
    """Block the experiment's scope for good, whoever of those that may stop it asks."""
    scope = Scope.objects.select_related("cost_object__unit").get(slug=scope_slug(initiative))
    # An owner may stop her own experiment without a role in its unit; then the product blocks.
    holder = by if by is not None and can_stop_scope(by, scope=scope) else None
    block(scope=scope, code=code, text=text, by=holder, at=at, until=None)


def scope_slug(initiative: Initiative) -> str:
    return f"initiative:{initiative.slug}"
