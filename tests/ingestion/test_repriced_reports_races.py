"""Prices that change while reports are loaded, replaced and undone: neither side is lost."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest
from django.test import override_settings

from ingestion.models import Adjustment, Delivery, PriceChange, PriceRow, ReportLine, SliceDay
from ingestion.operations.deliveries import submit_file
from ingestion.operations.prices import OwnPrices, set_prices
from ingestion.operations.undo import undo_delivery
from ingestion.operations.work import do_next
from org.models import User
from tests.ingestion.proofs import faults
from tests.ingestion.report_source import line, report
from tests.org_cast import gather
from tests.races import race

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PRICES = [OwnPrices("openai", "gpt-4o", {"in_text": Decimal(usd)}) for usd in (2, 3, 4)]
DAYS = range(2, 8)

pytestmark = [
    pytest.mark.usefixtures("report_sources"),
    pytest.mark.django_db(transaction=True),
]


def submit(millions: int) -> Delivery:
    """Hand in a report of six days with so many million tokens a day, in two projects."""
    content = report(
        *(
            line(day, tokens=(millions * 1_000_000, 0), project=project)
            for day in DAYS
            for project in ("a", "b")
        )
    )
    return submit_file(
        file=io.BytesIO(content.encode()), filename=f"{millions}.csv", source="acme-usage",
        account="prod", column_map={}, fixed_values={}, by=None, at=AT,
    )  # fmt: skip


def work() -> None:
    while do_next(at=AT):
        pass


def change(draft: OwnPrices) -> None:
    set_prices(draft=draft, by=None, at=AT)
    work()


def hand_in(millions: int) -> None:
    submit(millions)
    work()


def undo(delivery: Delivery, by: User) -> None:
    undo_delivery(delivery_id=delivery.pk, reason="Wrong file.", by=by, at=AT)


def finish() -> None:
    """Do what a worker left to the next one in the race."""
    PriceChange.objects.filter(state="queued").update(claimed_at=None, attempts=0)
    work()


def assert_current_lines_at_the_current_price() -> None:
    current = ReportLine.objects.filter(bucket__state="current").values_list("in_text", flat=True)
    [row] = PriceRow.objects.standing().filter(provider="openai", model="gpt-4o", meter="in_text")
    days = SliceDay.objects.values_list("cost_usd", "list_usd")
    expected = Decimal(sum(current)) * row.usd / 1_000_000
    assert [sum(column) for column in zip(*days, strict=True)] == [expected, expected]
    gone = Adjustment.objects.exclude(bucket__state="current")
    assert sum(gone.values_list("cost_usd", flat=True)) == 0
    assert PriceChange.objects.filter(state="failed").count() == 0
    assert faults() == []


@override_settings(TOKENOPS_CHUNK_BYTES=400)
def test_reports_and_changes_of_prices_at_once_end_at_the_last_price_and_version() -> None:
    gather()
    hand_in(1)

    outcomes = race(
        *(partial(change, draft) for draft in PRICES),
        *(partial(hand_in, millions) for millions in (5, 7)),
    )
    finish()

    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert {row.state for row in Delivery.objects.all()} == {"done"}
    assert_current_lines_at_the_current_price()


def test_an_undo_while_prices_change_revives_the_version_before_at_the_last_price() -> None:
    cast = gather()
    hand_in(1)
    wrong = submit(9)
    work()

    outcomes = race(*(partial(change, draft) for draft in PRICES), partial(undo, wrong, cast.fiona))
    finish()

    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert set(wrong.buckets.values_list("state", flat=True)) == {"undone"}
    assert_current_lines_at_the_current_price()
