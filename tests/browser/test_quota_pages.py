"""The quotas' pages and that of routers in a real browser, on a phone too."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from policy.models import Quota
from policy.operations.fleet import bind_sidecar, record_status
from policy.operations.quota_raises import RaiseDraft, ask_raise
from policy.queries.quotas import raises_in_force
from tests.browser.test_spend_pages import sign_in
from tests.factories.quotas import called, quota
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def scene(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Set quotas that promise more than there is, let people use them, one asks for more."""
    monkeypatch.setattr(timezone, "now", lambda: AT)
    cast = gather()
    made = quota("50", by=cast.ed, exempt=["bot@x"], carry_over_pct=50)
    quota("100", by=cast.ed, scope="unit:operations", per="")
    quota("150", by=cast.ed, scope="unit:support", per="")
    for person, calls in (("ana@x", 50), ("bob@x", 41), ("cem@x", 3)):
        called(person, unit=cast.support, calls=calls)
    draft = RaiseDraft(who="ana@x", limit=Decimal(80), ends_at=AT + timedelta(days=2))
    ask_raise(quota_id=made.pk, draft=draft, reason="A release.", by=cast.ed, at=AT)
    record_status(sidecar="eu", version="1", revision=1, applied_at=AT, errors=[], at=AT)
    bind_sidecar(name="eu", serves=["unit:support"], by=cast.ed, at=AT)
    return cast


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
    first = Quota.objects.order_by("pk")[0].pk
    for path in ("/quotas/", "/quotas/new/", f"/quotas/{first}/", "/policy/routers/"):
        page.goto(path)
        assert_no_violations(page)


def test_a_phone_scrolls_no_page_sideways(scene: Cast, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "ed")
    first = Quota.objects.order_by("pk")[0].pk
    for path in ("/quotas/", "/quotas/new/", f"/quotas/{first}/", "/policy/routers/"):
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, path


def test_a_manager_agrees_to_a_raise_from_her_inbox(scene: Cast, page: Page) -> None:
    sign_in(page, "grace")
    page.goto("/approvals/")
    page.get_by_role("link", name="ana@x: 80 calls a day until 22 Nov", exact=True).click()
    page.get_by_role("button", name="Agree").click()

    expect(page.get_by_text("ana@x: 80 calls a day until 22 Nov: approved.")).to_be_visible()
    assert raises_in_force(at=AT).count() == 1
