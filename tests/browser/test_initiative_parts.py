"""The parts of an experiment's page in a real browser, in both themes and on a phone."""

import re
from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.test_budget_pages import sign_in
from tests.factories.budgets import granted_budget, running, spend
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/initiatives/support-drafter/"
PARTS = ("baseline/", "cost/", "policy/", "activity/")


@pytest.fixture
def scene(transactional_db: None, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Let an experiment have spent on two days, the first beyond its cap."""
    cast = gather()
    granted_budget(cast, at=at)
    made = running(cast, at=at, starts_on=date(2026, 11, 19))
    spend(cast.support, date(2026, 11, 19), "12.50", cost_object=made.cost_object)
    spend(cast.support, date(2026, 11, 20), "4.00", cost_object=made.cost_object)
    monkeypatch.setattr(timezone, "now", lambda: at)
    return cast


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    scene: Cast,
    page: Page,
    in_theme: Callable[[str], None],
    assert_no_violations: Callable[[Page], None],
    theme: str,
) -> None:
    in_theme(theme)
    sign_in(page, "aud")
    for part in PARTS:
        page.goto(f"{PAGE}{part}")
        assert_no_violations(page)
    for view in ("board", "table"):
        page.goto(f"/initiatives/?view={view}")
        expect(page.get_by_role("link", name=view.capitalize(), exact=True)).to_have_attribute(
            "aria-current", "page"
        )
        assert_no_violations(page)


def test_a_day_of_the_baseline_opens_in_place_and_by_its_address(scene: Cast, page: Page) -> None:
    sign_in(page, "ed")
    page.goto(f"{PAGE}baseline/")
    day = page.get_by_role("link", name="19 November 2026: begins anew")
    day.click()
    expect(page.get_by_role("heading", level=3)).to_have_text("Thursday, 19 November 2026")
    expect(page).to_have_url(re.compile(r"baseline/\?day=2026-11-19$"))
    expect(day).to_have_attribute("aria-current", "date")
    expect(page.get_by_text("Spent $12.50, over the daily cap of $10.00.").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", level=3)).to_have_text("Thursday, 19 November 2026")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_notes_are_within_anybodys_reach(
    scene: Cast,
    page: Page,
    in_theme: Callable[[str], None],
    assert_no_violations: Callable[[Page], None],
    theme: str,
) -> None:
    in_theme(theme)
    sign_in(page, "ed")
    page.goto(f"{PAGE}baseline/?day=2026-11-19")
    for summary in page.locator("details > summary").all():
        summary.click()
    assert_no_violations(page)


def test_the_parts_fit_a_phone_and_lead_to_one_another(scene: Cast, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "aud")
    page.goto(PAGE)
    for name in ("Baseline", "Cost", "Policy", "Activity"):
        page.get_by_role("link", name=name, exact=True).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} of Support drafter")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
