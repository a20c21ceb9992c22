"""The preview of a change of prices: what the re-pricing then moves, and nothing written."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ingestion.models import Adjustment, CostStatus, PriceChange, PriceRow, PriceTerm, SliceDay
from ingestion.operations.price_previews import Line, preview_draft
from ingestion.operations.prices import Discount, OwnPrices, set_prices
from ingestion.operations.rules import RuleDraft, publish_rules
from ingestion.operations.work import do_next
from ingestion.queries.prices import PricedModel, cards_for, price_book_version
from org.models import FiscalPeriod
from org.refusals import Invalid
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast

HEADER = "id,started_at,provider,model,account,workflow,in_text\n"
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
CHEAPER = OwnPrices("openai", "gpt-4o", {"in_text": Decimal(2)})


def call(name: str, day: str, *, workflow: str = "drafter", model: str = "gpt-4o") -> str:
    return f"{name},{day}T10:00:00Z,openai,{model},prod,{workflow},1000\n"


@pytest.fixture
def two_units(cast: Cast, at: datetime) -> Cast:
    publish_rules(
        drafts=[
            RuleDraft("drafter", {"workflow": "drafter"}, cast.support.pk),
            RuleDraft("claims", {"workflow": "claims"}, cast.claims.pk),
        ],
        reason="first",
        by=cast.fiona,
        at=at,
    )
    return cast


def test_it_says_old_new_and_difference_by_month_and_unit(
    two_units: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(
        HEADER + call("r1", "2026-10-30") + call("r2", "2026-11-02") + call("r3", "2026-11-03")
        + call("r4", "2026-11-03", workflow="claims") + call("r5", "2026-11-03", workflow="lost")
    )  # fmt: skip

    found = preview_draft(draft=CHEAPER, by=two_units.fiona, at=at)

    one, two = Decimal("0.0025"), Decimal("0.005")
    assert found.lines == (
        Line(OCTOBER, two_units.support.pk, one, Decimal("-0.0005")),
        Line(NOVEMBER, None, one, Decimal("-0.0005")),
        Line(NOVEMBER, two_units.support.pk, two, Decimal("-0.001")),
        Line(NOVEMBER, two_units.claims.pk, one, Decimal("-0.0005")),
    )
    assert found.lines[2].after_usd == Decimal("0.004")
    assert (found.calls, found.change_usd) == (5, Decimal("-0.0025"))


def test_the_re_pricing_moves_what_the_preview_said(
    two_units: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + call("r1", "2026-11-02") + call("r2", "2026-11-03"))
    found = preview_draft(draft=CHEAPER, by=two_units.fiona, at=at)

    made = set_prices(draft=CHEAPER, by=two_units.fiona, at=at)
    while do_next(at=at):
        pass

    made.refresh_from_db()
    assert made.moved_usd == found.change_usd == Decimal("-0.001")


def test_nothing_of_it_is_kept_and_the_book_says_what_it_said(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + call("r1", "2026-11-02"))
    before = PriceRow.objects.count(), PriceTerm.objects.count(), PriceChange.objects.count()

    for draft in (CHEAPER, Discount("openai", "prod", Decimal(50))):
        assert preview_draft(draft=draft, by=cast.fiona, at=at).change_usd < 0

    assert before == (
        PriceRow.objects.count(), PriceTerm.objects.count(), PriceChange.objects.count(),
    )  # fmt: skip
    assert not Adjustment.objects.exists()
    assert SliceDay.objects.get().cost_usd == Decimal("0.0025")
    gpt_4o = PricedModel("openai", "gpt-4o", "prod", "standard")
    cards = cards_for(gpt_4o, version=price_book_version())
    assert cards is not None
    assert cards.effective == cards.listed


def test_it_counts_the_calls_that_get_their_price(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + call("r1", "2026-11-02", model="house-9"))
    assert SliceDay.objects.get().status == CostStatus.UNPRICED

    draft = OwnPrices("openai", "house-9", {"in_text": Decimal(4)})
    found = preview_draft(draft=draft, by=cast.fiona, at=at)

    assert (found.newly_priced, found.change_usd) == (1, Decimal("0.004"))


def test_what_would_move_in_a_closed_period_stays_and_is_named(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + call("r1", "2026-10-30") + call("r2", "2026-11-02"))
    FiscalPeriod.objects.containing(OCTOBER).update(state=FiscalPeriod.State.CLOSED)

    found = preview_draft(draft=CHEAPER, by=cast.fiona, at=at)

    assert [line.month for line in found.lines] == [NOVEMBER]
    assert found.stays_usd == Decimal("-0.0005")


def test_with_more_calls_than_a_page_can_rate_it_looks_at_the_newest_days(
    cast: Cast, deliver: Deliver, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.operations.price_previews.MOST_CALLS", 2)
    deliver(HEADER + "".join(call(f"r{n}", f"2026-11-0{n}") for n in (1, 2, 3)))

    found = preview_draft(draft=CHEAPER, by=cast.fiona, at=at)

    assert (found.calls, found.reaches_back_to) == (2, date(2026, 11, 2))


def test_where_nothing_was_used_nothing_moves(cast: Cast, at: datetime) -> None:
    found = preview_draft(draft=CHEAPER, by=cast.fiona, at=at)

    assert (found.lines, found.calls, found.newly_priced) == ((), 0, 0)


def test_a_draft_that_cannot_stand_is_refused(cast: Cast, at: datetime) -> None:
    late = OwnPrices("openai", "gpt-4o", {}, starts_at=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(Invalid, match="at least one price"):
        preview_draft(draft=late, by=cast.fiona, at=at)
