"""Delivery: who runs what since when, who is silent, and how long it took, counted by hand."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pytest_django import DjangoAssertNumQueries

from policy.models import PolicyRevision, Sidecar
from policy.operations.fleet import record_status
from policy.operations.publish import publish
from policy.queries.delivery import Delivery, delivery, delivery_sentence, nearest_rank, seconds
from policy.queries.overlays import SILENT_AFTER
from tests.factories.policy import cap, org_scope
from tests.org_cast import Cast

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def revisions(cast: Cast) -> list[PolicyRevision]:
    """Publish one revision at noon, another at 14:00."""
    for hour, limit in ((12, "10.00"), (14, "20.00")):
        cap(org_scope(), limit)
        publish(cause="Cap.", by=cast.carl, at=AT.replace(hour=hour))
    return list(PolicyRevision.objects.order_by("number"))


def reported(name: str, revision: int, *, took_s: float, seen_at: datetime = AT) -> Sidecar:
    issued_at = PolicyRevision.objects.get(number=revision).issued_at
    return record_status(
        sidecar=name,
        version="0.1.0",
        revision=revision,
        applied_at=issued_at + timedelta(seconds=took_s),
        errors=(),
        at=seen_at,
    )


def told(found: Delivery, zone: ZoneInfo = BERLIN) -> str:
    return delivery_sentence(found, zone=zone, at=AT)


@pytest.mark.usefixtures("revisions")
def test_it_says_how_many_are_current_and_who_is_not_since_when() -> None:
    for name in ("gateway-us", "batch", "edge"):
        reported(name, 2, took_s=0.5)
    reported("gateway-eu", 1, took_s=1200)

    found = delivery(current=2, at=AT)

    # Applied at 12:20 UTC, which is 13:20 in Berlin.
    assert told(found) == "3 of 4 on revision 2; gateway-eu still on 1 since 13:20."


@pytest.mark.usefixtures("revisions")
def test_who_has_not_been_heard_of_is_marked() -> None:
    reported("loud", 2, took_s=1, seen_at=AT - SILENT_AFTER)
    reported("quiet", 2, took_s=1, seen_at=AT - SILENT_AFTER - timedelta(seconds=1))
    Sidecar.objects.create(name="new", seen_at=AT - timedelta(days=1))

    found = delivery(current=2, at=AT)

    assert [(each.sidecar.name, each.is_silent) for each in found.routers] == [
        ("loud", False),
        ("new", True),
        ("quiet", True),
    ]
    assert told(found) == (
        "2 of 3 on revision 2; new has applied none yet, and silent;"
        " quiet has not been heard of lately."
    )


@pytest.mark.usefixtures("revisions")
def test_an_older_day_is_named_with_its_hour() -> None:
    reported("edge", 1, took_s=0)

    sentence = delivery_sentence(
        delivery(current=2, at=AT), zone=ZoneInfo("UTC"), at=AT + timedelta(days=1)
    )

    assert sentence == "0 of 1 on revision 2; edge still on 1 since 20 Nov, 12:00."


@pytest.mark.usefixtures("revisions")
def test_times_are_from_issue_to_applied_by_nearest_rank() -> None:
    for n, took_s in enumerate((0.4, 0.6, 3, 8)):
        reported(f"router-{n}", 2, took_s=took_s)
    reported("slow clock", 2, took_s=-5)

    found = delivery(current=2, at=AT)

    # Of four known times the second and the fourth.
    assert (found.known, found.p50, found.p99) == (
        4,
        timedelta(seconds=0.6),
        timedelta(seconds=8),
    )


def test_no_routers_have_no_times(revisions: list[PolicyRevision]) -> None:
    found = delivery(current=revisions[-1].number, at=AT)

    assert (found.p50, found.p99, told(found)) == (None, None, "")


def test_of_a_hundred_times_the_ninety_ninth_is_p99() -> None:
    times = [timedelta(seconds=n) for n in range(1, 101)]

    assert nearest_rank(times, 50) == timedelta(seconds=50)
    assert nearest_rank(times, 99) == timedelta(seconds=99)
    assert nearest_rank(times[:1], 99) == timedelta(seconds=1)


def test_a_time_is_told_in_what_fits_it() -> None:
    told_of = {0.42: "0.4 s", 12.4: "12 s", 200: "3 min 20 s", 7300: "2 h 1 min"}

    assert {s: seconds(timedelta(seconds=s)) for s in told_of} == told_of
    assert seconds(None) == "–"


@pytest.mark.usefixtures("revisions")
def test_it_asks_twice_for_one_router_and_for_three(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    reported("one", 2, took_s=1)
    with django_assert_num_queries(2):
        delivery(current=2, at=AT)
    reported("two", 1, took_s=1)
    reported("three", 2, took_s=1)
    with django_assert_num_queries(2):
        delivery(current=2, at=AT)
