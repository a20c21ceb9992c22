"""The price pages in a real browser: read, searched, a price set after its preview."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from ingestion.models import CostStatus, PriceChange
from ingestion.operations.assignments import assign_slices
from ingestion.operations.prices import Discount, OwnPrices, set_prices
from ingestion.queries.rules import attributes_of
from tests.browser.test_spend_pages import sign_in
from tests.factories.ingestion import book, new_slice
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def scene(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Two models without a price, a contract, an own price, and a change under way."""
    cast = gather()
    for model, calls in (("gpt-4o-inhouse", 48), ("claude-sonnet-5-preview", 3)):
        unpriced = new_slice(model=model, account="prod")
        assign_slices({unpriced.pk: attributes_of(unpriced)})
        book(unpriced, date(2026, 11, 3), "0", status=CostStatus.UNPRICED, calls=calls)
    contract = Discount("openai", "prod", Decimal("12.5"), model="gpt-4*")
    set_prices(draft=contract, by=cast.fiona, at=AT)
    own = OwnPrices("openai", "gpt-4o", {"in_text": Decimal("2.2")}, account="prod")
    set_prices(draft=own, by=cast.fiona, at=AT)
    monkeypatch.setattr(timezone, "now", lambda: AT)
    return cast


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    scene: Cast, page: Page, theme: str, in_theme: Check, assert_no_violations: Check
) -> None:
    in_theme(theme)  # type: ignore[arg-type]
    sign_in(page, "fiona")
    change = PriceChange.objects.latest("pk")
    for path in (
        "/prices/",
        "/prices/model/?provider=openai&model=gpt-4o",
        "/prices/own/?provider=openai&model=gpt-4o-inhouse",
        "/prices/discount/",
        f"/prices/changes/{change.pk}/",
    ):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert_no_violations(page)


def test_no_page_is_wider_than_a_phone(scene: Cast, page: Page) -> None:
    sign_in(page, "fiona")
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/prices/", "/prices/model/?provider=openai&model=gpt-4o", "/prices/own/"):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path


def test_the_book_narrows_while_one_types(scene: Cast, page: Page) -> None:
    sign_in(page, "fiona")
    page.goto("/prices/")

    page.get_by_label("Model", exact=True).fill("deepseek-v4-pro")

    expect(page.locator("#book")).to_contain_text("deepseek-v4-pro")
    expect(page.locator("#book")).not_to_contain_text("claude-2")
    expect(page).to_have_url(re.compile("text=deepseek-v4-pro"))


def test_a_price_is_set_after_its_preview_was_seen(scene: Cast, page: Page) -> None:
    sign_in(page, "fiona")
    page.goto("/prices/")
    page.get_by_role("row", name="gpt-4o-inhouse").get_by_role("link", name="Price it").click()

    page.get_by_role("button", name="Preview what moves").last.click()
    expect(page.get_by_role("heading", name="what would move")).to_be_visible()
    page.get_by_role("button", name="Keep it and restate").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("of the price book")
