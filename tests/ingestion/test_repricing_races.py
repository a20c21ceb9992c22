"""Prices that change while calls are being loaded: nothing lost, nothing counted twice."""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import transaction

from ingestion.models import Adjustment, Delivery, Event, PriceChange, PriceRow, SliceDay
from ingestion.operations.deliveries import submit_file
from ingestion.operations.load import stage_usage, store_usage
from ingestion.operations.prices import OwnPrices, set_prices
from ingestion.operations.repricing import reprice_day, reprice_next
from ingestion.operations.work import do_next
from ingestion.queries import proof
from ingestion.readers.tokenops import read_records
from tests.factories.ingestion import new_delivery
from tests.org_cast import gather
from tests.races import race

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEADER = "id,started_at,provider,model,account,in_text\n"
CHEAPER = OwnPrices("openai", "gpt-4o", {"in_text": Decimal(2)})
DEARER = OwnPrices("openai", "gpt-4o", {"in_text": Decimal(3)})

pytestmark = pytest.mark.django_db(transaction=True)


def load(first: int, calls: int) -> None:
    """Hand in calls of a million tokens over three days, and load what waits."""
    rows = "".join(
        f"r{n},2026-11-1{n % 3}T10:00:00Z,openai,gpt-4o,prod,1000000\n"
        for n in range(first, first + calls)
    )
    submit_file(
        file=io.BytesIO((HEADER + rows).encode()), filename=f"{first}.csv", source="tokenops",
        account="", column_map={}, fixed_values={}, by=None, at=AT,
    )  # fmt: skip
    work()


def work() -> None:
    while do_next(at=AT):
        pass


def change_and_work(draft: OwnPrices) -> None:
    set_prices(draft=draft, by=None, at=AT)
    work()


def total() -> Decimal:
    return sum((day.cost_usd for day in SliceDay.objects.all()), Decimal(0))


def test_calls_rated_before_a_change_and_stored_after_it_cost_what_the_book_says_now() -> None:
    gather()
    delivery = new_delivery(state=Delivery.State.DONE)
    call = {"id": "r1", "started_at": "2026-11-10T10:00:00Z", "provider": "openai",
            "model": "gpt-4o", "tokens": {"in_text": 1_000_000}}  # fmt: skip
    staged = stage_usage(read_records([call]), delivery=delivery, at=AT)

    set_prices(draft=CHEAPER, by=None, at=AT)
    with transaction.atomic():
        store_usage(staged, delivery=delivery, at=AT)

    assert Event.objects.get().cost_pico == 2 * 10**12


def test_loads_and_a_change_of_prices_at_once_end_with_every_call_at_the_new_price() -> None:
    gather()
    load(0, 30)

    outcomes = race(
        lambda: load(100, 30),
        lambda: change_and_work(CHEAPER),
        lambda: load(200, 30),
        lambda: change_and_work(DEARER),
    )
    PriceChange.objects.filter(state="queued").update(claimed_at=None, attempts=0)
    work()

    assert [each for each in outcomes if isinstance(each, Exception)] == []
    # Whichever of the two changes came last holds.
    [row] = PriceRow.objects.standing().filter(provider="openai", model="gpt-4o", meter="in_text")
    assert row.usd in (Decimal(2), Decimal(3))
    assert Event.objects.count() == 90
    assert total() == 90 * row.usd
    assert proof.rollups_equal_detail() is None
    assert proof.unit_days_equal_slice_days() is None


def test_two_workers_on_one_change_restate_each_day_once() -> None:
    gather()
    load(0, 30)
    made = set_prices(draft=CHEAPER, by=None, at=AT)

    race(*[lambda: [reprice_day(change_id=made.pk, at=AT) for _ in range(4)]] * 3)
    PriceChange.objects.update(claimed_at=None)
    while reprice_next(at=AT):
        pass

    made.refresh_from_db()
    assert (made.state, made.moved_usd) == (PriceChange.State.DONE, Decimal(-15))
    assert Adjustment.objects.count() == 3
    assert total() == 60
