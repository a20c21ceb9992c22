"""Who may do what: one small predicate per question."""

from collections.abc import Iterable

from org.models import Membership, Role, Unit, User
from org.models.tokens import Scope

# Who may do over the API what a scope names; in which units, the operations decide.
ROLES_OF_SCOPE: dict[Scope, frozenset[Role]] = {
    Scope.POLICY_READ: frozenset(Role),
    Scope.SPEND_READ: frozenset(Role),
    Scope.USAGE_WRITE: frozenset({Role.ENGINEER, Role.FINANCE, Role.ADMIN}),
    Scope.IMPORTS_WRITE: frozenset({Role.ENGINEER, Role.FINANCE, Role.ADMIN}),
    Scope.INITIATIVES_WRITE: frozenset({Role.GM, Role.CFO, Role.FINANCE, Role.ENGINEER}),
    Scope.BUDGETS_WRITE: frozenset({Role.GM, Role.CFO, Role.FINANCE}),
    Scope.LEASE_WRITE: frozenset({Role.ENGINEER, Role.FINANCE, Role.ADMIN}),
    Scope.BREAKERS_WRITE: frozenset({Role.GM, Role.CFO, Role.ENGINEER}),
}


def has_role(user: User, *roles: Role, unit: Unit | None = None) -> bool:
    """Test whether the user holds one of the roles company-wide, or for the unit.

    A role held in a unit is held in everything beneath it.
    """
    return among(user.memberships.select_related("unit"), *roles, unit=unit)


def among(memberships: Iterable[Membership], *roles: Role, unit: Unit | None = None) -> bool:
    """Test the same of memberships that were read already."""
    for membership in memberships:
        if membership.role not in roles:
            continue
        if membership.unit is None:
            return True
        if unit is not None and unit.path.startswith(membership.unit.path):
            return True
    return False


def can_see_company(user: User) -> bool:
    """Test whether the user reads across all units."""
    return user.is_active and user.memberships.filter(unit__isnull=True).exists()


def can_request_for(user: User, *, unit: Unit) -> bool:
    return has_role(user, Role.GM, Role.CFO, Role.FINANCE, unit=unit)


def can_manage_rules(user: User) -> bool:
    return has_role(user, Role.FINANCE, Role.ADMIN)


def can_manage_prices(user: User) -> bool:
    return has_role(user, Role.FINANCE, Role.ADMIN)


def can_see_prices(user: User) -> bool:
    return has_role(user, Role.FINANCE, Role.ADMIN, Role.CFO, Role.ENGINEER, Role.AUDITOR)


def can_manage_units(user: User) -> bool:
    return has_role(user, Role.FINANCE, Role.ADMIN)


def can_import(user: User) -> bool:
    return has_role(user, Role.FINANCE, Role.ENGINEER, Role.ADMIN)


def can_save_maps(user: User) -> bool:
    """Test whether the user may save what columns mean; all who load files may use it."""
    return has_role(user, Role.FINANCE, Role.ADMIN)


def can_see_imports(user: User) -> bool:
    return can_import(user) or has_role(user, Role.AUDITOR, Role.CFO)


def can_undo_imports(user: User) -> bool:
    return has_role(user, Role.FINANCE, Role.ADMIN)


def can_change_metering(user: User) -> bool:
    return has_role(user, Role.FINANCE, Role.ADMIN)


def can_manage_connectors(user: User) -> bool:
    """Test whether the user may say which providers are asked, and with which credentials."""
    return has_role(user, Role.FINANCE, Role.ADMIN)


def can_manage_metrics(user: User) -> bool:
    """Test whether the user may say what an outcome is, and type business figures."""
    return has_role(user, Role.FINANCE, Role.ADMIN)


def can_manage_headcount(user: User) -> bool:
    return has_role(user, Role.FINANCE)


def can_see_headcount(user: User, *, unit: Unit) -> bool:
    """Test whether the user may read what a unit's people cost."""
    return has_role(user, Role.FINANCE, Role.CFO, Role.GM, Role.AUDITOR, unit=unit)


def can_see_policy(user: User) -> bool:
    return user.is_active and user.memberships.exists()


def can_manage_people(user: User) -> bool:
    return has_role(user, Role.ADMIN)


def can_manage_webhooks(user: User) -> bool:
    """Test whether the user may say which addresses are told what happens."""
    return has_role(user, Role.FINANCE, Role.ADMIN)


def can_manage_calendar(user: User) -> bool:
    """Test whether the user may say how fiscal years are cut."""
    return has_role(user, Role.CFO, Role.ADMIN)


def can_see_profile(user: User) -> bool:
    """Test whether the user may read what the company is set to: whoever has a role here."""
    return user.is_active and user.memberships.exists()


def can_manage_profile(user: User) -> bool:
    """Test whether the user may answer for the company and decide settings otherwise."""
    return has_role(user, Role.CFO, Role.ADMIN)


def can_record_cash(user: User) -> bool:
    """Test whether the user may tell what the company holds: finance of the whole of it."""
    return has_role(user, Role.CFO, Role.FINANCE)


def can_stop(user: User, *, unit: Unit) -> bool:
    """Test whether the user may stop an experiment of the unit at once."""
    return has_role(user, Role.GM, Role.CFO, Role.ENGINEER, unit=unit)


def scopes_of(user: User) -> frozenset[Scope]:
    """Return the scopes that the user's roles, wherever held, allow."""
    held = {Role(role) for role in user.memberships.values_list("role", flat=True)}
    return frozenset(scope for scope, roles in ROLES_OF_SCOPE.items() if roles & held)


def roles_allowing(scope: Scope) -> str:
    """Return in words who may use a scope."""
    roles = ROLES_OF_SCOPE[scope]
    return " or ".join(role.label for role in Role if role in roles)
