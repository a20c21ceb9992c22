"""The margin of a product: of whole days only, with every call that delivers it."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from finops.periods import Period
from ingestion.models import CostStatus, OtherCogs, Revenue, Slice
from ingestion.queries.margins import margin_in
from tests.factories.ingestion import book, new_slice
from tests.factories.margins import earned, months
from tests.factories.outcomes import defined
from tests.org_cast import Cast

JANUARY = Period(date(2026, 1, 1), date(2026, 2, 1))


@pytest.fixture
def work(cast: Cast, at: datetime) -> Slice:
    """Let January bring 200,000 and cost 40,000 beside calls of 32,000."""
    defined(cast, at=at, kind="customer", product="helpdesk")
    made = new_slice(workflow="support-drafter")
    earned(cast, months(1)[0], at=at, work=made)
    return made


def test_it_is_what_is_left_of_the_revenue(work: Slice) -> None:
    found = margin_in("helpdesk", period=JANUARY)

    assert (found.revenue_usd, found.other_usd, found.ai_usd) == (
        Decimal(200_000),
        Decimal(40_000),
        Decimal(32_000),
    )
    assert found.margin == Decimal("0.64")
    assert found.unknown == ()


def test_every_workflow_of_the_product_delivers_it(cast: Cast, at: datetime, work: Slice) -> None:
    defined(
        cast, at=at, name="Ticket sorted", workflows=["sorter"], kind="customer",
        product="helpdesk",
    )  # fmt: skip
    book(new_slice(workflow="sorter"), date(2026, 1, 5), "8000")
    book(new_slice(workflow="another"), date(2026, 1, 5), "9999")

    assert margin_in("helpdesk", period=JANUARY).margin == Decimal("0.60")


def test_a_part_of_what_is_told_of_a_month_is_by_its_days(work: Slice) -> None:
    found = margin_in("helpdesk", period=Period(date(2026, 1, 1), date(2026, 1, 11)))

    assert round(found.revenue_usd, 2) == Decimal("64516.13")  # 200,000 · 10 / 31
    assert found.margin is not None
    assert round(found.margin, 4) == Decimal("0.6400")


def test_days_nobody_told_of_leave_it_unknown(work: Slice) -> None:
    book(work, date(2026, 2, 28), "1")
    both = Period(date(2026, 1, 1), date(2026, 3, 1))

    found = margin_in("helpdesk", period=both)

    assert found.margin is None
    assert found.unknown == ("its revenue", "its other costs")
    ahead = margin_in("helpdesk", period=Period(date(2026, 3, 1), date(2026, 3, 2)))
    assert "its usage" in ahead.unknown


def test_a_call_without_a_price_leaves_it_unknown(work: Slice) -> None:
    book(work, date(2026, 1, 9), "0", status=CostStatus.UNPRICED)

    assert margin_in("helpdesk", period=JANUARY).unknown == ("the price of some of its calls",)


def test_a_figure_that_was_corrected_counts_as_it_stands_now(
    cast: Cast, at: datetime, work: Slice
) -> None:
    Revenue.objects.update(superseded_at=at)
    Revenue.objects.create(
        product="helpdesk", starts_on=JANUARY.start, ends_on=JANUARY.end, amount_usd=100_000,
        recorded_at=at, recorded_by=cast.fiona,
    )  # fmt: skip

    assert margin_in("helpdesk", period=JANUARY).margin == Decimal("0.28")
    assert OtherCogs.objects.count() == 1
