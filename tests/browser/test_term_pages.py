"""Thresholds, signatures and opening balances in a real browser, in both themes and on a phone."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from budgets.models import Budget
from budgets.operations.watch import watch_thresholds
from finops.thresholds import Effect
from org.models import Approval, Role
from tests.browser.test_budget_pages import sign_in
from tests.budgets.operations.test_openings import opened
from tests.budgets.operations.test_thresholds import leveled
from tests.factories.budgets import asked_budget, budget_step, granted_budget, spend
from tests.factories.org import new_user
from tests.factories.signing import limited
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def scene(transactional_db: None, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Give Support a level that waits and an opening balance, and Claims a chain half signed."""
    monkeypatch.setattr(timezone, "now", lambda: at)
    cast = gather()
    new_user(username="cora", person__name="Cora", roles=[Role.CFO])
    budget = granted_budget(cast, at=at)
    spend(cast.support, date(2026, 10, 11), "500.00")
    opened(cast, budget, {1: "450.00"}, at=at)
    leveled(cast, budget, Effect.ASKS, at=at)
    watch_thresholds(at=at)
    limited(cast, at=at)
    asked = asked_budget(cast, unit=cast.claims, by=cast.greta, at=at)
    budget_step(asked, "approve", by=cast.carl, at=at)
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
    sign_in(page, "carl")
    budget = Budget.objects.get(unit=scene.support)
    for url in (
        f"/budgets/{budget.pk}/",
        f"/budgets/{budget.pk}/thresholds/",
        f"/budgets/{budget.pk}/opening/",
        "/settings/thresholds/",
        "/settings/approvals/",
        f"/approvals/{Approval.objects.waiting().get().pk}/",
    ):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(url)
        assert_no_violations(page)
        page.set_viewport_size(PHONE)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"{url} is {width} pixels wide on a phone"


def test_a_level_is_answered_where_it_waits(scene: Cast, page: Page) -> None:
    sign_in(page, "carl")
    budget = Budget.objects.get(unit=scene.support)
    page.goto(f"/budgets/{budget.pk}/")
    page.get_by_label("Why it may go on beyond 90%").fill("It pays for itself.")
    page.get_by_role("button", name="Let it go on").click()

    expect(page.locator("#thresholds")).to_contain_text("Carl let it go on: It pays for itself.")
