"""What runs in core in a real browser, in both themes and on a phone."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from budgets.operations.probations import begin_probations
from tests.browser.test_budget_pages import sign_in
from tests.factories.core import AUGUST, NOVEMBER, OCTOBER, SEPTEMBER, final, in_core, reviewed
from tests.factories.graduations import graduation_gates, proven
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = ("/core/", "/initiatives/support-drafter/core/")


@pytest.fixture
def scene(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    """Let a workload have had one good month and two bad ones, and be on probation."""
    cast = gather()
    with graduation_gates():
        in_core(cast, proven(cast))
        reviewed(cast, {AUGUST: Decimal("412.50"), SEPTEMBER: Decimal("540.375")})
        reviewed(cast, {OCTOBER: Decimal("561.00")})
        begin_probations(at=final(NOVEMBER))
        monkeypatch.setattr(timezone, "now", lambda: final(NOVEMBER))
        yield cast


def test_nothing_stands_in_anybodys_way_and_all_fits_a_phone(
    scene: Cast,
    page: Page,
    in_theme: Callable[[str], None],
    assert_no_violations: Callable[[Page], None],
) -> None:
    sign_in(page, "aud")
    for theme in ("light", "dark"):
        in_theme(theme)
        for address in PAGES:
            page.goto(address)
            assert_no_violations(page)
    page.get_by_text("Show as table").click()
    expect(page.get_by_role("row", name="FY2026 P9")).to_have_count(2)
    assert_no_violations(page)
    expect(page.get_by_role("link", name="Initiatives").first).to_have_attribute(
        "aria-current", "page"
    )

    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/initiatives/")
    page.get_by_role("link", name="In core", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("In core")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Support drafter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Core of Support drafter")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
