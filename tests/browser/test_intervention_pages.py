"""Overrides, blocks, protection, trip tests, margins and routes in a real browser."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from policy.models import Override
from policy.operations.forced import force_block
from policy.operations.margins import record_margins
from policy.operations.protection import set_protected
from policy.operations.publish import publish
from tests.browser.test_spend_pages import sign_in
from tests.factories.overrides import overridden
from tests.factories.policy import cap, drafter_scope, unit_scope
from tests.factories.trip_tests import trip_tested
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DRAFTER, CLAIMS = "/breakers/initiative:support-drafter/", "/breakers/unit:claims/"


@pytest.fixture
def scene(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Override one cap after a trip test, block a protected unit without a word, feed margins."""
    monkeypatch.setattr(timezone, "now", lambda: AT)
    cast = gather()
    drafter, claims = drafter_scope(cast.support), unit_scope(cast.claims)
    limit = cap(drafter, "45.00", by=cast.carl)
    publish(cause="A cap.", by=cast.carl, at=AT)
    trip_tested(drafter, by=cast.ed, at=AT)
    overridden(limit, by=cast.ed, at=AT)
    set_protected(scope=claims, protected=True, reason="Paid by law.", by=cast.carl, at=AT)
    force_block(scope=claims, reason="", by=cast.ed, at=AT)
    record = {
        "id": "first",
        "scope": "unit:claims",
        "from": (AT - timedelta(days=1)).isoformat(),
        "to": AT.isoformat(),
        "revenue_usd": "1200.00",
        "other_cogs_usd": "300.00",
    }
    record_margins(records=[record], by=cast.ed, at=AT)
    return cast


def pages() -> list[str]:
    parts = ("", "guard/", "override/", "trip-test/", "block/", "protect/")
    return [
        *(f"{scope}{part}" for scope in (DRAFTER, CLAIMS) for part in parts),
        "/breakers/",
        "/breakers/overrides/",
        f"/breakers/overrides/{Override.objects.get().pk}/",
        "/breakers/margins/",
        "/models/routes/",
        "/policy/",
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    scene: Cast,
    page: Page,
    in_theme: Callable[[str], None],
    assert_no_violations: Check,
    theme: str,
) -> None:
    in_theme(theme)
    sign_in(page, "ed")
    for path in pages():
        page.goto(path)
        assert_no_violations(page)


@pytest.mark.parametrize("width", [390, 1360])
def test_no_page_scrolls_sideways(scene: Cast, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, "ed")
    for path in pages():
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_every_part_of_a_breaker_leads_to_the_others(scene: Cast, page: Page) -> None:
    sign_in(page, "ed")
    page.goto(DRAFTER)
    parts = page.get_by_role("navigation", name="Breaker of Support drafter")
    for name, part in (
        ("Guard", "guard/"),
        ("Override", "override/"),
        ("Trip test", "trip-test/"),
        ("Block", "block/"),
        ("Protection", "protect/"),
        ("State", ""),
    ):
        parts.get_by_role("link", name=name).click()
        page.wait_for_url(f"**{DRAFTER}{part}")
        expect(parts.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")


def test_a_cfo_signs_an_override_and_its_countdown_begins(scene: Cast, page: Page) -> None:
    override = Override.objects.get()
    assert override.limit_usd == Decimal("60.00")
    sign_in(page, "carl")
    page.goto(DRAFTER)
    page.get_by_role("link", name="why, and by whom").click()
    page.get_by_role("button", name="Sign").click()

    expect(page.get_by_text("In force", exact=True).first).to_be_visible()
    page.goto(DRAFTER)
    expect(page.get_by_text("is overridden to $60.00 instead of $45.00")).to_be_visible()


def test_the_reason_that_is_owed_is_given_where_it_is_asked_for(scene: Cast, page: Page) -> None:
    sign_in(page, "ed")
    page.goto(CLAIMS)
    page.get_by_role("link", name="say why").click()
    page.get_by_label("Why it was blocked").fill("A key stood in a public repository.")
    page.get_by_role("button", name="Give the reason").click()

    expect(page.get_by_text("The reason is kept")).to_be_visible()
    expect(page.get_by_text("A reason is owed")).to_have_count(0)
