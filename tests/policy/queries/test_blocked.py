"""The badge of blocked breakers: each person's own, counted once however many roles see it."""

from datetime import datetime

from pytest_django import DjangoAssertNumQueries

from org.models import Membership, Role, User
from policy.models import Scope
from policy.operations.breaker import block
from policy.queries.blocked import blocked_column, blocked_count
from tests.factories.policy import AT, drafter_scope, org_scope, unit_scope
from tests.org_cast import Cast


def counted(user: User) -> int:
    return blocked_count(user.memberships.annotate(**blocked_column()))


def stopped(scope: Scope, at: datetime = AT) -> Scope:
    block(scope=scope, code="stopped", text="Audit.", by=None, at=at)
    return scope


def test_nobody_counts_what_runs(cast: Cast) -> None:
    unit_scope(cast.claims)

    assert counted(cast.ed) == 0


def test_each_counts_what_is_blocked_in_her_sight(cast: Cast) -> None:
    for scope in (drafter_scope(cast.support), unit_scope(cast.claims), org_scope()):
        stopped(scope)

    seen = {user.username: counted(user) for user in (cast.ed, cast.grace, cast.greta, cast.stan)}

    assert seen == {"ed": 3, "grace": 1, "greta": 1, "stan": 0}


def test_a_scope_that_several_roles_see_counts_once(cast: Cast) -> None:
    stopped(drafter_scope(cast.support))
    Membership.objects.create(user=cast.grace, role=Role.ENGINEER, unit=cast.operations)

    assert counted(cast.grace) == 1


def test_a_scope_that_is_retired_counts_no_more(cast: Cast) -> None:
    scope = stopped(unit_scope(cast.claims))
    Scope.objects.filter(pk=scope.pk).update(retired_at=AT)

    assert counted(cast.ed) == 0


def test_it_rides_along_in_the_query_of_the_memberships(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    stopped(unit_scope(cast.claims))

    with django_assert_num_queries(1):
        assert counted(cast.ed) == 1
