"""Who may see and stop which scope, set its quotas, and rank models."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from org.models import Role, Unit, User
from org.permissions import can_see_company, can_stop, has_role
from policy.models import Scope

FEEDERS = (Role.ENGINEER, Role.FINANCE, Role.ADMIN)
GUARDS = (Role.CFO, Role.ENGINEER)
STOPPERS = (Role.GM, Role.CFO, Role.ENGINEER)
QUOTA_SETTERS = (Role.GM, Role.CFO, Role.FINANCE, Role.ENGINEER)
DATA_ROLES = (Role.CFO, Role.FINANCE, Role.ENGINEER, Role.ADMIN, Role.AUDITOR)
RANKERS = (Role.ENGINEER, Role.FINANCE, Role.ADMIN)
TIER_DECIDERS = (Role.CFO, Role.FINANCE)
WRITERS_OFF = (Role.CFO, Role.FINANCE, Role.ADMIN)


def unit_of(scope: Scope) -> Unit | None:
    """Return the unit that answers for a scope; None for the organisation."""
    if scope.trial_of is not None:
        return unit_of(scope.trial_of)
    return scope.cost_object.unit if scope.cost_object else scope.unit


def can_stop_scope(user: User, *, scope: Scope) -> bool:
    """Test whether the user may block the scope at once, and lift the block."""
    unit = unit_of(scope)
    if unit is None:
        return has_role(user, *STOPPERS)
    return can_stop(user, unit=unit)


def can_guard_scope(user: User, *, scope: Scope) -> bool:
    """Test whether the user may say what is watched of the scope, and how its breaker acts."""
    return has_role(user, *GUARDS, unit=unit_of(scope))


def can_feed_margins(user: User, *, scope: Scope) -> bool:
    """Test whether the user may tell what the scope brought in and cost beside its calls."""
    return has_role(user, *FEEDERS, unit=unit_of(scope))


def can_see_scope(user: User, *, scope: Scope) -> bool:
    """Test whether the user reads what becomes of a scope."""
    return scopes_visible_to(user).filter(pk=scope.pk).exists()


def can_set_quota(user: User, *, scope: Scope) -> bool:
    """Test whether the user may say how much of a scope people may use."""
    return has_role(user, *QUOTA_SETTERS, unit=unit_of(scope))


def those_stoppable_by(user: User, scopes: Iterable[Scope]) -> list[Scope]:
    """Return the scopes for which `can_stop_scope` holds, in one query for all of them."""
    held = list(user.memberships.filter(role__in=STOPPERS).select_related("unit"))
    if any(membership.unit is None for membership in held):
        return list(scopes)
    own = tuple(membership.unit.path for membership in held if membership.unit is not None)
    owned = ((scope, unit_of(scope)) for scope in scopes)
    return [scope for scope, unit in owned if unit is not None and unit.path.startswith(own)]


def scopes_visible_to(user: User) -> QuerySet[Scope]:
    """Return the live scopes of the units the user may see; the organisation's to its readers."""
    units = Unit.objects.visible_to(user)
    own = Q(unit__in=units) | Q(cost_object__unit__in=units)
    if can_see_company(user):
        own |= Q(unit__isnull=True, cost_object__isnull=True)
    live = Scope.objects.filter(own, retired_at__isnull=True, trial_of__isnull=True)
    return live.select_related("unit", "cost_object__unit", "held_by__person")


def can_protect(user: User) -> bool:
    """Test whether the user may say that nothing automatic ever blocks a scope."""
    return has_role(user, Role.CFO)


def can_write_off_leases(user: User) -> bool:
    """Test whether the user may say that what a router never reported was not spent."""
    return has_role(user, *WRITERS_OFF)


def can_see_models(user: User) -> bool:
    """Test whether the user reads which model is ranked, graded and called for what."""
    return has_role(user, *DATA_ROLES)


def can_rank_models(user: User) -> bool:
    """Test whether the user may say in which tier a model stands."""
    return has_role(user, *RANKERS)


def can_decide_tiers(user: User) -> bool:
    """Test whether the user may agree that a tier which holds is changed."""
    return has_role(user, *TIER_DECIDERS)


def can_bind_sidecars(user: User) -> bool:
    """Test whether the user may say which scopes a router is told of."""
    return has_role(user, Role.ENGINEER, Role.ADMIN)


def can_label_workflows(user: User) -> bool:
    """Test whether the user may say what a workflow's calls are."""
    return has_role(user, *RANKERS)


def can_set_requirements(user: User) -> bool:
    """Test whether the user may set the bar that models have to pass."""
    return has_role(user, *TIER_DECIDERS)
