"""Unit economics and business figures in a real browser: read in both themes, on a phone."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from ingestion.operations.metrics import FIGURES, record_figures
from tests.browser.test_spend_pages import sign_in
from tests.factories.ingestion import book, new_slice
from tests.factories.outcomes import defined
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAGES = (
    "/economics/?period=FY26-P10",
    "/economics/ticket-answered/?period=FY26-P10",
    "/data/metrics/",
    "/data/metrics/outcomes/new/",
    "/data/metrics/outcomes/ticket-answered/",
)
REVENUE = "product,period,amount_usd\nassist,2026-10,1000.50\n"


@pytest.fixture
def scene(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """One outcome with a month that is known, and one of which nothing is."""
    cast = gather()
    monkeypatch.setattr(timezone, "now", lambda: AT)
    defined(cast, at=AT, kind="customer", product="assist", rework_usd=Decimal("6.50"))
    defined(cast, at=AT, name="Contract reviewed", workflows=["contracts"])
    book(new_slice(workflow="support-drafter"), date(2026, 10, 10), "4200", calls=20000)
    record = {
        "definition": "ticket-answered", "period": "FY2026 P10",
        "started": 9500, "succeeded": 7790,
    }  # fmt: skip
    record_figures(figure=FIGURES["counts"], records=[record], by=cast.fiona, at=AT)
    return cast


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    scene: Cast, page: Page, theme: str, in_theme: Check, assert_no_violations: Check
) -> None:
    in_theme(theme)  # type: ignore[arg-type]
    sign_in(page, "fiona")
    for path in PAGES:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert_no_violations(page)


def test_no_page_is_wider_than_a_phone(scene: Cast, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "fiona")
    for path in PAGES:
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path


def test_a_table_is_looked_at_and_then_kept(scene: Cast, page: Page) -> None:
    sign_in(page, "fiona")
    page.goto("/data/metrics/")
    page.get_by_label("What it tells").select_option("revenue")
    page.get_by_label("Or its text").fill(REVENUE)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("1 row: 1 would be added")).to_be_visible()

    page.get_by_role("button", name="Keep it").click()

    expect(page.get_by_text("Revenue of products: 1 added")).to_be_visible()
    expect(page.get_by_role("cell", name="$1,000.50")).to_be_visible()
