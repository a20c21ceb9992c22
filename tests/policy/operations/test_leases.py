"""Leases: debited from every cap above before a call is made, never more than there is."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from org.refusals import Invalid, NotThere
from policy.models import Cap, Lease, Scope
from policy.operations.breaker import block
from policy.operations.leases import LeaseAsked, NothingLeft, grant_lease
from tests.factories.leases import figures, leased, settled
from tests.factories.policy import cap, drafter_scope, org_scope, spend, unit_scope
from tests.org_cast import Cast

TOMORROW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def daily(cast: Cast) -> Cap:
    """Cap the experiment at $100 a day."""
    return cap(drafter_scope(cast.support), "100.00")


def ask(daily: Cap, usd: str, least_usd: str = "0", sidecar: str = "router-1") -> LeaseAsked:
    return LeaseAsked(sidecar, daily.public_id, Decimal(usd), Decimal(least_usd))


def test_a_router_gets_its_share_of_half_of_what_remains(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    spend("60.00", unit=cast.support, cost_object=daily.scope.cost_object)

    first = grant_lease(asked=ask(daily, "25"), by=cast.ed, at=at)
    second = grant_lease(asked=ask(daily, "25", sidecar="router-2"), by=cast.ed, at=at)

    # $40 remain for one router: $20. Then $20 remain for two: $5.
    assert (first.lease.granted_usd, first.remaining_usd) == (Decimal(20), Decimal(20))
    assert (second.lease.granted_usd, second.remaining_usd) == (Decimal(5), Decimal(15))
    assert figures(daily, at=at) == (Decimal(60), Decimal(25))


def test_no_router_holds_more_than_the_largest_lease(cast: Cast, at: datetime) -> None:
    large = cap(drafter_scope(cast.support), "100000.00")

    granted = grant_lease(asked=ask(large, "900"), by=cast.ed, at=at)

    assert granted.lease.granted_usd == Decimal(25)


def test_a_call_that_needs_more_than_the_share_gets_it_where_it_is_there(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    granted = grant_lease(asked=ask(daily, "95", "90"), by=cast.ed, at=at)

    assert (granted.lease.granted_usd, granted.remaining_usd) == (Decimal(90), Decimal(10))


def test_what_a_lease_is(cast: Cast, daily: Cap, at: datetime) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)

    assert lease.public_id.startswith("lease_")
    assert len(lease.public_id) == 30
    assert (lease.scope, lease.cap, lease.taken_by) == (daily.scope, daily, cast.ed)
    assert (lease.granted_on, lease.expires_at) == (
        date(2026, 11, 20),
        at + timedelta(seconds=60),
    )
    assert (lease.epoch, lease.sequence, lease.is_final) == (0, 0, False)
    assert (lease.used_usd, lease.metered_usd, lease.held_usd) == (
        Decimal(0),
        Decimal(0),
        Decimal(10),
    )


def test_a_lease_is_debited_from_every_cap_above(cast: Cast, daily: Cap, at: datetime) -> None:
    support = cap(unit_scope(cast.support), "50.00", window="period")
    operations = cap(unit_scope(cast.operations), "60.00", window="total")
    company = cap(org_scope(), "70.00")
    beside = cap(unit_scope(cast.claims), "80.00")

    leased(daily, "10", by=cast.ed, at=at)

    assert [figures(each, at=at)[1] for each in (daily, support, operations, company)] == [10] * 4
    assert figures(beside, at=at)[1] == 0


def test_the_tightest_cap_binds_and_is_named(cast: Cast, daily: Cap, at: datetime) -> None:
    support = cap(unit_scope(cast.support), "8.00", window="period")
    spend("5.00", unit=cast.support)
    leased(daily, "2", by=cast.ed, at=at)

    with pytest.raises(NothingLeft) as refused:
        leased(daily, "1.50", by=cast.ed, at=at)

    assert refused.value.detail == (
        "$1.00 is left of the cap of the fiscal period of $8.00 of Support, and the call may cost"
        " $1.50: $5.00 spent and $2.00 held by routers."
    )
    assert refused.value.extra == {
        "cap": support.public_id,
        "scope": "unit:support",
        "code": "cap_period",
        "resets_at": "2026-12-01T00:00:00+00:00",
        "limit_usd": "8.00",
        "spent_usd": "5.000000000000",
        "held_usd": "2.000000000000",
    }
    assert Lease.objects.count() == 1


def test_nothing_is_leased_of_a_cap_that_is_reached(cast: Cast, daily: Cap, at: datetime) -> None:
    spend("60.00", unit=cast.support, cost_object=daily.scope.cost_object)
    leased(daily, "40", by=cast.ed, at=at)

    with pytest.raises(NothingLeft) as refused:
        grant_lease(asked=ask(daily, "1"), by=cast.ed, at=at)

    assert refused.value.detail == (
        "Nothing is left of the daily cap of $100.00 of Support drafter:"
        " $60.00 spent and $40.00 held by routers."
    )


def test_soft_caps_do_not_bind(cast: Cast, daily: Cap, at: datetime) -> None:
    cap(unit_scope(cast.support), "1.00", mode="soft")

    assert leased(daily, "10", by=cast.ed, at=at).granted_usd == 10


def test_what_is_protected_is_bound_by_its_own_caps_alone(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    support = cap(unit_scope(cast.support), "1.00")
    Scope.objects.filter(pk=daily.scope_id).update(protected=True)

    leased(daily, "90", by=cast.ed, at=at)
    with pytest.raises(NothingLeft, match=r"daily cap of \$100.00 of Support drafter"):
        leased(daily, "11", by=cast.ed, at=at)

    assert figures(support, at=at)[1] == 90


def test_a_blocked_scope_leases_nothing_and_says_why(cast: Cast, daily: Cap, at: datetime) -> None:
    support, until = unit_scope(cast.support), at + timedelta(hours=1)
    block(scope=support, code="stopped", text="Looping.", by=cast.grace, at=at, until=until)

    with pytest.raises(NothingLeft) as refused:
        leased(daily, "1", by=cast.ed, at=at)

    assert refused.value.detail == "Support is blocked: Looping. (blocked by Grace)"
    assert refused.value.extra == {
        "cap": daily.public_id,
        "scope": "unit:support",
        "code": "stopped",
        "resets_at": "2026-11-20T13:00:00+00:00",
    }


def test_a_lease_ends_with_the_window_of_its_caps(cast: Cast, daily: Cap) -> None:
    late = TOMORROW - timedelta(seconds=20)

    assert leased(daily, "10", by=cast.ed, at=late).expires_at == TOMORROW


def test_in_the_last_seconds_of_a_window_nothing_is_leased(cast: Cast, daily: Cap) -> None:
    with pytest.raises(NothingLeft) as refused:
        leased(daily, "10", by=cast.ed, at=TOMORROW - timedelta(seconds=5))

    assert refused.value.detail == (
        "The daily cap of Support drafter starts anew at 21 November 2026, 00:00 UTC: ask then."
    )
    assert refused.value.extra["resets_at"] == "2026-11-21T00:00:00+00:00"


def test_a_day_that_turns_frees_the_days_cap_and_not_the_periods(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    period = cap(unit_scope(cast.support), "500.00", window="period")
    leased(daily, "100", by=cast.ed, at=at)

    assert leased(daily, "60", by=cast.ed, at=TOMORROW).granted_usd == 60
    assert figures(daily, at=TOMORROW)[1] == 60
    assert figures(period, at=TOMORROW)[1] == 160


def test_a_raised_cap_leaves_more_and_a_lowered_one_less_than_is_held(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    leased(daily, "100", by=cast.ed, at=at)

    raised = cap(daily.scope, "110.00")
    leased(raised, "10", by=cast.ed, at=at)
    lowered = cap(daily.scope, "40.00")

    with pytest.raises(NothingLeft, match=r"Nothing is left of the daily cap of \$40.00"):
        leased(lowered, "1", by=cast.ed, at=at)
    assert figures(lowered, at=at) == (0, Decimal(110))


def test_a_cap_that_was_replaced_leads_to_the_one_in_its_place(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    lowered = cap(daily.scope, "40.00")

    assert leased(daily, "30", by=cast.ed, at=at).cap == lowered
    with pytest.raises(NothingLeft, match=r"daily cap of \$40.00"):
        leased(daily, "11", by=cast.ed, at=at)


def test_a_scope_without_a_hard_cap_in_force_leases_nothing(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    Cap.objects.update(ends_on=at.date() + timedelta(days=1))

    with pytest.raises(NotThere, match="Support drafter has no hard cap in force today"):
        leased(daily, "1", by=cast.ed, at=at + timedelta(days=1))


@pytest.mark.parametrize("named", ["cap:0", "cap:99999999999999999"])
def test_an_unknown_cap_is_not_there(cast: Cast, at: datetime, named: str) -> None:
    asked = LeaseAsked("router-1", named, Decimal(1))

    with pytest.raises(NotThere):
        grant_lease(asked=asked, by=cast.ed, at=at)


@pytest.mark.parametrize("named", ["17", "cap:", "cap:x", "cap:-1", "cap:1234567890123456789"])
def test_a_cap_is_named_as_in_the_policy(cast: Cast, at: datetime, named: str) -> None:
    asked = LeaseAsked("router-1", named, Decimal(1))

    with pytest.raises(Invalid, match="as the policy does"):
        grant_lease(asked=asked, by=cast.ed, at=at)


def test_nobody_leases_of_a_cap_that_they_may_not_see(cast: Cast, daily: Cap, at: datetime) -> None:
    with pytest.raises(NotThere, match="or not for you"):
        leased(daily, "1", by=cast.greta, at=at)


@pytest.mark.parametrize(("usd", "least_usd"), [("0", "0"), ("-1", "0"), ("5", "6"), ("5", "-1")])
def test_sums_that_cannot_be_are_refused(
    cast: Cast, daily: Cap, at: datetime, usd: str, least_usd: str
) -> None:
    with pytest.raises(Invalid):
        grant_lease(asked=ask(daily, usd, least_usd), by=cast.ed, at=at)


@pytest.mark.parametrize(
    "change",
    [
        {"used_usd": Decimal(2)},
        {"metered_usd": Decimal(-1)},
        {"sequence": 0},
        {"is_final": False},
    ],
)
def test_the_database_lets_no_count_fall(
    cast: Cast, daily: Cap, at: datetime, change: dict[str, object]
) -> None:
    lease = settled(leased(daily, "10", by=cast.ed, at=at), "3", by=cast.ed, at=at)

    with pytest.raises(IntegrityError), transaction.atomic():
        Lease.objects.filter(pk=lease.pk).update(**change)
