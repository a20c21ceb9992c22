"""Re-pricing: what a change of the book moves, once, in open days, and never doubled."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ingestion.models import (
    Adjustment,
    CostStatus,
    Delivery,
    Event,
    PriceChange,
    SliceDay,
    SpendChange,
    UnitDay,
)
from ingestion.operations import repricing, rollups
from ingestion.operations.price_changes import try_again
from ingestion.operations.prices import Discount, Draft, OwnPrices, set_prices
from ingestion.operations.repricing import reprice_day, reprice_next
from ingestion.operations.rules import RuleDraft, publish_rules
from ingestion.operations.undo import undo_delivery
from ingestion.operations.work import do_next
from ingestion.queries import proof
from org.models import FiscalPeriod
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast

HEADER = "id,started_at,provider,model,account,workflow,in_text,in_cache_read,out_text,cost_usd\n"
# gpt-4o: $2.50 in, $1.25 cached, $10 out a million tokens:
# 1,000 x 2.5 + 400 x 1.25 + 100 x 10 = 4,000 millionths of a dollar.
CALL = "{id},{at},openai,{model},{account},drafter,1000,400,100,{stated}\n"


def call(
    name: str,
    at: str = "2026-11-19T10:00:00Z",
    *,
    model: str = "gpt-4o",
    account: str = "prod",
    stated: str = "",
) -> str:
    return CALL.format(id=name, at=at, model=model, account=account, stated=stated)


def price(in_text: str, **differs: object) -> OwnPrices:
    return OwnPrices("openai", "gpt-4o", {"in_text": Decimal(in_text)}, **differs)  # type: ignore[arg-type]


def change(draft: Draft, cast: Cast, at: datetime) -> PriceChange:
    """Change the book and do the re-pricing that follows, as a worker would."""
    made = set_prices(draft=draft, by=cast.fiona, at=at)
    while do_next(at=at):
        pass
    made.refresh_from_db()
    return made


def days() -> list[tuple[int, int, Decimal]]:
    rows = SliceDay.objects.order_by("reporting_day", "slice", "status")
    return [(row.status, row.calls, row.cost_usd) for row in rows]


def assert_proved() -> None:
    for prove in (
        proof.rollups_equal_detail,
        proof.unit_days_equal_slice_days,
        proof.units_and_unallocated_equal_total,
        proof.deliveries_equal_events,
    ):
        assert prove() is None


def test_a_corrected_price_restates_what_was_rated_before(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + call("r1") + call("r2"))

    made = change(price("2"), cast, at)

    # Each call costs 1,000 x 0.5 = 500 millionths less.
    assert days() == [(CostStatus.ESTIMATED, 2, Decimal("0.007"))]
    row = Adjustment.objects.get()
    assert (row.kind, row.calls, row.cost_usd) == ("reprice", 0, Decimal("-0.001"))
    assert (row.delivery, row.recorded_by) == (Delivery.objects.get(), cast.fiona)
    assert (made.state, made.moved_usd) == (PriceChange.State.DONE, Decimal("-0.001"))
    assert [event.cost_pico for event in Event.objects.all()] == [4_000_000_000] * 2
    assert_proved()


def test_doing_it_again_moves_nothing(cast: Cast, deliver: Deliver, at: datetime) -> None:
    deliver(HEADER + call("r1"))
    change(price("2"), cast, at)

    again = change(price("2"), cast, at)

    assert (again.state, again.moved_usd) == (PriceChange.State.DONE, Decimal(0))
    assert Adjustment.objects.count() == 1


def test_a_second_change_starts_from_what_the_first_made(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + call("r1"))
    change(price("2"), cast, at)

    change(price("3"), cast, at)

    assert [row.cost_usd for row in Adjustment.objects.order_by("pk")] == [
        Decimal("-0.0005"),
        Decimal("0.001"),
    ]
    assert days() == [(CostStatus.ESTIMATED, 1, Decimal("0.0045"))]
    assert_proved()


def test_a_price_for_an_unpriced_model_moves_its_calls_and_tokens(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + call("r1", model="house-9"))
    usd = {"in_text": Decimal(2), "in_cache_read": Decimal(1), "out_text": Decimal(4)}

    made = change(OwnPrices("openai", "house-9", usd), cast, at)

    assert days() == [(CostStatus.ESTIMATED, 1, Decimal("0.0028"))]
    measures = ("calls", "requests", "in_text", "in_cache_read", "out_text", "cost_usd")
    assert list(Adjustment.objects.order_by("status").values_list(*measures)) == [
        (-1, -1, -1000, -400, -100, Decimal(0)),
        (1, 1, 1000, 400, 100, Decimal("0.0028")),
    ]
    assert made.newly_priced == 1
    assert UnitDay.objects.get(status=CostStatus.ESTIMATED).in_tokens == 1400
    assert_proved()


def test_a_stated_cost_stays_and_its_list_cost_moves(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + call("r1", stated="0.003"))

    change(price("2"), cast, at)

    day = SliceDay.objects.get()
    assert (day.status, day.cost_usd) == (CostStatus.STATED, Decimal("0.003"))
    assert day.list_usd == Decimal("0.0035")
    assert_proved()


def test_a_contract_restates_its_account_alone_and_leaves_the_list(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + call("r1") + call("r2", account="dev"))

    change(Discount("openai", "prod", Decimal(12)), cast, at)

    prod, dev = SliceDay.objects.order_by("-slice__account")
    assert (prod.cost_usd, prod.list_usd) == (Decimal("0.00352"), Decimal("0.004"))
    assert dev.cost_usd == Decimal("0.004")
    assert_proved()


def test_a_price_from_an_hour_on_parts_the_day_at_it(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + call("r1", "2026-11-19T10:00:00Z") + call("r2", "2026-11-19T14:00:00Z"))

    change(price("2", starts_at=datetime(2026, 11, 19, 12, tzinfo=UTC)), cast, at)

    assert days() == [(CostStatus.ESTIMATED, 2, Decimal("0.0075"))]


def test_days_before_and_after_the_price_are_not_touched(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + "".join(call(f"r{n}", f"2026-11-{n}T10:00:00Z") for n in (10, 12, 14)))

    made = change(
        price("2", starts_at=datetime(2026, 11, 11, tzinfo=UTC),
              ends_at=datetime(2026, 11, 13, tzinfo=UTC)),
        cast, at,
    )  # fmt: skip

    assert (made.starts_on, made.ends_on) == (date(2026, 11, 11), date(2026, 11, 14))
    assert [usd for _, _, usd in days()] == [
        Decimal("0.004"), Decimal("0.0035"), Decimal("0.004"),
    ]  # fmt: skip


def test_the_unit_and_the_guardrails_learn_of_it(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    publish_rules(
        drafts=[RuleDraft("drafter", {"workflow": "drafter"}, cast.support.pk)],
        reason="first",
        by=cast.fiona,
        at=at,
    )
    deliver(HEADER + call("r1"))
    SpendChange.objects.update(judged_at=at)

    change(price("2"), cast, at)

    assert UnitDay.objects.get(unit=cast.support).cost_usd == Decimal("0.0035")
    waiting = SpendChange.objects.get(judged_at=None)
    assert waiting.unit_ids == [cast.support.pk]


def test_a_closed_period_stays_as_it_was(cast: Cast, deliver: Deliver, at: datetime) -> None:
    deliver(HEADER + call("r1", "2026-10-19T10:00:00Z") + call("r2"))
    FiscalPeriod.objects.containing(date(2026, 10, 19)).update(state=FiscalPeriod.State.CLOSED)

    made = change(price("2"), cast, at)

    assert [usd for _, _, usd in days()] == [Decimal("0.004"), Decimal("0.0035")]
    assert (made.state, made.moved_usd) == (PriceChange.State.DONE, Decimal("-0.0005"))
    assert_proved()


def test_an_undo_takes_the_re_pricing_back_and_a_later_one_leaves_it_alone(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    delivery = deliver(HEADER + call("r1"))
    change(price("2"), cast, at)

    undo_delivery(delivery_id=delivery.pk, reason="Sent twice", by=cast.fiona, at=at)
    assert days() == []
    deliver(HEADER + call("r1"))
    made = change(price("3"), cast, at)

    # The call came again at $2 a million: 1,000 x 1 = 1,000 millionths dearer.
    assert days() == [(CostStatus.ESTIMATED, 1, Decimal("0.0045"))]
    assert made.moved_usd == Decimal("0.001")
    assert_proved()


def test_a_delivery_undone_in_the_middle_stops_the_day(
    cast: Cast, deliver: Deliver, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = deliver(HEADER + call("r1"))
    made = set_prices(draft=price("2"), by=cast.fiona, at=at)
    add = rollups.add_delta

    def undo_meanwhile(*, takes_back: bool) -> tuple[list[int], list[int]]:
        Delivery.objects.filter(pk=delivery.pk).update(
            state=Delivery.State.UNDONE, undone_at=at, undone_by=cast.fiona, undo_reason="Twice"
        )
        return add(takes_back=takes_back)

    monkeypatch.setattr("ingestion.operations.adjust.add_delta", undo_meanwhile)

    with pytest.raises(repricing.UndoneMeanwhile):
        reprice_day(change_id=made.pk, at=at)
    assert not Adjustment.objects.exists()


def test_it_goes_day_by_day_and_goes_on_where_it_stopped(
    cast: Cast, deliver: Deliver, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(HEADER + "".join(call(f"r{n}", f"2026-11-{n}T10:00:00Z") for n in (10, 12)))
    made = set_prices(draft=price("2"), by=cast.fiona, at=at)
    reprice_next(at=at)
    with monkeypatch.context() as dying:
        dying.setattr("ingestion.operations.adjust.add_delta", _die)
        reprice_next(at=at)

    made.refresh_from_db()
    assert (made.state, made.next_day, made.attempts) == ("queued", date(2026, 11, 11), 1)
    assert [usd for _, _, usd in days()] == [Decimal("0.0035"), Decimal("0.004")]

    PriceChange.objects.update(claimed_at=None)
    reprice_next(at=at)
    made.refresh_from_db()
    assert (made.state, made.moved_usd) == ("done", Decimal("-0.001"))
    assert_proved()


def _die(**_: object) -> tuple[list[int], list[int]]:
    raise RuntimeError("the lights went out")


def test_after_three_attempts_it_is_put_aside_with_its_reason_and_can_be_tried_again(
    cast: Cast, deliver: Deliver, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(HEADER + call("r1"))
    made = set_prices(draft=price("2"), by=cast.fiona, at=at)
    with monkeypatch.context() as dying:
        dying.setattr("ingestion.operations.adjust.add_delta", _die)
        for _ in range(3):
            PriceChange.objects.update(claimed_at=None)
            reprice_next(at=at)

    made.refresh_from_db()
    assert made.state == PriceChange.State.FAILED
    assert "the lights went out" in made.reason
    assert not reprice_next(at=at)

    assert try_again(change_id=made.pk)
    assert reprice_next(at=at)
    made.refresh_from_db()
    assert made.state == PriceChange.State.DONE
    assert not try_again(change_id=made.pk)


def test_calls_are_read_in_bounded_batches(
    cast: Cast, deliver: Deliver, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(HEADER + "".join(call(f"r{n}") for n in range(7)))
    monkeypatch.setattr("ingestion.queries.events.BATCH_ROWS", 3)

    made = change(price("2"), cast, at)

    assert made.moved_usd == Decimal("-0.0035")
    assert Adjustment.objects.count() == 1


def test_where_nothing_was_used_there_is_nothing_to_do(cast: Cast, at: datetime) -> None:
    made = set_prices(draft=price("2"), by=cast.fiona, at=at)

    assert (made.state, made.finished_at) == (PriceChange.State.DONE, at)
    assert not reprice_next(at=at)


def test_money_beyond_64_bits_of_pico_dollars_is_summed_exactly(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    # Two billion tokens at $3,000 a million are six million dollars a call.
    big = "".join(
        f"r{n},2026-11-19T10:00:00Z,openai,gpt-4o,prod,drafter,2000000000,0,0,\n" for n in range(4)
    )
    deliver(HEADER + big)

    made = change(price("3000"), cast, at)

    assert SliceDay.objects.get().cost_usd == 24_000_000
    assert made.moved_usd == 24_000_000 - 4 * 5_000
    assert_proved()


def test_the_region_and_tier_of_a_call_are_rated_again_as_they_were(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(
        "id,started_at,provider,model,region,service_tier,in_text,web_searches,pages\n"
        "r1,2026-11-19T10:00:00Z,anthropic,claude-sonnet-4-6,us,batch,1000000,2,3\n"
    )
    # $3 a million x 0.5 x 1.1, and two searches at $10 a thousand.
    assert SliceDay.objects.get().cost_usd == Decimal("1.67")

    draft = OwnPrices("anthropic", "claude-sonnet-4-6", {"in_text": Decimal(4)})
    change(draft, cast, at)

    assert SliceDay.objects.get().cost_usd == Decimal("2.22")
    assert_proved()
