"""The guard in a real browser: readable by everybody, and tried on the past while one types."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from policy.models import Guard
from tests.factories.org import PASSWORD
from tests.factories.policy import cap, earned, spend, unit_scope
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
GUARD = "/breakers/unit:support/guard/"


@pytest.fixture
def scene(transactional_db: None) -> Cast:
    """Let Support have spent nine tenths of its day's cap yesterday, and have brought money in."""
    cast, now = gather(), timezone.now()
    support = unit_scope(cast.support)
    cap(support, "100.00", by=cast.carl, starts_on=now.date() - timedelta(days=30))
    spend("90.00", unit=cast.support, on=now.date() - timedelta(days=1))
    earned(support, now - timedelta(days=1), now, "240.00", "48.00", by=cast.ed)
    return cast


def sign_in(page: Page, username: str, to: str) -> None:
    page.goto(f"/signin/?next={to}")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    scene: Cast,
    page: Page,
    in_theme: Callable[[str], None],
    assert_no_violations: Check,
    theme: str,
) -> None:
    in_theme(theme)
    sign_in(page, "ed", GUARD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Guard of Support")
    assert_no_violations(page)
    page.goto("/breakers/margins/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Margins")
    assert_no_violations(page)


def test_a_guard_is_tried_while_one_types_and_then_set(scene: Cast, page: Page) -> None:
    sign_in(page, "ed", GUARD)
    told = page.locator("#dry-run")
    expect(told).to_contain_text("would have slowed calls once")

    page.get_by_label("Calls are slowed from so many percent").fill("91")
    page.get_by_label("Dollars a minute").press("Tab")
    expect(told).to_contain_text("would have slowed calls never")
    page.get_by_role("button", name="Set the guard").click()

    expect(page.get_by_text("The guard of Support is set.")).to_be_visible()
    assert f"{Guard.objects.get().slow_at}" == "0.9100"
