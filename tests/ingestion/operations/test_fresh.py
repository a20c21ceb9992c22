"""Calls that are all new take the short way, to the same ledger."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from finops.tokens import TOKEN_CLASSES
from ingestion.models import Event, SliceDay, UnitDay
from ingestion.operations import store
from ingestion.queries import proof
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast

HEADER = (
    "id,started_at,provider,model,workflow,in_text,in_cache_read,in_audio,out_text,"
    "web_searches,tool_sessions,cost_usd\n"
)
ROWS = (
    "a1,2026-11-19T10:00:00Z,openai,gpt-4o,drafter,1000,400,0,100,0,0,\n"
    "a2,2026-11-19T11:00:00Z,openai,gpt-4o,drafter,10,0,0,1,0,0,\n"
    "a3,2026-11-19T23:30:00Z,openai,gpt-4o,router,7,0,0,3,0,0,0.5\n"
    "a4,2026-10-31T10:00:00Z,openai,gpt-4o,drafter,1,0,0,1,2,1,\n"
    "a5,2026-11-20T10:00:00Z,openai,no-such-model,drafter,5,0,4,1,0,0,\n"
)
MEASURES = ("calls", "requests", "cost_usd", "list_usd", *TOKEN_CLASSES)


def slice_days() -> list[tuple[object, ...]]:
    rows = SliceDay.objects.order_by("utc_day", "slice__workflow", "status")
    return list(
        rows.values_list("reporting_day", "slice__workflow", "status", "metered", *MEASURES)
    )


def test_the_short_way_and_the_long_one_make_the_same_rollups(
    cast_in_berlin: Cast, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(HEADER + ROWS)
    short = slice_days()
    SliceDay.objects.all().delete()
    UnitDay.objects.all().delete()

    monkeypatch.setattr(store, "store_fresh", lambda *_, **__: False)
    deliver(
        HEADER
        + ROWS.replace("a1,", "b1,")
        .replace("a2,", "b2,")
        .replace("a3,", "b3,")
        .replace("a4,", "b4,")
        .replace("a5,", "b5,")
    )

    assert slice_days() == short
    assert len(short) == 4


def test_new_calls_are_written_once_and_known_ones_go_by_the_stage(
    cast: Cast, deliver: Deliver
) -> None:
    with CaptureQueriesContext(connection) as first:
        deliver(HEADER + ROWS)
    with CaptureQueriesContext(connection) as again:
        deliver(HEADER + ROWS)

    assert not any("TEMPORARY TABLE IF NOT EXISTS stage" in q["sql"] for q in first)
    assert any("TEMPORARY TABLE IF NOT EXISTS stage" in q["sql"] for q in again)
    assert Event.objects.count() == 5


def test_sums_beyond_sixty_four_bits_are_added_up_by_the_database(
    cast: Cast, deliver: Deliver
) -> None:
    # $8,999,999 is under what one call may cost; three of them leave the pico-dollars of 64 bits.
    dear = "".join(
        f"d{n},2026-11-19T10:00:00Z,openai,gpt-4o,drafter,1,0,0,1,0,0,8999999\n" for n in range(3)
    )

    delivery = deliver(HEADER + dear)

    assert delivery.usd == SliceDay.objects.get().cost_usd == Decimal(26_999_997)
    assert proof.rollups_equal_detail() is None


def test_a_known_call_among_new_ones_leaves_nothing_of_the_short_way(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(HEADER + ROWS.splitlines(keepends=True)[2])

    delivery = deliver(HEADER + ROWS)

    assert (delivery.loaded, delivery.duplicate) == (4, 1)
    assert proof.rollups_equal_detail() is None
    assert proof.unit_days_equal_slice_days() is None
