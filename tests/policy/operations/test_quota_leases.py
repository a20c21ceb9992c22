"""Blocks of a quota for several routers: together they never pass the limit."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org.refusals import Invalid, NotThere
from policy.models import Quota, QuotaLease, QuotaUse
from policy.operations.quota_leases import QuotaGrant, UsedUp, settle, take
from policy.operations.quota_upkeep import forget_counts
from policy.operations.quotas import retire_quota
from tests.factories.org import new_user
from tests.factories.quotas import called, quota
from tests.org_cast import Cast, gather
from tests.races import race

ANA = "ana@x"


def taken(
    made: Quota, amount: str, *, at: datetime, subject: str = ANA, sidecar: str = "eu"
) -> QuotaGrant:
    return take(quota_id=made.pk, subject=subject, amount=Decimal(amount), sidecar=sidecar, at=at)


def everything(made: Quota, *, at: datetime, subject: str = ANA) -> Decimal:
    """Take until nothing is left; return how much there was."""
    total = Decimal(0)
    while True:
        try:
            total += taken(made, "1000000", at=at, subject=subject).granted
        except UsedUp:
            return total


def test_a_block_is_what_is_asked_and_counts_at_once(cast: Cast, at: datetime) -> None:
    made = quota("50", by=cast.ed, at=at)

    grant = taken(made, "5", at=at)

    assert (grant.cap, grant.subject) == (f"quota:{made.pk}", ANA)
    assert (grant.granted, grant.remaining) == (Decimal(5), Decimal(45))
    assert grant.expires_at == at + timedelta(seconds=60)
    assert QuotaUse.objects.get().taken == 5


def test_one_router_holds_a_fifth_at_a_time(cast: Cast, at: datetime) -> None:
    made = quota("50", by=cast.ed, at=at)

    assert taken(made, "50", at=at).granted == 10


def test_the_fifty_first_call_is_refused_until_the_fiscal_midnight(
    cast: Cast, at: datetime
) -> None:
    made = quota("50", by=cast.ed, at=at)
    assert everything(made, at=at) == 50

    with pytest.raises(UsedUp) as refusal:
        taken(made, "1", at=at)

    assert refusal.value.detail == (
        "ana@x has used all of 50 calls: Support has 50 calls a day for each person."
        " Its general manager can raise it."
    )
    assert refusal.value.extra == {
        "cap": f"quota:{made.pk}",
        "scope": "unit:support",
        "subject": ANA,
        "resets_at": "2026-11-21T00:00:00Z",
    }
    assert taken(made, "1", at=datetime(2026, 11, 21, tzinfo=UTC)).granted == 1


def test_each_person_has_the_template_for_herself(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at)
    everything(made, at=at)

    assert everything(made, at=at, subject="bob@x") == 10


def test_what_all_share_has_no_subject(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at, per="")

    assert everything(made, at=at, subject="") == 10
    with pytest.raises(UsedUp, match="Support has used all of 10 calls"):
        taken(made, "1", at=at, subject="")
    with pytest.raises(Invalid, match="name no subject"):
        taken(made, "1", at=at)


def test_what_was_used_before_anybody_asked_counts(cast: Cast, at: datetime) -> None:
    made = quota("50", by=cast.ed, at=at)
    called(ANA, unit=cast.support, calls=42)
    called(ANA, unit=cast.claims, calls=100)

    assert everything(made, at=at) == 8


def test_a_limit_that_is_lowered_holds_in_the_middle_of_a_window(cast: Cast, at: datetime) -> None:
    made = quota("50", by=cast.ed, at=at)
    taken(made, "10", at=at)
    quota("12", by=cast.ed, at=at)
    assert everything(made, at=at) == 2

    quota("60", by=cast.ed, at=at)

    assert everything(made, at=at) == 48


def test_a_last_report_frees_what_was_not_used(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at)
    grant = taken(made, "2", at=at)
    everything(made, at=at)

    settle(lease_id=grant.lease, sequence=1, used=Decimal(1), final=False)
    with pytest.raises(UsedUp):
        taken(made, "1", at=at)
    settle(lease_id=grant.lease, sequence=2, used=Decimal(1), final=True)

    assert taken(made, "5", at=at).granted == 1


def test_reports_that_come_twice_or_late_change_nothing(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at)
    grant = taken(made, "2", at=at)
    settle(lease_id=grant.lease, sequence=3, used=Decimal(2), final=False)

    for sequence, used, final in ((3, 0, True), (2, 0, True), (1, 9, False)):
        settle(lease_id=grant.lease, sequence=sequence, used=Decimal(used), final=final)

    lease = QuotaLease.objects.get()
    assert (lease.sequence, lease.used, lease.is_final) == (3, Decimal(2), False)
    assert QuotaUse.objects.get().taken == 2


def test_what_was_used_beyond_a_block_counts(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at)
    grant = taken(made, "2", at=at)

    settle(lease_id=grant.lease, sequence=1, used=Decimal(3), final=True)

    assert QuotaUse.objects.get().taken == 3


def test_a_router_that_fell_silent_may_have_used_its_block(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at)
    taken(made, "2", at=at)

    assert everything(made, at=at + timedelta(hours=1)) == 8


def test_a_block_ends_with_its_window(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at)
    late = datetime(2026, 11, 20, 23, 59, 30, tzinfo=UTC)

    assert taken(made, "1", at=late).expires_at == datetime(2026, 11, 21, tzinfo=UTC)


def test_half_of_what_was_left_is_carried_over(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at, carry_over_pct=50)
    called(ANA, unit=cast.support, calls=4)

    assert everything(made, at=at + timedelta(days=1)) == 13  # 10 and half of 6
    assert everything(made, at=at) == 6  # nothing before the quota was set


def test_what_a_burst_borrowed_comes_off_the_next_day(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at, burst=Decimal(5))

    assert everything(made, at=at) == 15
    assert everything(made, at=at + timedelta(days=1)) == 10  # 10 + 5 - 5


def test_who_is_new_has_a_share(cast: Cast, at: datetime) -> None:
    made = quota("100", by=cast.ed, at=at, window="month", is_prorated=True)
    new_user(username="ana", person__email=ANA, date_joined=at + timedelta(minutes=1))

    assert everything(made, at=at + timedelta(hours=1)) == 36


def test_no_minute_holds_more_than_its_limit(cast: Cast, at: datetime) -> None:
    made = quota("60", by=cast.ed, at=at, window="1m", per="")
    first = taken(made, "10", at=at, subject="")

    assert first.expires_at == at + timedelta(seconds=10)
    assert everything(made, at=at + timedelta(seconds=59), subject="") == 50
    assert everything(made, at=at + timedelta(seconds=70), subject="") == 10


def test_who_is_exempt_leases_nothing(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at, exempt=["bot@x"])

    with pytest.raises(Invalid, match="bot@x is exempt"):
        taken(made, "1", at=at, subject="bot@x")


def test_what_is_not_there_is_told(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at)
    with pytest.raises(Invalid, match="more than nothing"):
        taken(made, "0", at=at)
    with pytest.raises(Invalid, match="Name the person"):
        taken(made, "1", at=at, subject="")
    for lease_id in ("seven", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotThere):
            settle(lease_id=lease_id, sequence=1, used=Decimal(0), final=True)

    retire_quota(quota_id=made.pk, reason="A trial.", by=cast.ed, at=at)
    with pytest.raises(NotThere, match=f"no quota quota:{made.pk}"):
        taken(made, "1", at=at)


def test_counts_that_nothing_reads_any_more_are_forgotten(cast: Cast, at: datetime) -> None:
    monthly = quota("50", by=cast.ed, at=at, window="month")
    rolling = quota("60", by=cast.ed, at=at, window="1m")
    for made in (monthly, rolling):
        taken(made, "1", at=at)

    assert forget_counts(at=at + timedelta(hours=23)) == 0
    assert forget_counts(at=at + timedelta(days=2)) == 1
    assert [use.quota for use in QuotaUse.objects.all()] == [monthly]
    assert forget_counts(at=at + timedelta(days=101)) == 1
    assert not QuotaLease.objects.exists()


def test_the_database_counts_a_subject_and_window_once(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at)
    grant = taken(made, "1", at=at)
    use = QuotaLease.objects.get(pk=grant.lease).use

    with pytest.raises(IntegrityError), transaction.atomic():
        QuotaUse.objects.create(quota=made, subject=ANA, starts_at=use.starts_at)
    with pytest.raises(IntegrityError), transaction.atomic():
        QuotaUse.objects.filter(pk=use.pk).update(taken=-1)


@pytest.mark.parametrize("window", ["day", "1m"])
def test_twenty_routers_at_once_pass_no_limit(transactional_db: None, window: str) -> None:
    at = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    made = quota("50", by=gather().ed, at=at, window=window)
    # Some of them are a slot ahead of the others.
    moments = [at + timedelta(seconds=(place % 2) * 9) for place in range(20)]

    answers = race(
        *(
            lambda moment=moment, place=place: taken(
                made, "4", at=moment, sidecar=f"router-{place}"
            )
            for place, moment in enumerate(moments)
        )
    )

    granted = [answer.granted for answer in answers if isinstance(answer, QuotaGrant)]
    assert sum(granted) == 50
    assert all(isinstance(answer, (QuotaGrant, UsedUp)) for answer in answers)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["take", "settle", "end"]), st.integers(1, 6)), max_size=15
    )
)
def test_whatever_routers_do_the_count_is_that_of_their_blocks(
    cast: Cast, steps: list[tuple[str, int]]
) -> None:
    at = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    QuotaLease.objects.all().delete()
    QuotaUse.objects.all().delete()
    made = quota("10", by=cast.ed, at=at)
    for number, (step, amount) in enumerate(steps, start=1):
        if step == "take":
            try:
                taken(made, str(amount), at=at)
            except UsedUp:
                assert QuotaUse.objects.get().taken >= 10
        elif (lease := QuotaLease.objects.filter(is_final=False).first()) is not None:
            used = min(Decimal(amount), lease.granted)
            settle(lease_id=str(lease.pk), sequence=number, used=used, final=step == "end")

    leases = list(QuotaLease.objects.all())
    expected = sum((each.used if each.is_final else each.granted for each in leases), Decimal(0))
    assert sum((use.taken for use in QuotaUse.objects.all()), Decimal(0)) == expected
    assert expected <= 10
