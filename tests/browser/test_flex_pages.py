"""Flex rules and waivers in a real browser: read in both themes, on a phone."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from budgets.models import Budget
from budgets.operations.flex_steps import scale
from tests.browser.test_spend_pages import sign_in
from tests.budgets.operations.test_waivers import profiled
from tests.factories.budgets import granted_budget
from tests.factories.flex import (
    NOVEMBER,
    asked_waiver,
    counted,
    proposed,
    signed,
    signed_waiver,
    used,
)
from tests.factories.outcomes import defined
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 12, 8, 12, 0, tzinfo=UTC)


@pytest.fixture
def pages(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Leave a step, a rule and a waiver to wait, and let another waiver run."""
    cast = gather()
    profiled(cast)
    budget = granted_budget(cast, core="504000.00", at=AT)
    november(cast, budget)
    sold = [
        defined(cast, at=AT, name=name, workflows=[name], kind="customer", product=name)
        for name in ("helpdesk", "quotes")
    ]
    days = {"starts_on": date(2026, 11, 20), "expires_on": date(2027, 5, 1)}
    runs = signed_waiver(cast, sold[0], at=AT, **days)
    waits = asked_waiver(cast, sold[1], at=AT, **days)
    monkeypatch.setattr(timezone, "now", lambda: LATER)
    paths = [f"/economics/waivers/{each}" for each in ("", "new/", f"{runs.pk}/", f"{waits.pk}/")]
    return [f"/budgets/{budget.pk}/", f"/budgets/{budget.pk}/flex/", *paths]


def november(cast: Cast, budget: Budget) -> None:
    """Let more tickets be answered than the rule lets stand by itself, and propose another."""
    tickets = defined(cast, at=AT)
    signed(cast, budget, tickets, at=AT)
    used(cast.claims, NOVEMBER[0], "1", tokens=1)
    used(cast.support, date(2026, 11, 30), "70400", tokens=160_000 * 13_750)
    counted(cast, tickets, NOVEMBER, 160_000, at=AT)
    scale(budget_id=budget.pk, at=LATER)
    proposed(
        cast, budget, tickets, at=LATER, starts_on=date(2026, 12, 1),
        planned_volumes=[Decimal(150_000)],
    )  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    pages: list[str], page: Page, theme: str, in_theme: Check, assert_no_violations: Check
) -> None:
    in_theme(theme)  # type: ignore[arg-type]
    sign_in(page, "carl")
    for path in pages:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert_no_violations(page)


@pytest.mark.parametrize("wide", [390, 1280])
def test_no_page_is_wider_than_its_screen(pages: list[str], page: Page, wide: int) -> None:
    page.set_viewport_size({"width": wide, "height": 844})
    sign_in(page, "fiona")
    for path in pages:
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= wide, path


def test_extra_volume_is_signed_where_the_inbox_leads(pages: list[str], page: Page) -> None:
    sign_in(page, "carl")
    page.goto("/approvals/")
    page.get_by_role("link", name="Decide: Support FY2026: $4,200.00").click()

    step = page.locator("section", has_text="$4,200.00 of FY2026 P11 wait for a signature")
    step.get_by_role("button", name="Sign").click()

    expect(page.get_by_text("Your decision on the extra volume is recorded.")).to_be_visible()
