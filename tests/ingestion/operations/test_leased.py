"""What stored calls came to on each lease: once for each call, however often it is sent."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from ingestion.models import MeteringSource
from ingestion.operations.leased import Leased, together
from ingestion.operations.push import receive_records
from tests.org_cast import Cast


def record(name: str, usd: str, lease: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "started_at": "2026-11-20T10:00:00Z",
        "provider": "openai",
        "model": "gpt-5",
        "tokens": {"in_text": 1000, "out_text": 100},
        **({"cost_usd": usd} if usd else {}),
        **({"lease": lease} if lease else {}),
        **more,
    }


def pushed(cast: Cast, at: datetime, *records: dict[str, Any]) -> tuple[Leased, ...]:
    return receive_records(records=list(records), by=cast.ed, at=at).leased


def leased(lease: str, calls: int, usd: str, **more: Any) -> Leased:
    plain: dict[str, Any] = {"unpriced_calls": 0, "unmetered_usd": Decimal(0)}
    return Leased(lease, calls, usd=Decimal(usd), **(plain | more))


def test_new_calls_are_summed_by_the_lease_that_they_name(cast: Cast, at: datetime) -> None:
    sums = pushed(
        cast,
        at,
        record("1", "0.25", "a"),
        record("2", "0.50", "b"),
        record("3", "1.00", "a"),
        record("4", "9.00"),
    )

    assert sums == (leased("a", 2, "1.25"), leased("b", 1, "0.50"))


def test_calls_without_a_lease_cost_nothing_to_look_for(cast: Cast, at: datetime) -> None:
    assert pushed(cast, at, record("1", "0.25")) == ()


def test_a_call_that_came_before_is_not_summed_again(cast: Cast, at: datetime) -> None:
    pushed(cast, at, record("1", "0.25", "a"))

    sums = pushed(cast, at, record("1", "0.25", "a"), record("2", "0.50", "a"))

    assert sums == (leased("a", 1, "0.50"),)


def test_a_conflict_and_a_call_come_back_on_another_day_are_not_summed(
    cast: Cast, at: datetime
) -> None:
    pushed(cast, at, record("1", "0.25", "a"), record("2", "0.25", "a"))

    sums = pushed(
        cast,
        at,
        record("1", "7.00", "a"),
        record("2", "0.25", "a", started_at="2026-11-19T10:00:00Z"),
    )

    assert sums == ()


def test_of_one_call_twice_in_a_push_the_first_counts(cast: Cast, at: datetime) -> None:
    sums = pushed(cast, at, record("1", "0.25", "a"), record("1", "0.25", "b"))

    assert sums == (leased("a", 1, "0.25"),)


def test_calls_that_another_source_counts_are_told_apart(cast: Cast, at: datetime) -> None:
    MeteringSource.objects.create(provider="openai", account="tokenops", source="litellm")

    sums = pushed(cast, at, record("1", "0.25", "a"))

    assert sums == (leased("a", 1, "0", unmetered_usd=Decimal("0.25")),)


def test_a_call_without_a_price_is_counted_and_costs_nothing_yet(cast: Cast, at: datetime) -> None:
    sums = pushed(cast, at, record("1", "", "a", model="nobody-knows-it"))

    assert sums == (leased("a", 1, "0", unpriced_calls=1),)


def test_parts_add_up() -> None:
    parts = [leased("b", 1, "0.50"), leased("a", 2, "1.25"), leased("b", 3, "0.25")]

    assert together(parts) == (leased("a", 2, "1.25"), leased("b", 4, "0.75"))
