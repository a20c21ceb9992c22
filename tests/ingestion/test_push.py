"""Pushed usage: stored before the answer, told record by record."""

from datetime import datetime
from typing import Any

from django.db import connection

from ingestion.models import Delivery, Event
from ingestion.operations.push import RejectedRecord, receive_records
from tests.org_cast import Cast


def record(**changes: Any) -> dict[str, Any]:
    """Return the usage record of the contract, whose cost is worked out in arithmetic.md."""
    return {
        "id": "req-1",
        "started_at": "2026-11-20T10:00:00.123Z",
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "workflow": "drafter",
        "tokens": {
            "in_text": 2000,
            "in_cache_read": 40000,
            "in_cache_write_5m": 5000,
            "in_cache_write_1h": 1000,
            "out_text": 900,
            "out_reasoning": 600,
        },
        "counters": {"requests": 1, "web_searches": 2},
    } | changes


def test_a_record_is_priced_over_all_its_token_classes_and_searches(
    cast: Cast, at: datetime
) -> None:
    result = receive_records(records=[record()], by=cast.ed, at=at)

    assert (result.accepted, result.duplicate, result.conflict) == (1, 0, 0)
    assert Event.objects.get().cost_pico == 85_250_000_000  # $0.06525 tokens + $0.02 searches


def test_each_record_is_told_what_became_of_it(cast: Cast, at: datetime) -> None:
    receive_records(records=[record()], by=cast.ed, at=at)

    result = receive_records(
        records=[
            record(),
            record(model="claude-haiku-4-5"),
            record(id="req-2", started_at="yesterday"),
            record(id="req-3"),
        ],
        by=cast.ed,
        at=at,
    )

    (rejected,) = result.rejected
    assert (result.accepted, result.duplicate, result.conflict) == (1, 1, 1)
    assert isinstance(rejected, RejectedRecord)
    assert (rejected.index, rejected.id) == (2, "req-2")
    assert "started_at" in rejected.detail


def test_a_record_without_an_id_is_rejected_for_it_could_count_twice(
    cast: Cast, at: datetime
) -> None:
    nameless = record()
    del nameless["id"]

    result = receive_records(records=[record(id="req-0"), nameless], by=cast.ed, at=at)

    (rejected,) = result.rejected
    assert (result.accepted, Event.objects.count()) == (1, 1)
    assert (rejected.index, rejected.id) == (1, "")
    assert rejected.detail.startswith("id: is missing")


def test_the_pushes_of_a_sender_and_day_are_one_delivery_that_adds_up(
    cast: Cast, at: datetime
) -> None:
    for number in range(3):
        receive_records(records=[record(id=f"req-{number}")], by=cast.ed, at=at)

    delivery = Delivery.objects.get()
    assert (delivery.rows, delivery.loaded, delivery.state) == (3, 3, Delivery.State.DONE)
    assert delivery.submitted_by == cast.ed


def test_a_push_costs_few_statements(
    cast: Cast, at: datetime, django_assert_max_num_queries: Any
) -> None:
    receive_records(records=[record(id="first")], by=cast.ed, at=at)

    with django_assert_max_num_queries(40):
        receive_records(records=[record(id=f"r{n}") for n in range(500)], by=cast.ed, at=at)

    assert connection.in_atomic_block
