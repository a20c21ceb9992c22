"""Gates of an experiment in a real browser: gathered, refused in place, signed by two."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.test_budget_pages import sign_in
from tests.factories.budgets import granted_budget, running, take_effect
from tests.factories.gates import Ledger, gates, passed, reviewed
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
PAGE = "/initiatives/support-drafter/gates/"


@pytest.fixture
def scene(transactional_db: None, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    """Let gate 1 have passed and gate 2 be in review; nobody has started gate 3."""
    cast = gather()
    granted_budget(cast, core="20000.00", at=at)
    with gates(Ledger()):
        made = running(cast, at=at)
        passed(made, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)
        reviewed(made, by=cast.grace, at=at, number=2)
        monkeypatch.setattr(timezone, "now", lambda: at)
        yield cast


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
    for url in (PAGE, "/approvals/", "/initiatives/?view=table"):
        page.goto(url)
        assert_no_violations(page)


def test_a_gate_is_gathered_submitted_and_signed_by_two(
    scene: Cast, page: Page, at: datetime, assert_no_violations: Check
) -> None:
    sign_in(page, "ed")
    page.goto("/approvals/")
    page.get_by_role("link", name="Look at Gate 2: Some gate").click()
    page.locator("#gate-2 summary", has_text="Sign…").click()
    page.get_by_role("button", name="Sign, gate 2").click()
    expect(page.locator("#gate-2")).to_contain_text("You decided to sign this gate.")
    assert_no_violations(page)
    take_effect(at=at)

    sign_in(page, "fiona")
    page.goto(PAGE)
    page.locator("#gate-2 summary", has_text="Defer…").click()
    page.get_by_label("Look again on").fill("2026-11-19")
    page.locator("#reason-2-defer").fill("Wait for the weekend.")
    page.get_by_role("button", name="Defer, gate 2").click()
    expect(page.get_by_role("alert")).to_contain_text("after today, 20 Nov 2026")
    expect(page.locator("#reason-2-defer")).to_have_value("Wait for the weekend.")
    assert_no_violations(page)

    page.goto(PAGE)
    page.locator("#gate-2 summary", has_text="Sign…").click()
    page.get_by_role("button", name="Sign, gate 2").click()
    expect(page.locator("#gate-2")).to_contain_text("You decided to sign this gate.")
    take_effect(at=at)
    expect(page.locator("main")).to_contain_text("2 of 3 gates passed; Gate 3")
