"""The bound of hard caps: what each term is, from what really happened, and why."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from policy.models import Cap, Scope, Sidecar
from policy.operations.publish import publish
from policy.queries.board import board
from policy.queries.bounds import bound_of, bounds_of
from tests.factories.leases import leased, led_to, settled, used
from tests.factories.org import new_token
from tests.factories.policy import cap, drafter_scope, org_scope, spend, unit_scope
from tests.org_cast import Cast

SLUG = "initiative:support-drafter"


@pytest.fixture
def daily(cast: Cast, at: datetime) -> Cap:
    scope = drafter_scope(cast.support)
    led_to(scope, by=cast.fiona, at=at)
    return cap(scope, "100.00")


def terms(at: datetime, slug: str = SLUG) -> list[tuple[str, Decimal | None]]:
    bound = bound_of(slug, at=at)
    assert bound is not None
    return [(letter, usd) for letter, _, usd, _ in bound.terms]


def test_a_scope_without_a_hard_cap_has_no_bound(cast: Cast, at: datetime) -> None:
    cap(drafter_scope(cast.support), "100.00", mode="soft")

    assert bound_of(SLUG, at=at) is None


def test_where_nothing_is_held_the_bound_is_nothing(cast: Cast, daily: Cap, at: datetime) -> None:
    bound = bound_of(SLUG, at=at)

    assert bound is not None
    assert bound.total_usd == 0
    assert bound.sentence == ("The hard caps of Support drafter can be overspent by $0.00 at most.")
    assert bound.beside == ""
    assert [why for *_, why in bound.terms] == [
        (
            "Nothing while every router leases a call's worst case. That is what calls of the last"
            " 30 days cost beyond their leases."
        ),
        (
            "No more than the cap is lowered by, and no more than routers hold now,"
            " for 60 seconds at most."
        ),
        "They stop: a lease that has ended is not spent.",
    ]


def test_u_is_what_was_really_exceeded(cast: Cast, daily: Cap, at: datetime) -> None:
    for usd, used_usd in (("10", "12.50"), ("10", "4"), ("1", "1.25")):
        settled(leased(daily, usd, by=cast.ed, at=at), used_usd, by=cast.ed, at=at)

    assert terms(at)[0] == ("U", Decimal("2.75"))
    assert terms(at + timedelta(days=29))[0] == ("U", Decimal("2.75"))
    assert terms(at + timedelta(days=30))[0] == ("U", Decimal(0))


def test_delta_is_what_is_held_of_the_fullest_cap(cast: Cast, daily: Cap, at: datetime) -> None:
    before = at - timedelta(days=1)
    period = cap(daily.scope, "500.00", window="period", starts_on=before.date())
    leased(period, "10", by=cast.ed, at=before)
    leased(daily, "7", by=cast.ed, at=at)

    assert terms(at)[1] == ("Δ", Decimal(17))


@pytest.mark.parametrize(("mode", "cut_off"), [("closed", Decimal(0)), ("open", None)])
def test_f_is_what_routers_that_are_cut_off_may_spend(
    cast: Cast, daily: Cap, at: datetime, mode: str, cut_off: Decimal | None
) -> None:
    Scope.objects.filter(pk=daily.scope_id).update(when_stale=mode)
    Sidecar.objects.create(name="router-1", seen_at=at)
    publish(cause="Test.", by=None, at=at)

    bound = bound_of(SLUG, at=at)

    assert bound is not None
    assert (bound.cut_off_usd, bound.total_usd) == (cut_off, cut_off)


def test_routers_that_were_not_heard_of_for_a_day_do_not_count(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    Sidecar.objects.create(name="router-1", seen_at=at - timedelta(hours=23))
    Sidecar.objects.create(name="router-2", seen_at=at - timedelta(hours=25))

    bound = bound_of(SLUG, at=at)

    assert bound is not None
    assert bound.routers == 1


def test_what_came_without_a_lease_is_told_beside(cast: Cast, daily: Cap, at: datetime) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)
    used("1", "4.00", by=cast.ed, at=at, lease=lease)
    used("2", "1.50", by=cast.ed, at=at)
    spend("100.00", unit=cast.support, on=at.date() - timedelta(days=30))

    bound = bound_of(SLUG, at=at)

    assert bound is not None
    assert bound.beside == (
        "$1.50 of the last 30 days came by ways that are not enforced before the call:"
        " a cap stops those when it hears of them."
    )


def test_everybody_sees_the_bounds_of_their_units_in_a_fixed_number_of_queries(
    cast: Cast, daily: Cap, at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    cap(unit_scope(cast.claims), "50.00")
    of_grace = bounds_of(board(cast.grace, at=at), at=at)
    assert [bound.scope.slug for bound in of_grace] == [SLUG]
    two = board(cast.ed, at=at)
    with django_assert_num_queries(5):
        assert len(bounds_of(two, at=at)) == 2
    cap(org_scope(), "500.00")
    three = board(cast.ed, at=at)

    with django_assert_num_queries(5):
        assert len(bounds_of(three, at=at)) == 3


def test_the_pages_and_the_api_show_it(cast: Cast, daily: Cap) -> None:
    client = Client()
    client.force_login(cast.ed, backend="django.contrib.auth.backends.ModelBackend")
    sentence = "The hard caps of Support drafter can be overspent by $0.00 at most."

    page = client.get("/policy/").content.decode()
    new_token(secret="tok_b", user=cast.ed, scopes=["policy:read"], created_at=timezone.now())
    told = Client(headers={"Authorization": "Bearer tok_b"}).get("/api/v1/policy/bounds").json()

    assert sentence in page
    [row] = told["results"]
    assert (row["scope"], row["total_usd"], row["text"]) == (SLUG, "0", sentence)
    assert [term["term"] for term in row["terms"]] == ["U", "Δ", "F"]
