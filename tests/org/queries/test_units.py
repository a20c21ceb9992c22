"""Reading the tree: in order, only what one may see, and as it was."""

from datetime import date
from typing import Any

from org.models import Role, User
from org.queries.units import history_of, tree, unit_as_of
from tests.factories.org import new_unit, new_user
from tests.org_cast import Cast


def in_words(user: User) -> list[str]:
    return ["  " * branch.level + branch.unit.name for branch in tree(user)]


def test_the_tree_lists_each_unit_before_what_is_beneath_it(cast: Cast) -> None:
    new_unit("Nights", parent=cast.claims)
    new_unit("Audit", parent=cast.acme)

    assert in_words(cast.carl) == [
        "Acme",
        "  Audit",
        "  Operations",
        "    Claims",
        "      Nights",
        "    Support",
    ]


def test_a_general_manager_sees_her_own_units_as_a_tree_of_their_own(cast: Cast) -> None:
    new_unit("Nights", parent=cast.support)

    assert in_words(cast.grace) == ["Support", "  Nights"]
    assert in_words(cast.greta) == ["Claims"]


def test_units_of_several_roles_stand_side_by_side(cast: Cast) -> None:
    new_unit("Nights", parent=cast.claims)
    both = new_user(roles=[(Role.GM, cast.support), (Role.ENGINEER, cast.claims)])

    assert in_words(both) == ["Claims", "  Nights", "Support"]


def test_a_stranger_sees_nothing(cast: Cast) -> None:
    assert in_words(cast.stan) == []


def test_the_tree_takes_as_many_queries_for_many_units_as_for_few(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        tree(cast.carl)
    for number in range(5):
        new_unit(f"More {number}", parent=cast.support, owner=cast.grace)
    with django_assert_num_queries(2):
        [str(branch.unit.owner) for branch in tree(cast.carl)]


def test_a_unit_was_nothing_before_it_existed(cast: Cast) -> None:
    assert unit_as_of(cast.support, date(2025, 12, 31)) is None
    version = unit_as_of(cast.support, date(2026, 1, 1))
    assert version is not None
    assert (version.name, version.parent) == ("Support", cast.operations)


def test_history_tells_the_newest_first(cast: Cast) -> None:
    cast.support.versions.create(
        name="Care",
        parent=cast.operations,
        starts_on=date(2026, 3, 1),
        recorded_at="2026-03-01T00:00Z",
    )

    assert [version.name for version in history_of(cast.support)] == ["Care", "Support"]
