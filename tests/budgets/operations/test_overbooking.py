"""Overbooked pools: caps beyond the pool are promised, money beyond it is never spent."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budgets.models import Initiative, Journal
from budgets.operations.top_ups import top_up_experiments
from budgets.queries.proof import budgets_are_what_was_granted, journals_sum_to_zero
from ingestion.models import UnitDay
from org.refusals import Refusal
from policy.models import Cap
from tests.factories.budgets import granted_budget, own_balance, pool_of, running, spend, stepped
from tests.factories.profile import by_hand
from tests.org_cast import Cast, gather
from tests.races import race

HOUR = timedelta(hours=1)


@pytest.fixture
def overbooked(cast: Cast, at: datetime) -> datetime:
    """Give Support a pool of $200 that promises 1.3 times as much; return when it counts."""
    granted_budget(cast, pool="200.00", at=at)
    by_hand(cast.carl, "pool_overbooking", "1.3", at=at)
    return at + HOUR


def funded(cast: Cast, at: datetime, *, cap: str, number: int = 1, daily: str = "10") -> Initiative:
    return running(
        cast,
        at=at,
        name=f"Trial {number}",
        cap_usd=Decimal(cap),
        daily_cap_usd=Decimal(daily),
        match=[{"workflow": f"trial-{number}"}],
    )


def total_cap(initiative: Initiative) -> Decimal:
    caps = Cap.objects.filter(scope__cost_object=initiative.cost_object, retired_at=None)
    return caps.get(window=Cap.Window.TOTAL).limit_usd


def used(cast: Cast, initiative: Initiative, usd: str, *, on: date = date(2026, 11, 20)) -> None:
    spend(cast.support, on, usd, cost_object=initiative.cost_object)


def test_caps_may_exceed_the_pool_and_each_holds_its_share(
    cast: Cast, overbooked: datetime
) -> None:
    first = funded(cast, overbooked, cap="130.00")
    second = funded(cast, overbooked, cap="130.00", number=2)

    assert own_balance(first) == own_balance(second) == total_cap(first) == 100
    assert pool_of(cast) == 0
    with pytest.raises(Refusal) as refused:
        funded(cast, overbooked, cap="0.50", number=3, daily="0.50")
    assert refused.value.errors[0].detail.endswith(
        "The pool has $0.00 left; $0.50 is asked. It sets $0.39 aside at first, because it promises"
        " 1.3 times what it holds."
    )


def test_what_is_spent_is_taken_from_the_pool_a_day_ahead(cast: Cast, overbooked: datetime) -> None:
    made = funded(cast, overbooked, cap="130.00")
    used(cast, made, "90.00")
    assert top_up_experiments(at=overbooked) == []

    used(cast, made, "5.00", on=date(2026, 11, 21))
    later = overbooked + timedelta(days=1)

    assert top_up_experiments(at=later) == ["trial-1"]
    assert top_up_experiments(at=later) == []
    assert [own_balance(made), total_cap(made), pool_of(cast)] == [115, 115, 85]
    assert Journal.objects.filter(kind=Journal.Kind.TOP_UP).count() == 1


def test_a_pool_without_money_gives_none_and_the_experiment_ends_at_what_it_holds(
    cast: Cast, overbooked: datetime
) -> None:
    made = funded(cast, overbooked, cap="130.00")
    funded(cast, overbooked, cap="130.00", number=2)
    used(cast, made, "99.00")

    assert top_up_experiments(at=overbooked) == []
    assert total_cap(made) == 100


def test_an_end_returns_what_it_holds_and_did_not_spend(cast: Cast, overbooked: datetime) -> None:
    made = funded(cast, overbooked, cap="130.00")
    used(cast, made, "95.00")
    top_up_experiments(at=overbooked)
    used(cast, made, "17.00", on=date(2026, 11, 21))

    tomorrow = overbooked + timedelta(days=1)
    stepped(made, "stop", by=cast.carl, reason="It has taught us enough.", at=tomorrow)

    assert own_balance(made) == 112
    assert pool_of(cast) == 88


def test_without_overbooking_nothing_is_topped_up(cast: Cast, at: datetime) -> None:
    granted_budget(cast, pool="200.00", at=at)
    made = funded(cast, at, cap="130.00")
    used(cast, made, "129.00")

    assert top_up_experiments(at=at) == []
    assert own_balance(made) == total_cap(made) == 130


@pytest.mark.django_db
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    caps=st.lists(st.integers(1, 150), min_size=1, max_size=4),
    spends=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 60)), max_size=6),
    factor=st.sampled_from(["1", "1.15", "1.3", "2"]),
)
def test_caps_and_money_stay_within_the_pool_after_any_grants_and_spends(
    at: datetime, caps: list[int], spends: list[tuple[int, int]], factor: str
) -> None:
    with transaction.atomic():
        cast = gather()
        granted_budget(cast, pool="200.00", at=at)
        if factor != "1":
            by_hand(cast.carl, "pool_overbooking", factor, at=at)
        made = []
        for number, cap in enumerate(caps):
            try:
                with transaction.atomic():
                    made.append(funded(cast, at + HOUR, cap=str(cap), number=number, daily="1"))
            except Refusal:
                continue
        for day, (place, usd) in enumerate(spends, start=20):
            if place < len(made):
                # No more than it holds: there the breaker stops it.
                left = own_balance(made[place]) - _used(made[place])
                used(cast, made[place], str(min(Decimal(usd), left)), on=date(2026, 11, day))
                top_up_experiments(at=at + timedelta(days=day - 20, hours=1))

        assert sum(each.cap_usd for each in made) <= 200 * Decimal(factor)
        assert sum(own_balance(each) for each in made) + pool_of(cast) == 200
        assert all(_used(each) <= own_balance(each) <= each.cap_usd for each in made)
        assert all(total_cap(each) == own_balance(each) for each in made)
        assert journals_sum_to_zero() is None
        assert budgets_are_what_was_granted() is None
        transaction.set_rollback(True)


def _used(initiative: Initiative) -> Decimal:
    days = UnitDay.objects.filter(cost_object=initiative.cost_object)
    return sum(days.values_list("cost_usd", flat=True), Decimal(0))


@pytest.mark.django_db(transaction=True)
def test_two_who_top_up_at_once_take_it_once(at: datetime) -> None:
    cast = gather()
    granted_budget(cast, pool="200.00", at=at)
    by_hand(cast.carl, "pool_overbooking", "1.3", at=at)
    made = funded(cast, at + HOUR, cap="130.00")
    used(cast, made, "95.00")

    race(*[lambda: top_up_experiments(at=at + HOUR) for _ in range(3)])

    assert [own_balance(made), pool_of(cast)] == [115, 85]
