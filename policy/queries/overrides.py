"""Which limit of a cap holds, and the overrides of a scope."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from org.models import User
from policy.models import Cap, Override, Scope
from policy.models.overrides import OverrideQuerySet
from policy.permissions import scopes_visible_to

OVERRIDE = "override"
_PEOPLE = ("scope", "cap", "requested_by__person", "approval__decided_by__person")


def limit_in_force(cap: Cap, *, at: datetime) -> Decimal:
    """Return the dollars at which a cap holds: an override's while one is in force."""
    if cap.raised_to_usd is None or cap.raised_until is None or cap.raised_until <= at:
        return cap.limit_usd
    return cap.raised_to_usd


def overrides_visible_to(user: User) -> OverrideQuerySet:
    """Return every override of scopes that the user may see, the newest first."""
    seen = Override.objects.filter(scope__in=scopes_visible_to(user))
    return seen.select_related(*_PEOPLE).order_by("-pk")


def overrides_of(scope: Scope) -> OverrideQuerySet:
    """Return what is in force on a scope or waits for its signature, the first to end first."""
    return (
        Override.objects.live()
        .filter(scope=scope)
        .select_related(*_PEOPLE)
        .order_by("expires_at", "pk")
    )


def overrides_over(scopes: QuerySet[Scope], *, at: datetime) -> OverrideQuerySet:
    """Return what is in force or waits on these scopes, what is only due to end left out."""
    live = Override.objects.live().filter(scope__in=scopes, expires_at__gt=at)
    return live.select_related(*_PEOPLE).order_by("expires_at", "pk")


def overrides_due(*, at: datetime) -> OverrideQuerySet:
    """Return live overrides that have to end: their time is up, or their cap was replaced."""
    over = Q(expires_at__lte=at) | Q(cap__retired_at__isnull=False)
    return Override.objects.live().filter(over).order_by("pk")


def period_budget_usd(scope: Scope, caps: list[Cap]) -> Decimal | None:
    """Return what a fiscal period has to spend, as far as caps in force say it; else None.

    The scope's own cap of the period says it, a hard one before a soft one; without it
    its cap in total, which is the whole budget of an experiment. A unit whose budget
    is not pushed as a cap says nothing.
    """
    for window in (Cap.Window.PERIOD, Cap.Window.TOTAL):
        own = {cap.mode: cap for cap in caps if cap.window == window and cap.scope_id == scope.pk}
        for mode in (Cap.Mode.HARD, Cap.Mode.SOFT, Cap.Mode.ALERT):
            if mode in own:
                return own[mode].limit_usd
    return None
