"""Report lines that the price book rated: restated when it changes, taken back to nothing."""

import io
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

import pytest
from django.test import override_settings

from ingestion.models import (
    Adjustment,
    CostStatus,
    Delivery,
    PriceChange,
    ReportBucket,
    ReportLine,
    SliceDay,
    UnitDay,
)
from ingestion.operations.deliveries import submit_file
from ingestion.operations.load import load_chunk
from ingestion.operations.plan import plan_delivery
from ingestion.operations.price_previews import preview_draft
from ingestion.operations.prices import Discount, Draft, OwnPrices, set_prices
from ingestion.operations.undo import undo_delivery
from ingestion.operations.work import do_next
from org.models import FiscalPeriod
from tests.ingestion.conftest import Deliver
from tests.ingestion.proofs import faults
from tests.ingestion.report_source import line, report
from tests.org_cast import Cast

pytestmark = pytest.mark.usefixtures("report_sources")

D = Decimal
MILLION = (1_000_000, 0)  # of gpt-4o, at $2.50 a million


def price(in_text: str, *, model: str = "gpt-4o", region: str = "") -> OwnPrices:
    return OwnPrices("openai", model, {"in_text": Decimal(in_text)}, region=region)


def change(draft: Draft, cast: Cast, at: datetime) -> PriceChange:
    """Change the book and do the re-pricing that follows, as a worker would."""
    made = set_prices(draft=draft, by=cast.fiona, at=at)
    while do_next(at=at):
        pass
    made.refresh_from_db()
    return made


def undo(delivery: Delivery, cast: Cast, at: datetime) -> None:
    undo_delivery(delivery_id=delivery.pk, reason="Wrong file.", by=cast.fiona, at=at)


def days() -> list[tuple[int, int, Decimal, Decimal]]:
    """Return (status, calls, cost, list cost) of every slice day."""
    rows = SliceDay.objects.order_by("utc_day", "slice", "status")
    return [(row.status, row.calls, row.cost_usd, row.list_usd) for row in rows]


def left_of_what_counts_no_more() -> list[Decimal]:
    """Return what is booked of versions that do not count, by day and slice: nothing."""
    sums: defaultdict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    gone = Adjustment.objects.filter(bucket__isnull=False).exclude(bucket__state="current")
    for row in gone:
        key = row.bucket_id, row.reporting_day, row.utc_day, row.slice_id, row.status
        sums[*key, "cost"] += row.cost_usd
        sums[*key, "list"] += row.list_usd
        sums[*key, "calls"] += row.calls
    return [left for left in sums.values() if left]


def test_a_corrected_price_restates_the_lines_that_the_book_rated(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    delivery = deliver(report(line(2, tokens=MILLION, requests=7)), source="acme-usage")

    made = change(price("2"), cast, at)

    assert days() == [(CostStatus.ESTIMATED, 7, D(2), D(2))]
    booked = Adjustment.objects.get(kind="reprice")
    assert (booked.delivery, booked.bucket) == (delivery, ReportBucket.objects.get())
    assert (booked.calls, booked.cost_usd, booked.list_usd) == (0, D("-0.5"), D("-0.5"))
    assert (booked.cause, booked.recorded_by) == (f"price book version {made.pk}", cast.fiona)
    assert (made.state, made.moved_usd) == (PriceChange.State.DONE, D("-0.5"))
    assert ReportLine.objects.get().cost_usd == D("2.5")
    assert faults() == []


def test_a_second_change_starts_from_what_the_first_made_and_again_moves_nothing(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(report(line(2, tokens=MILLION)), source="acme-usage")

    moved = [change(price(usd), cast, at).moved_usd for usd in ("2", "3", "3")]

    assert moved == [D("-0.5"), D(1), D(0)]
    assert days() == [(CostStatus.ESTIMATED, 0, D(3), D(3))]
    assert faults() == []


def test_what_the_provider_states_stays_and_what_it_does_not_moves(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(
        report(
            line(2, tokens=MILLION, usd="1.75", project="a"),
            line(2, tokens=MILLION, usd="1.75", listed="2.60", project="b"),
            line(2, tokens=MILLION, listed="2.60", project="c"),
        ),
        source="acme-usage",
    )

    change(price("2"), cast, at)

    rows = SliceDay.objects.order_by("slice__project").values_list("cost_usd", "list_usd")
    assert list(rows) == [(D("1.75"), D(2)), (D("1.75"), D("2.60")), (D(2), D("2.60"))]
    assert faults() == []


def test_more_money_than_a_call_can_cost_is_left_alone(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    dear = line(2, tokens=MILLION, usd="900000000000", project="a")
    deliver(report(dear, line(2, tokens=MILLION, usd="-5", project="b")), source="acme-usage")

    change(price("2"), cast, at)

    rows = SliceDay.objects.order_by("slice__project").values_list("cost_usd", "list_usd")
    assert list(rows) == [(D(900_000_000_000), D(2)), (D(-5), D(2))]


def test_a_line_that_gets_its_price_leaves_unpriced_with_its_tokens(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    lines = [line(2, model="house-9", tokens=MILLION, requests=n) for n in (0, 4)]
    deliver(report(*lines), source="acme-usage")
    # A line without a price counts as one call at least.
    assert days() == [(CostStatus.UNPRICED, 5, D(0), D(0))]

    made = change(price("4", model="house-9"), cast, at)

    assert days() == [(CostStatus.ESTIMATED, 4, D(8), D(8))]
    assert UnitDay.objects.get().in_tokens == 2_000_000
    assert made.newly_priced == 5
    assert faults() == []


def test_only_usage_moves(cast: Cast, deliver: Deliver, at: datetime) -> None:
    other = line(2, tokens=MILLION, category="purchase")
    deliver(report(line(2, tokens=MILLION), other), source="acme-usage")

    assert change(price("2"), cast, at).moved_usd == D("-0.5")


def test_a_sum_of_calls_is_never_rated_as_one_long_call(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    # Calls of more than 200,000 tokens cost more.
    deliver(
        report(line(2, model="gemini-2.5-pro", provider="google", tokens=MILLION)),
        source="acme-usage",
    )
    long = OwnPrices("google", "gemini-2.5-pro", {"in_text": D(9)}, bracket_min_tokens=200_000)

    assert change(long, cast, at).moved_usd == 0
    assert change(replace(long, bracket_min_tokens=0), cast, at).moved_usd == D("7.75")


def test_tier_region_and_account_are_rated_again_as_they_were(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    sonnet = partial(line, 2, provider="anthropic", model="claude-sonnet-4-6", tokens=MILLION)
    lines = [sonnet(tier="batch", region="us"), sonnet(region="mars")]
    deliver(report(*lines), source="acme-usage", account="prod")
    # $3 a million x 0.5 x 1.1, and a region that the book does not know at the plain $3.
    assert days() == [(CostStatus.ESTIMATED, 0, D("4.65"), D("4.65"))]

    change(OwnPrices("anthropic", "claude-sonnet-4-6", {"in_text": D(4)}), cast, at)
    change(Discount("anthropic", "prod", D(10)), cast, at)

    # 4 x 0.5 x 1.1 + 4, a tenth less.
    assert days() == [(CostStatus.ESTIMATED, 0, D("5.58"), D("6.2"))]
    assert faults() == []


def test_a_closed_period_stays_as_it_was(cast: Cast, deliver: Deliver, at: datetime) -> None:
    october = line(-5, tokens=MILLION)  # the 26th
    deliver(report(october, line(2, tokens=MILLION)), source="acme-usage")
    FiscalPeriod.objects.containing(date(2026, 10, 26)).update(state="closed")

    made = change(price("2"), cast, at)

    assert [cost for _, _, cost, _ in days()] == [D("2.5"), D(2)]
    assert made.moved_usd == D("-0.5")
    assert faults() == []


def test_the_preview_says_what_the_re_pricing_then_moves(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(report(line(2, tokens=MILLION, requests=40)), source="acme-usage")

    found = preview_draft(draft=price("2"), by=cast.fiona, at=at)

    assert [(row.before_usd, row.after_usd) for row in found.lines] == [(D("2.5"), D(2))]
    assert (found.calls, found.change_usd) == (40, D("-0.5"))
    assert not Adjustment.objects.filter(kind="reprice").exists()
    assert change(price("2"), cast, at).moved_usd == found.change_usd


def test_lines_are_read_in_bounded_batches(
    cast: Cast, deliver: Deliver, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(report(*[line(2, tokens=MILLION)] * 7), source="acme-usage")
    monkeypatch.setattr("ingestion.queries.report_lines.BATCH_ROWS", 3)

    assert change(price("2"), cast, at).moved_usd == D("-3.5")


def test_a_report_that_is_replaced_takes_its_re_pricing_with_it(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(report(line(2, tokens=MILLION), line(3, tokens=MILLION)), source="acme-usage")
    change(price("2"), cast, at)

    later = deliver(report(line(2, tokens=(3_000_000, 0))), source="acme-usage")

    assert [cost for _, _, cost, _ in days()] == [D(6), D(2)]
    assert later.usd == D(6)
    assert left_of_what_counts_no_more() == []
    assert faults() == []


def test_of_one_day_in_hours_only_the_hour_that_is_replaced_is_taken_back(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    hours = [line(2, tokens=MILLION, hours=(hour, hour + 1)) for hour in (3, 4)]
    deliver(report(*hours), source="acme-usage")
    change(price("2"), cast, at)

    deliver(report(line(2, tokens=(5_000_000, 0), hours=(3, 4))), source="acme-usage")

    # Two dollars of the hour at four, and ten of the new one at three.
    assert days() == [(CostStatus.ESTIMATED, 0, D(12), D(12))]
    assert left_of_what_counts_no_more() == []
    assert faults() == []


def test_an_undone_report_takes_its_re_pricing_with_it(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    delivery = deliver(report(line(2, tokens=MILLION)), source="acme-usage")
    change(price("2"), cast, at)

    undo(delivery, cast, at)

    assert days() == []
    assert left_of_what_counts_no_more() == []
    assert change(price("3"), cast, at).moved_usd == 0
    assert faults() == []


def test_a_version_that_an_undo_revives_costs_what_the_book_says_now(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(report(line(2, tokens=MILLION)), source="acme-usage")
    change(price("2"), cast, at)
    wrong = deliver(report(line(2, tokens=(9_000_000, 0))), source="acme-usage")
    change(price("3"), cast, at)

    undo(wrong, cast, at)

    assert days() == [(CostStatus.ESTIMATED, 0, D(3), D(3))]
    assert left_of_what_counts_no_more() == []
    assert change(price("3"), cast, at).moved_usd == 0
    assert faults() == []


def planned(content: str, at: datetime) -> Delivery:
    delivery = submit_file(
        file=io.BytesIO(content.encode()), filename="report.csv", source="acme-usage",
        account="", column_map={}, fixed_values={}, by=None, at=at,
    )  # fmt: skip
    plan_delivery(delivery_id=delivery.pk, at=at)
    return delivery


@override_settings(TOKENOPS_CHUNK_BYTES=200)
def test_parts_rated_before_a_change_cost_what_the_book_says_when_they_begin_to_count(
    cast: Cast, at: datetime
) -> None:
    lines = [line(2, tokens=MILLION, project=f"p{n}") for n in range(10)]
    delivery = planned(report(*lines), at)
    first, *others = delivery.chunks.order_by("number")
    load_chunk(chunk_id=first.pk, at=at)

    made = set_prices(draft=price("2"), by=cast.fiona, at=at)
    for chunk in others:
        load_chunk(chunk_id=chunk.pk, at=at)

    # The change found nothing that it could restate.
    assert made.state == PriceChange.State.DONE
    assert sum(cost for _, _, cost, _ in days()) == D(20)
    assert set(ReportLine.objects.values_list("cost_usd", flat=True)) == {D(2), D("2.5")}
    assert faults() == []


def test_where_the_book_stayed_lines_are_not_read_back(
    cast: Cast, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def reading(bucket_ids: list[int], **_: object) -> list[object]:
        read.extend(bucket_ids)
        return []

    monkeypatch.setattr("ingestion.queries.repricing.line_frames", reading)

    deliver(report(line(2, tokens=MILLION)), source="acme-usage")

    assert read == []
    assert ReportBucket.objects.get().rated_by is not None


def test_a_line_says_its_region_and_what_the_provider_lists(cast: Cast, deliver: Deliver) -> None:
    deliver(report(line(2, tokens=MILLION, region="us", listed="2.60")), source="acme-usage")

    told = ReportLine.objects.get()
    assert (told.region, told.listed_usd, told.list_usd) == ("us", "2.60", D("2.6"))
    assert told.started_at == datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "list_usd"),
    [
        ({}, None),
        ({"requests": 3}, None),
        ({"listed": "1.20"}, D("1.20")),
        ({"tokens": MILLION}, D("2.5")),
    ],
)
def test_money_for_a_model_without_tokens_has_no_known_list_cost(
    cast: Cast, deliver: Deliver, more: dict[str, object], list_usd: Decimal | None
) -> None:
    deliver(report(line(2, usd="1", **more)), source="acme-usage")  # type: ignore[arg-type]

    told = ReportLine.objects.get()
    assert (told.cost_usd, told.list_usd) == (D(1), list_usd)
