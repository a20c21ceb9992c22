"""Routers that lease at once, beside usage and people: what is there is granted once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connections

from ingestion.operations.slices import forget_slices
from policy.models import Cap, Lease
from policy.operations.leases import NothingLeft
from tests.factories.leases import figures, leased, led_to, settled, used
from tests.factories.policy import cap, drafter_scope, org_scope, unit_scope
from tests.org_cast import Cast, gather
from tests.races import race

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

FAIL = """
CREATE FUNCTION out_of_space() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'out of space'; END $$;
CREATE CONSTRAINT TRIGGER out_of_space AFTER INSERT OR UPDATE ON policy_lease
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION out_of_space();
"""
MEND = "DROP TRIGGER out_of_space ON policy_lease; DROP FUNCTION out_of_space"


@pytest.fixture
def people() -> Iterator[Cast]:
    forget_slices()
    yield gather()
    forget_slices()


@pytest.fixture
def daily(people: Cast, at: datetime) -> Cap:
    """Cap the experiment at $10 a day."""
    scope = drafter_scope(people.support)
    led_to(scope, by=people.fiona, at=at)
    return cap(scope, "10.00")


def granted(results: list[Any]) -> Decimal:
    """Sum what was granted; whatever was not, was refused for want of money."""
    leases = [each for each in results if isinstance(each, Lease)]
    assert all(isinstance(each, NothingLeft) for each in results if each not in leases), results
    return sum((lease.granted_usd for lease in leases), Decimal(0))


def test_twenty_at_once_never_pass_the_cap(people: Cast, daily: Cap, at: datetime) -> None:
    calls = [
        partial(leased, daily, "0.90", by=people.ed, at=at, sidecar=f"router-{n}")
        for n in range(20)
    ]

    results = race(*calls)

    assert granted(results) == Decimal("9.90")  # eleven fit, nine do not
    assert figures(daily, at=at) == (0, Decimal("9.90"))


def test_two_units_never_pass_the_cap_above_them_together(people: Cast, at: datetime) -> None:
    caps = [cap(unit_scope(unit), "10.00") for unit in (people.support, people.claims)]
    company = cap(org_scope(), "10.00")
    calls = [
        partial(leased, caps[n % 2], "3", by=people.ed, at=at, sidecar=f"router-{n}")
        for n in range(8)
    ]

    results = race(*calls)

    assert granted(results) == Decimal(9)
    assert figures(company, at=at) == (0, Decimal(9))


def test_usage_that_races_grants_is_never_seen_nowhere(
    people: Cast, daily: Cap, at: datetime
) -> None:
    """A dollar on its way from held to spent is in one of both: else it would be granted again."""
    held = [leased(daily, "1", by=people.ed, at=at, sidecar=f"router-{n}") for n in range(9)]
    reports: list[Callable[[], Any]] = [
        partial(used, f"call-{n}", "1.00", by=people.ed, at=at, lease=lease)
        for n, lease in enumerate(held)
    ]
    grants: list[Callable[[], Any]] = [
        partial(leased, daily, "0.50", by=people.ed, at=at, sidecar=f"late-{n}") for n in range(9)
    ]

    results = race(*(each for pair in zip(reports, grants, strict=True) for each in pair))

    assert granted(results[1::2]) == Decimal(1)
    assert figures(daily, at=at) == (Decimal(9), Decimal(1))


def test_grants_that_race_a_lowered_cap_hold_no_more_than_one_of_both(
    people: Cast, daily: Cap, at: datetime
) -> None:
    def lower() -> Cap:
        return cap(daily.scope, "4.00", by=people.carl, at=at)

    grants = [
        partial(leased, daily, "1", by=people.ed, at=at, sidecar=f"router-{n}") for n in range(7)
    ]

    lowered, *results = race(lower, *grants)

    assert isinstance(lowered, Cap)
    leases = [each for each in results if isinstance(each, Lease)]
    assert granted(results) == len(leases)
    assert figures(lowered, at=at) == (0, Decimal(len(leases)))
    for _ in range(4 - len(leases)):
        leased(lowered, "1", by=people.ed, at=at)
    with pytest.raises(NothingLeft):
        leased(lowered, "1", by=people.ed, at=at)


def test_reports_and_usage_of_one_lease_at_once_are_all_counted(
    people: Cast, daily: Cap, at: datetime
) -> None:
    lease = leased(daily, "10", by=people.ed, at=at)
    tellings: list[Callable[[], Any]] = []
    for n in range(1, 9):
        told = partial(settled, lease, str(n), by=people.ed, at=at, sequence=n, final=n == 8)
        seen = partial(used, f"call-{n}", "1.00", by=people.ed, at=at, lease=lease)
        tellings += [told, seen]

    results = race(*tellings)

    assert not [each for each in results if isinstance(each, Exception)]
    now = Lease.objects.get(pk=lease.pk)
    assert (now.sequence, now.used_usd, now.metered_usd) == (8, Decimal(8), Decimal(8))
    assert figures(daily, at=at) == (Decimal(8), 0)


@pytest.mark.parametrize("fails", ["the grant", "the settlement", "the usage"])
def test_a_step_that_fails_admits_nothing_and_loses_nothing(
    people: Cast, daily: Cap, at: datetime, fails: str
) -> None:
    """The write itself fails, at its very end: the step is undone, and can be taken again."""
    lease = leased(daily, "6", by=people.ed, at=at)
    steps: dict[str, Callable[[], Any]] = {
        "the grant": partial(leased, daily, "2", by=people.ed, at=at),
        "the settlement": partial(settled, lease, "1", by=people.ed, at=at),
        "the usage": partial(used, "1", "1.00", by=people.ed, at=at, lease=lease),
    }

    with pytest.raises(DatabaseError, match="out of space"), leases_cannot_be_written():
        steps[fails]()

    assert figures(daily, at=at) == (0, Decimal(6))
    steps[fails]()
    after = {"the grant": (0, 8), "the settlement": (0, 1), "the usage": (1, 5)}
    assert figures(daily, at=at) == after[fails]


@contextmanager
def leases_cannot_be_written() -> Iterator[None]:
    """Let whatever writes a lease fail at its commit, as a full disk would."""
    with connections["owner"].cursor() as owner:
        owner.execute(FAIL)
        try:
            yield
        finally:
            owner.execute(MEND)
