"""Who may stop what: the answer for one scope and the answer for many are the same."""

from policy.permissions import can_stop_scope, scopes_visible_to, those_stoppable_by
from tests.factories.policy import drafter_scope, org_scope, unit_scope
from tests.org_cast import Cast


def test_one_by_one_and_all_at_once_say_the_same(cast: Cast) -> None:
    scopes = [
        org_scope(),
        unit_scope(cast.operations),
        unit_scope(cast.claims),
        drafter_scope(cast.support),
    ]

    may = {
        user.username: [scope.slug for scope in those_stoppable_by(user, scopes)]
        for user in (cast.carl, cast.ed, cast.grace, cast.greta, cast.fiona, cast.aud, cast.stan)
    }

    every = ["org", "unit:operations", "unit:claims", "initiative:support-drafter"]
    assert may == {
        "carl": every,
        "ed": every,
        "grace": ["initiative:support-drafter"],
        "greta": ["unit:claims"],
        "fiona": [],
        "aud": [],
        "stan": [],
    }
    for user in (cast.carl, cast.ed, cast.grace, cast.greta, cast.fiona, cast.aud, cast.stan):
        one_by_one = [scope.slug for scope in scopes if can_stop_scope(user, scope=scope)]
        assert one_by_one == may[user.username]


def test_a_person_sees_the_scopes_of_her_units_alone(cast: Cast) -> None:
    drafter_scope(cast.support)
    unit_scope(cast.claims)

    seen = {
        user.username: {scope.slug for scope in scopes_visible_to(user)}
        for user in (cast.aud, cast.grace, cast.greta, cast.stan)
    }

    assert seen == {
        "aud": {"org", "unit:support", "unit:claims", "initiative:support-drafter"},
        "grace": {"unit:support", "initiative:support-drafter"},
        "greta": {"unit:claims"},
        "stan": set(),
    }
