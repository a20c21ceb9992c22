"""Sign-in, settings, tokens, changes to units and the API's documentation, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from org.models import ApiToken
from org.operations.tokens import digest_of
from tests.factories.org import PASSWORD, new_token
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]


@pytest.fixture
def cast_there(transactional_db: None) -> Cast:
    """Gather the cast where the server's threads see it."""
    return gather()


def sign_in(page: Page, username: str) -> None:
    page.goto("/signin/?next=/settings/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    cast_there: Cast,
    page: Page,
    in_theme: Callable[[str], None],
    assert_no_violations: Check,
    theme: str,
) -> None:
    new_token(user=cast_there.ada)
    in_theme(theme)
    page.goto("/signin/")
    assert_no_violations(page)
    sign_in(page, "ada")
    assert_no_violations(page)
    weeks = "pattern=4-4-5&start_month=2&week_starts_on=6&year_end=last"
    for url in (
        "/settings/tokens/",
        "/settings/calendar/",
        "/settings/delegations/",
        "/settings/leavers/",
        "/settings/notifications/",
        "/settings/webhooks/",
        "/notifications/",
        f"/settings/calendar/?{weeks}",
        "/settings/profile/",
        "/settings/profile/?people=400&gm_target=20",
        "/settings/profile/pool_share/",
        "/units/new/",
        "/units/support/edit/",
    ):
        page.goto(url)
        assert_no_violations(page)


def test_a_token_is_made_copied_and_revoked_without_leaving_the_page(
    cast_there: Cast, page: Page, assert_no_violations: Check
) -> None:
    sign_in(page, "ed")
    page.goto("/settings/tokens/")

    page.get_by_label("Name").fill("router eu-1")
    page.get_by_label(re.compile("policy:read")).check()
    page.get_by_role("button", name="Make token").click()

    secret = page.get_by_label("Secret", exact=True).inner_text()
    assert ApiToken.objects.get().digest == digest_of(secret)
    assert_no_violations(page)
    page.get_by_role("button", name="Revoke router eu-1").click()
    expect(page.get_by_role("cell", name="Revoked")).to_be_visible()
    assert ApiToken.objects.get().revoked_at is not None
    assert secret not in page.content()


def test_what_was_typed_wrongly_is_said_in_place(cast_there: Cast, page: Page) -> None:
    sign_in(page, "ed")
    page.goto("/settings/tokens/")

    page.get_by_label("Name").fill("router eu-1")
    page.get_by_role("button", name="Make token").click()

    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved yet")
    expect(page.get_by_label("Name")).to_have_value("router eu-1")


def test_the_documentation_of_the_api_stays_within_the_content_policy(
    cast_there: Cast, page: Page
) -> None:
    page.goto("/api/v1/docs/")

    expect(page.get_by_role("heading", name="TokenOps")).to_be_visible()
    page.locator(".opblock-summary").first.click()
    page.wait_for_timeout(500)
    assert page.evaluate("window.__violations") == []


def test_a_calendar_is_chosen_seen_and_confirmed(cast_there: Cast, page: Page) -> None:
    sign_in(page, "carl")
    page.get_by_role("link", name="Change the fiscal calendar").click()

    page.get_by_label("Periods").select_option("Thirteen periods of 4 weeks")
    expect(page.get_by_role("rowheader", name="FY2026 P13")).to_be_visible()
    page.get_by_role("button", name="Cut all years like this").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    expect(page.get_by_text("Thirteen periods of 4 weeks, from Sunday on")).to_be_visible()


def test_the_company_is_described_seen_and_confirmed(cast_there: Cast, page: Page) -> None:
    sign_in(page, "carl")
    page.get_by_role("link", name="Company profile").click()

    page.get_by_label("How many people work in the company?").fill("400")
    page.get_by_label("Which gross margin does it aim at, in percent?").fill("20")
    page.get_by_role("button", name="Show what would change").click()
    floor = page.get_by_role("region", name="Settings that would have another value")
    expect(floor.get_by_role("row", name="Margin floor")).to_contain_text("56%19%")
    page.get_by_role("button", name="Answer like this, from today on").click()

    expect(page.get_by_text("With 400 people it is a company of middling size.")).to_be_visible()
