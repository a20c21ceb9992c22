"""Minutes: what is watched is counted with the calls, once, and no longer than it is read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ingestion.models import Delivery, MinuteUse
from ingestion.operations.minutes import prune_minutes, watch_minutes
from ingestion.operations.push import receive_records
from ingestion.operations.rules import RuleDraft, publish_rules
from ingestion.operations.undo import undo_delivery
from org.models import Unit
from tests.org_cast import Cast

EVERYTHING = [(None, None)]
NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
HEADER = "id,started_at,provider,model,workflow,in_text,out_text,cost_usd\n"


@pytest.fixture
def at() -> datetime:
    return NINE + timedelta(minutes=30)


def call(name: str, *, minute: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "started_at": f"2026-11-20T09:{minute:02}:30Z",
        "provider": "openai",
        "model": "gpt-5",
        "workflow": "drafter",
        "tokens": {"in_text": 100, "out_text": 20},
        "cost_usd": "0.50",
    } | more


def ruled(unit: Unit, *, at: datetime, **when: str) -> None:
    draft = RuleDraft("Rule", when or {"workflow": "drafter"}, unit_id=unit.pk)
    publish_rules(drafts=[draft], by=None, at=at, reason="A test.")


def minutes() -> list[tuple[datetime, int | None, int, int, Decimal]]:
    rows = MinuteUse.objects.order_by("minute", "unit_id")
    return list(rows.values_list("minute", "unit_id", "calls", "tokens", "cost_usd"))


def test_where_nothing_is_watched_nothing_is_counted(cast: Cast, at: datetime) -> None:
    receive_records(records=[call("a")], by=cast.ed, at=at)

    assert minutes() == []


def test_pushed_calls_are_summed_by_minute_and_unit(cast: Cast, at: datetime) -> None:
    ruled(cast.support, at=at)
    watch_minutes(EVERYTHING, at=at)

    receive_records(
        records=[call("a"), call("b"), call("c", minute=1), call("d", workflow="other")],
        by=cast.ed,
        at=at,
    )

    assert minutes() == [
        (NINE, cast.support.pk, 2, 240, Decimal("1.00")),
        (NINE, None, 1, 120, Decimal("0.50")),
        (NINE + timedelta(minutes=1), cast.support.pk, 1, 120, Decimal("0.50")),
    ]


def test_what_came_before_counts_once(cast: Cast, at: datetime) -> None:
    watch_minutes(EVERYTHING, at=at)
    receive_records(records=[call("a")], by=cast.ed, at=at)

    receive_records(records=[call("a"), call("b"), call("a", cost_usd="9.00")], by=cast.ed, at=at)

    assert minutes() == [(NINE, None, 2, 240, Decimal("1.00"))]


def test_a_file_is_counted_as_a_push_is(
    cast: Cast, at: datetime, deliver: Callable[..., Delivery]
) -> None:
    watch_minutes(EVERYTHING, at=at)

    deliver(HEADER + "a,2026-11-20T09:00:10Z,openai,gpt-5,drafter,100,20,0.50\n")

    assert minutes() == [(NINE, None, 1, 120, Decimal("0.50"))]


def test_calls_of_more_than_two_hours_ago_change_no_minute(cast: Cast, at: datetime) -> None:
    watch_minutes(EVERYTHING, at=at)
    at_the_edge = call("a", started_at="2026-11-20T07:30:00Z")
    too_old = call("b", started_at="2026-11-20T07:29:59Z")

    receive_records(records=[at_the_edge, too_old], by=cast.ed, at=at)

    assert [row[:3] for row in minutes()] == [(NINE - timedelta(minutes=90), None, 1)]


def test_only_what_is_watched_is_counted(cast: Cast, at: datetime) -> None:
    ruled(cast.support, at=at)
    watch_minutes([(cast.operations.pk, None)], at=at)

    receive_records(records=[call("a"), call("b", workflow="nobody's")], by=cast.ed, at=at)

    assert [row[1:3] for row in minutes()] == [(cast.support.pk, 1)]


def test_a_watch_that_begins_counts_the_hours_before_it(cast: Cast, at: datetime) -> None:
    receive_records(
        records=[call("a"), call("b", started_at="2026-11-19T09:00:00Z")], by=cast.ed, at=at
    )

    watch_minutes(EVERYTHING, at=at)

    day_before = NINE - timedelta(days=1)
    assert [row[:3] for row in minutes()] == [(day_before, None, 1), (NINE, None, 1)]


def test_minutes_follow_the_rules(cast: Cast, at: datetime) -> None:
    watch_minutes(EVERYTHING, at=at)
    receive_records(records=[call("a")], by=cast.ed, at=at)

    ruled(cast.claims, at=at)

    assert minutes() == [(NINE, cast.claims.pk, 1, 120, Decimal("0.50"))]


def test_of_an_undone_delivery_no_minute_is_left(cast: Cast, at: datetime) -> None:
    watch_minutes(EVERYTHING, at=at)
    receive_records(records=[call("a")], by=cast.ed, at=at)

    undo_delivery(delivery_id=Delivery.objects.get().pk, reason="Wrong.", by=cast.fiona, at=at)

    assert minutes() == []


def test_minutes_are_dropped_after_twenty_six_hours(cast: Cast, at: datetime) -> None:
    watch_minutes(EVERYTHING, at=at)
    receive_records(records=[call("a"), call("b", minute=20)], by=cast.ed, at=at)

    assert prune_minutes(at=NINE + timedelta(hours=26, minutes=20)) == 1

    assert [row[0] for row in minutes()] == [NINE + timedelta(minutes=20)]


def test_more_calls_ask_the_database_nothing_more(cast: Cast, at: datetime) -> None:
    watch_minutes(EVERYTHING, at=at)
    receive_records(records=[call("first")], by=cast.ed, at=at)

    def queries(prefix: str, count: int) -> int:
        with CaptureQueriesContext(connection) as asked:
            records = [call(f"{prefix}{n}", minute=n % 30) for n in range(count)]
            receive_records(records=records, by=cast.ed, at=at)
        return len(asked)

    assert queries("few", 2) == queries("many", 300)
