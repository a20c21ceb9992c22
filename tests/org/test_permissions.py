"""Who may do what."""

from collections.abc import Callable

import pytest

from org import permissions
from org.models import Role, User
from org.models.tokens import Scope
from tests.factories.org import new_user
from tests.org_cast import Cast

EVERYBODY = ("carl", "fiona", "grace", "greta", "ed", "aud", "ada", "stan")


@pytest.mark.parametrize(
    ("question", "allowed"),
    [
        (permissions.can_see_company, {"carl", "fiona", "ed", "aud", "ada"}),
        (permissions.can_manage_rules, {"fiona", "ada"}),
        (permissions.can_manage_units, {"fiona", "ada"}),
        (permissions.can_import, {"fiona", "ed", "ada"}),
        (permissions.can_see_imports, {"carl", "fiona", "ed", "aud", "ada"}),
        (permissions.can_see_policy, {"carl", "fiona", "grace", "greta", "ed", "aud", "ada"}),
        (permissions.can_manage_people, {"ada"}),
    ],
)
def test_rights_across_the_company(
    cast: Cast, question: Callable[[User], bool], allowed: set[str]
) -> None:
    assert {name for name in EVERYBODY if question(getattr(cast, name))} == allowed


@pytest.mark.parametrize(
    ("question", "allowed"),
    [
        (permissions.can_request_for, {"carl", "fiona", "grace"}),
        (permissions.can_stop, {"carl", "grace", "ed"}),
    ],
)
def test_rights_in_a_unit(cast: Cast, question: Callable[..., bool], allowed: set[str]) -> None:
    asked = {name for name in EVERYBODY if question(getattr(cast, name), unit=cast.support)}

    assert asked == allowed


def test_a_role_in_a_unit_reaches_beneath_it_but_not_above(cast: Cast) -> None:
    manager = new_user(roles=[(Role.GM, cast.operations)])

    assert permissions.has_role(manager, Role.GM, unit=cast.support)
    assert permissions.has_role(manager, Role.GM, unit=cast.operations)
    assert not permissions.has_role(manager, Role.GM, unit=cast.acme)
    assert not permissions.has_role(manager, Role.GM)


def test_every_scope_names_the_roles_it_takes() -> None:
    for scope in Scope:
        assert permissions.ROLES_OF_SCOPE[scope]
        assert permissions.roles_allowing(scope)
