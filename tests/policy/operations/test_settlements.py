"""What becomes of leased money: reported, seen in usage, lost, written off, or final."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from ingestion.models import MeteringSource, SpendChange
from ingestion.operations.leased import Leased, as_json
from org.models import AuditEntry
from org.refusals import Invalid, NotAllowed, NotThere
from policy.models import Cap, Lease, StrayUse
from policy.operations.outbox import judge_waiting
from policy.operations.settlements import (
    NothingHeld,
    close_final_leases,
    write_off_lease,
)
from tests.factories.leases import figures, leased, led_to, settled, used
from tests.factories.policy import cap, drafter_scope, unit_scope
from tests.org_cast import Cast

ONE_DAY = timedelta(days=1)


@pytest.fixture
def daily(cast: Cast, at: datetime) -> Cap:
    """Cap the experiment at $100 a day, and let its workflow's calls lead to it."""
    scope = drafter_scope(cast.support)
    led_to(scope, by=cast.fiona, at=at)
    return cap(scope, "100.00")


def fresh(lease: Lease) -> Lease:
    return Lease.objects.get(pk=lease.pk)


def test_a_final_settlement_gives_back_what_was_not_used(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)

    settled(lease, "4", by=cast.ed, at=at)

    assert figures(daily, at=at) == (0, Decimal(4))


def test_a_settlement_that_is_not_final_gives_nothing_back(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)

    settled(lease, "4", by=cast.ed, at=at, final=False)

    assert figures(daily, at=at) == (0, Decimal(10))


def test_a_cancelled_lease_gives_all_of_it_back(cast: Cast, daily: Cap, at: datetime) -> None:
    settled(leased(daily, "10", by=cast.ed, at=at), "0", by=cast.ed, at=at)

    assert figures(daily, at=at) == (0, 0)


def test_usage_moves_its_cost_from_held_to_spent(cast: Cast, daily: Cap, at: datetime) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)

    used("1", "3.00", by=cast.ed, at=at, lease=lease)
    assert figures(daily, at=at) == (Decimal(3), Decimal(7))

    settled(lease, "4", by=cast.ed, at=at)
    assert figures(daily, at=at) == (Decimal(3), Decimal(1))  # reported, and not seen yet

    used("2", "1.00", by=cast.ed, at=at, lease=lease)
    assert figures(daily, at=at) == (Decimal(4), 0)


def test_usage_that_comes_twice_moves_its_cost_once(cast: Cast, daily: Cap, at: datetime) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)

    for _ in range(3):
        used("1", "3.00", by=cast.ed, at=at, lease=lease)

    assert figures(daily, at=at) == (Decimal(3), Decimal(7))


def test_where_usage_says_more_than_the_report_usage_holds(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)
    settled(lease, "1", by=cast.ed, at=at)

    used("1", "12.00", by=cast.ed, at=at, lease=lease)

    assert figures(daily, at=at) == (Decimal(12), 0)
    assert fresh(lease).metered_usd == 12


def test_older_and_equal_reports_change_nothing(cast: Cast, daily: Cap, at: datetime) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)
    settled(lease, "4", by=cast.ed, at=at, sequence=3, final=False)

    for sequence in (3, 2, 1):
        settled(lease, "9", by=cast.ed, at=at + ONE_DAY, sequence=sequence, final=True)

    now = fresh(lease)
    assert (now.sequence, now.used_usd, now.is_final, now.settled_at) == (3, Decimal(4), False, at)


def test_what_was_used_never_falls_and_final_stays(cast: Cast, daily: Cap, at: datetime) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)
    settled(lease, "4", by=cast.ed, at=at, sequence=1)

    settled(lease, "3", by=cast.ed, at=at, sequence=2, final=False)
    settled(lease, "5", by=cast.ed, at=at, sequence=3, final=False)

    now = fresh(lease)
    assert (now.sequence, now.used_usd, now.is_final) == (3, Decimal(5), True)


def test_a_report_after_the_end_is_taken(cast: Cast, daily: Cap, at: datetime) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)

    settled(lease, "11", by=cast.ed, at=at + timedelta(hours=1))

    assert figures(daily, at=at) == (0, Decimal(11))


def test_a_lost_lease_counts_as_spent_after_its_end(cast: Cast, daily: Cap, at: datetime) -> None:
    leased(daily, "10", by=cast.ed, at=at)

    assert figures(daily, at=at + timedelta(hours=8)) == (0, Decimal(10))


@pytest.mark.parametrize(("sequence", "usd"), [(0, "1"), (-1, "1"), (1, "-1")])
def test_a_report_that_cannot_be_is_refused(
    cast: Cast, daily: Cap, at: datetime, sequence: int, usd: str
) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)

    with pytest.raises(Invalid):
        settled(lease, usd, by=cast.ed, at=at, sequence=sequence)


def test_only_who_took_a_lease_settles_it(cast: Cast, daily: Cap, at: datetime) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)

    with pytest.raises(NotThere):
        settled(lease, "1", by=cast.fiona, at=at)


def test_usage_with_an_unknown_or_foreign_lease_is_spent_and_noted(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)

    used("1", "3.00", by=cast.ada, at=at, lease=lease)
    used("2", "1.00", by=cast.ada, at=at, lease="nobody-granted-it")
    used("3", "2.00", by=cast.ada, at=at, lease="nor-this")

    assert figures(daily, at=at) == (Decimal(6), Decimal(10))
    rows = StrayUse.objects.order_by("kind").values_list("kind", "example", "calls", "usd")
    assert list(rows) == [
        ("foreign", lease.public_id, 1, Decimal(3)),
        ("unknown", "nobody-granted-it", 2, Decimal(3)),
    ]
    assert StrayUse.objects.filter(sender=cast.ada, on=at.date()).count() == 2


def test_what_another_source_counts_stays_held_until_it_is_final(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    period = cap(unit_scope(cast.support), "500.00", window="period")
    MeteringSource.objects.create(provider="openai", account="tokenops", source="litellm")
    lease = leased(daily, "10", by=cast.ed, at=at)

    used("1", "3.00", by=cast.ed, at=at, lease=lease)
    settled(lease, "4", by=cast.ed, at=at)

    assert figures(period, at=at) == (0, Decimal(4))
    assert (fresh(lease).metered_usd, fresh(lease).unmetered_usd) == (Decimal(0), Decimal(3))
    assert close_final_leases(at=at + 4 * ONE_DAY) == 1
    assert figures(period, at=at + 4 * ONE_DAY) == (0, Decimal(1))  # reported, never seen


def test_what_was_never_reported_is_let_go_when_usage_is_final(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    period = cap(unit_scope(cast.support), "500.00", window="period")
    silent = leased(daily, "10", by=cast.ed, at=at)
    half = leased(daily, "20", by=cast.ed, at=at)
    settled(half, "6", by=cast.ed, at=at, final=False)
    told = leased(daily, "5", by=cast.ed, at=at)
    settled(told, "5", by=cast.ed, at=at)

    assert close_final_leases(at=at + 3 * ONE_DAY) == 0
    assert close_final_leases(at=at + 4 * ONE_DAY) == 2
    assert close_final_leases(at=at + 5 * ONE_DAY) == 0

    assert [fresh(each).held_usd for each in (silent, half, told)] == [0, 6, 5]
    assert figures(period, at=at + 4 * ONE_DAY) == (0, Decimal(11))
    assert fresh(silent).written_off_by is None
    assert fresh(silent).written_off_reason.startswith("Usage of the day is final")


def test_a_report_that_comes_after_all_is_held_again(cast: Cast, daily: Cap, at: datetime) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)
    close_final_leases(at=at + 4 * ONE_DAY)

    settled(lease, "7", by=cast.ed, at=at + 5 * ONE_DAY)

    assert fresh(lease).held_usd == 7


def test_a_person_writes_off_what_a_lost_lease_holds(cast: Cast, daily: Cap, at: datetime) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)
    settled(lease, "6", by=cast.ed, at=at, final=False)
    used("1", "2.00", by=cast.ed, at=at, lease=lease)

    off = write_off_lease(
        public_id=lease.public_id,
        reason="The host burnt down; the provider's bill shows $2.",
        by=cast.fiona,
        at=at + ONE_DAY,
    )

    assert (off.held_usd, off.written_off_usd, off.written_off_by) == (
        Decimal(0),
        Decimal(4),
        cast.fiona,
    )
    entry = AuditEntry.objects.get(action="policy.lease_written_off")
    assert (entry.actor, entry.subject) == (cast.fiona, "initiative:support-drafter")
    assert entry.detail["held_usd"] == "8.000000000000"


def test_usage_after_a_write_off_is_spent_all_the_same(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)
    write_off_lease(public_id=lease.public_id, reason="Never sent.", by=cast.fiona, at=at + ONE_DAY)

    used("1", "2.00", by=cast.ed, at=at, lease=lease)
    settled(lease, "5", by=cast.ed, at=at)

    assert figures(daily, at=at) == (Decimal(2), Decimal(3))


def test_a_write_off_needs_finance_and_a_reason(cast: Cast, daily: Cap, at: datetime) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)
    name, later = lease.public_id, at + ONE_DAY

    for who in (cast.ed, cast.grace, cast.aud):
        with pytest.raises(NotAllowed):
            write_off_lease(public_id=name, reason="Lost.", by=who, at=later)
    with pytest.raises(Invalid):
        write_off_lease(public_id=name, reason="  ", by=cast.fiona, at=later)

    assert fresh(lease).held_usd == 10


def test_a_lease_that_may_be_in_use_or_holds_nothing_is_not_written_off(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)
    with pytest.raises(NothingHeld, match="has not ended"):
        write_off_lease(public_id=lease.public_id, reason="Lost.", by=cast.fiona, at=at)
    settled(lease, "0", by=cast.ed, at=at)

    with pytest.raises(NothingHeld, match="holds no money"):
        write_off_lease(public_id=lease.public_id, reason="Lost.", by=cast.fiona, at=at + ONE_DAY)
    with pytest.raises(NotThere):
        write_off_lease(public_id="lease_x", reason="Lost.", by=cast.fiona, at=at + ONE_DAY)


def test_what_a_file_told_of_leases_is_moved_when_it_is_judged(
    cast: Cast, daily: Cap, at: datetime
) -> None:
    lease = leased(daily, "10", by=cast.ed, at=at)
    part = Leased(lease.public_id, 1, 0, Decimal("2.50"), Decimal(0))
    for _ in range(2):
        SpendChange.objects.create(
            unit_ids=[], cost_object_ids=[], leased=as_json([part]), sender=cast.ed, recorded_at=at
        )

    judge_waiting(at=at)

    assert fresh(lease).metered_usd == 5
