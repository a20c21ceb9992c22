"""The breakers in a real browser: readable by everybody, refreshed without taking the focus."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from policy.models import Scope, Sidecar
from policy.operations.breaker import block, judge
from policy.operations.publish import publish
from tests.factories.org import PASSWORD
from tests.factories.policy import cap, drafter_scope, org_scope, spend, unit_scope
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
PAGE = "/breakers/initiative:support-drafter/"
ASKED = "/policy/simulator/?provider=openai&model=gpt-5&workflow=drafter"


@pytest.fixture
def scene(transactional_db: None) -> Cast:
    """Block one experiment by its cap and Claims by hand; one router reported long ago."""
    cast, now = gather(), timezone.now()
    drafter, claims = drafter_scope(cast.support), unit_scope(cast.claims)
    cap(drafter, "45.00", by=cast.carl)
    cap(org_scope(), "2000.00", mode="soft")
    publish(cause="Caps for the new experiments.", by=cast.carl, at=now)
    spend("46.10", unit=cast.support, cost_object=drafter.cost_object, on=now.date())
    judge(unit_ids=[], cost_object_ids=[drafter.cost_object_id or 0], at=now)
    block(scope=claims, code="stopped", text="The triage loops.", by=cast.ed, at=now)
    Sidecar.objects.create(name="gateway-eu", revision=1, seen_at=now, applied_at=now)
    return cast


def sign_in(page: Page, username: str, path: str = "/breakers/") -> None:
    page.goto(f"/signin/?next={path}")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Breakers")


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
    for path in ("/breakers/", "/breakers/?state=half_open", PAGE, ASKED, "/policy/simulator/"):
        page.goto(path)
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert_no_violations(page)
        page.set_viewport_size({"width": 390, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.set_viewport_size({"width": 1360, "height": 900})


def test_rows_are_read_anew_and_the_focus_stays(scene: Cast, page: Page) -> None:
    page.clock.install()
    sign_in(page, "ed")
    link = page.get_by_role("row").filter(has_text="unit:claims").get_by_role("link")
    link.focus()
    Scope.objects.filter(slug="unit:claims").update(owner="Somebody new")

    with page.expect_response(lambda answer: "breaker-rows" in answer.text()):
        page.clock.fast_forward(11_000)

    expect(page.get_by_role("row").filter(has_text="unit:claims")).to_contain_text("Somebody new")
    expect(link).to_be_focused()


def test_a_filter_changes_the_list_and_the_address(scene: Cast, page: Page) -> None:
    sign_in(page, "ed")

    page.get_by_label("Unit").select_option("claims")

    expect(page.get_by_role("status").filter(has_text="breakers.")).to_have_text("1 of 3 breakers.")
    assert "unit=claims" in page.url


def test_an_engineer_lifts_a_block_where_she_reads_of_it(scene: Cast, page: Page) -> None:
    sign_in(page, "ed")
    page.get_by_role("table").get_by_role("link", name="Claims").click()
    page.get_by_label("Reason").fill("The loop was mended.")
    page.get_by_role("button", name="Lift the block").click()

    expect(page.get_by_text("Its calls run.")).to_be_visible()
    assert Scope.objects.get(slug="unit:claims").state == "closed"


def test_the_simulator_answers_in_place(scene: Cast, page: Page) -> None:
    sign_in(page, "ed")
    page.goto("/policy/simulator/")
    page.get_by_label("Provider").fill("openai")
    page.get_by_label("Model").fill("gpt-5")
    page.get_by_role("button", name="Ask").click()

    expect(page.get_by_role("heading", name="It is made")).to_be_visible()
    assert "model=gpt-5" in page.url
