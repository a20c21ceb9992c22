"""A graduation in a real browser: weighed, signed on a phone, read and printed afterwards."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from ingestion.operations.slices import forget_slices
from tests.browser.conftest import LISTENER
from tests.browser.test_budget_pages import sign_in
from tests.factories.budgets import take_effect
from tests.factories.gates import gate_step
from tests.factories.graduations import SIGNED, Proven, graduation_gates, proposed, proven
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
PAGE = "/initiatives/support-drafter/graduation/"
GATES = "/initiatives/support-drafter/gates/"
PREVIEW = "/initiatives/support-drafter/gates/5/preview/"
WIDTHS = (390, 1360)
FINGER_PX = 44


@pytest.fixture
def scene(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cast, Proven]]:
    """Let Ed have proposed the worked journal; nobody has signed."""
    forget_slices()
    cast = gather()
    with graduation_gates():
        found = proven(cast)
        proposed(found, by=cast.ed)
        monkeypatch.setattr(timezone, "now", lambda: SIGNED)
        yield cast, found
    forget_slices()


def height(found: Locator) -> float:
    box = found.bounding_box()
    return box["height"] if box else 0


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_nothing_stands_in_anybodys_way_before_it_is_signed_and_after(
    scene: tuple[Cast, Proven],
    page: Page,
    in_theme: Callable[[str], None],
    assert_no_violations: Check,
) -> None:
    cast, found = scene
    sign_in(page, "carl")

    def look(*addresses: str) -> None:
        for theme in ("light", "dark"):
            in_theme(theme)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                for address in addresses:
                    page.goto(address)
                    assert fits(page), (address, width)
                    assert_no_violations(page)

    look(GATES, PAGE, PREVIEW, "/approvals/")
    for minutes, (who, part) in enumerate(((cast.carl, "finance"), (found.head, "head"))):
        at = SIGNED + timedelta(minutes=minutes)
        gate_step(found.initiative, "sign", by=who, at=at, number=5, part=part)
    look(PAGE, f"/budgets/{found.budget.pk}/", "/initiatives/")

    page.goto(PAGE)
    expect(page.locator("main")).to_contain_text("Signed: it enters core on 1 August 2026.")
    expect(page.locator(".print-header")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(".print-header")).to_contain_text("Decision record: Support drafter")
    expect(page.locator(".rail")).to_be_hidden()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_other_terms_show_their_journal_beside_the_form(
    scene: tuple[Cast, Proven], page: Page, assert_no_violations: Check
) -> None:
    _, found = scene
    at = SIGNED + timedelta(minutes=1)
    gate_step(found.initiative, "reopen", by=found.head, at=at, number=5, reason="By other terms.")
    sign_in(page, "ed")
    page.goto(GATES)
    page.locator("#gate-5 summary", has_text="Gather evidence…").click()

    page.get_by_label("Who pays").select_option("release_only")

    asked = page.locator("#journal-asked")
    expect(asked).to_contain_text("153 days; $63,112.50 from the reserve of Support.")
    page.get_by_label("Core from").fill("2026-08-11")
    page.get_by_role("button", name="Show the journal").click()
    expect(asked).to_contain_text("$412.50 a day for 143 days")
    expect(asked).to_contain_text("$0.00")
    assert_no_violations(page)
    assert page.url.endswith(GATES)


def test_the_cfo_signs_on_a_phone_and_may_take_it_back(
    scene: tuple[Cast, Proven], browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(
        base_url=live_server.url,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
    )
    context.add_init_script(LISTENER)
    page = context.new_page()
    sign_in(page, "carl")

    page.goto("/approvals/")
    item = page.get_by_role("listitem").filter(has_text="Gate 5: Core graduation").first
    expect(item).to_contain_text("$63,112.50 moves into the core of Support from 1 August 2026")
    assert fits(page)
    look = page.get_by_role("link", name="Look at Gate 5: Core graduation of Support drafter")
    assert height(look) >= FINGER_PX
    look.click()
    sign = page.locator("#gate-5 summary", has_text="Sign…")
    assert height(sign) >= FINGER_PX
    sign.click()
    button = page.get_by_role("button", name="Sign, gate 5")
    assert height(button) >= FINGER_PX
    assert fits(page)
    button.click()
    expect(page.locator("#gate-5")).to_contain_text("You decided to sign this gate.")
    undo = page.get_by_role("button", name="Undo")
    assert height(undo) >= FINGER_PX
    assert fits(page)

    take_effect(at=SIGNED)  # the page looks every second, and then reads itself anew
    expect(page.locator("#gate-5")).to_contain_text("Carl")
    expect(page.locator("#gate-5")).not_to_contain_text("You decided to sign")
    context.close()
