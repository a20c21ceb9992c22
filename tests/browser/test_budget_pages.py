"""Budgets, initiatives and decisions in a real browser: who asks, who decides, who stops."""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from budgets.models import Budget
from org.models import Approval
from tests.browser.conftest import HELD_MS
from tests.factories.budgets import asked_budget, granted_budget, requested, running, spend
from tests.factories.org import PASSWORD
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]


@pytest.fixture
def scene(transactional_db: None, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Give Support a budget that is half used and two experiments, one of which waits."""
    cast = gather()
    granted_budget(cast, core="20000.00", at=at)
    asked_budget(cast, unit=cast.claims, by=cast.greta, at=at)
    made = running(cast, at=at)
    requested(cast, name="Claims triage", match=[{"workflow": "triage"}], at=at)
    for back in range(1, 29):
        spend(cast.support, at.date() - timedelta(days=back), "380.00")
    spend(cast.support, date(2026, 11, 20), "6.40", cost_object=made.cost_object)
    # The clock runs, and five times as fast: a decision can be taken back for ten of its seconds.
    began = time.monotonic()
    monkeypatch.setattr(
        timezone, "now", lambda: at + timedelta(seconds=5 * (time.monotonic() - began))
    )
    return cast


def sign_in(page: Page, username: str) -> None:
    page.context.clear_cookies(name="sessionid")
    page.goto("/signin/?next=/settings/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    scene: Cast,
    page: Page,
    in_theme: Callable[[str], None],
    assert_no_violations: Check,
    theme: str,
) -> None:
    in_theme(theme)
    sign_in(page, "carl")
    waiting = Approval.objects.waiting().get(kind="initiative")
    for url in (
        "/budgets/",
        "/budgets/periods/",
        "/budgets/new/",
        f"/budgets/{Budget.objects.get(unit=scene.support).pk}/",
        f"/budgets/{Budget.objects.get(unit=scene.support).pk}/revise/",
        f"/budgets/{Budget.objects.get(unit=scene.support).pk}/pool-policies/",
        "/budgets/fund/2026/",
        "/initiatives/",
        "/initiatives/?view=table",
        "/initiatives/new/",
        "/initiatives/support-drafter/",
        f"/approvals/{waiting.pk}/",
    ):
        page.goto(url)
        assert_no_violations(page)


def test_an_experiment_is_checked_in_place_asked_for_approved_and_stopped(
    scene: Cast, page: Page, assert_no_violations: Check
) -> None:
    sign_in(page, "grace")
    page.goto("/initiatives/new/")
    page.get_by_label("Name").fill("Draft answers")
    page.get_by_label("Unit", exact=True).select_option("support")
    page.get_by_label("Hypothesis").fill("Drafted answers halve the time a ticket takes.")
    page.get_by_label("Cap", exact=True).fill("900")
    page.get_by_label("Daily cap").fill("5")
    page.get_by_label("First day").fill("2026-11-20")
    page.get_by_label("End date").fill("2026-12-20")
    page.get_by_label("Its calls").fill("workflow=answers")

    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#checks")).to_contain_text("The pool has $400.00 left; $900.00 is asked.")
    page.get_by_role("button", name="Save and ask for approval").click()
    expect(page.get_by_role("alert")).to_contain_text("Cap")
    page.get_by_label("Cap", exact=True).fill("90")
    page.get_by_role("button", name="Save and ask for approval").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Draft answers")
    assert_no_violations(page)

    sign_in(page, "carl")
    approval = Approval.objects.waiting().get(title="Experiment Draft answers")
    page.goto(f"/approvals/{approval.pk}/")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("main")).to_contain_text("Approved by Carl", timeout=HELD_MS)

    sign_in(page, "grace")
    page.goto("/initiatives/draft-answers/")
    page.get_by_text("Stop now…").click()
    page.locator("#reason-stop").fill("It answers the wrong people.")
    page.get_by_role("button", name="Stop now").click()
    expect(page.locator("main")).to_contain_text("Stopped. It used $0.00 of $90.00")
    assert_no_violations(page)


def decide(page: Page, title: str) -> None:
    """Open the decision from the inbox."""
    page.goto("/approvals/")
    page.get_by_role("listitem").filter(has_text=title).get_by_role("link", name="Decide").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_less_is_approved_and_more_time_asked_for_refused_and_granted(
    scene: Cast,
    page: Page,
    in_theme: Callable[[str], None],
    assert_no_violations: Check,
    theme: str,
) -> None:
    in_theme(theme)
    sign_in(page, "carl")
    decide(page, "Experiment Claims triage")
    page.get_by_text("Approve less…").click()
    expect(page.get_by_label("Cap", exact=True)).to_have_value("100.00")
    assert_no_violations(page)
    page.get_by_label("Cap", exact=True).fill("600")
    page.locator("#id_grant-reason").fill("Start with one team.")
    page.get_by_role("button", name="Approve less").click()
    expect(page.get_by_role("alert")).to_contain_text("A cap of $100.00 was asked")
    assert_no_violations(page)
    page.get_by_label("Cap", exact=True).fill("60")
    page.get_by_label("End date").fill("2026-12-10")
    page.get_by_role("button", name="Approve less").click()
    expect(page.get_by_role("row", name="Cap", exact=False).first).to_contain_text(
        "$60.00", timeout=HELD_MS
    )
    assert_no_violations(page)

    for end, button, said in (
        ("2027-02-01", "Refuse more time", "Rejected by Carl"),
        ("2026-12-31", "Grant more time", "Approved by Carl"),
    ):
        sign_in(page, "grace")
        page.goto("/initiatives/claims-triage/")
        page.get_by_text("Ask for more time…").click()
        page.get_by_label("End date asked for").fill(end)
        page.locator("#reason-extend").fill("The second team joined late.")
        assert_no_violations(page)
        page.get_by_role("button", name="Ask for more time").click()
        expect(page.locator("main")).to_contain_text("instead of 10 Dec 2026")

        sign_in(page, "carl")
        decide(
            page, f"Claims triage until {date.fromisoformat(end):%-d %b %Y} instead of 10 Dec 2026"
        )
        assert_no_violations(page)
        page.get_by_label("Reason").fill("Not before the first results are in.")
        page.get_by_role("button", name=button).click()
        expect(page.locator("main")).to_contain_text(said, timeout=HELD_MS)

    page.goto("/initiatives/claims-triage/")
    expect(page.locator("main")).to_contain_text("It ends on 31 Dec 2026 now.")
    expect(page.get_by_role("button", name="Ask for more time")).to_be_disabled()
    assert_no_violations(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_plan_is_seen_in_place_before_it_is_asked_for(
    scene: Cast,
    page: Page,
    in_theme: Callable[[str], None],
    assert_no_violations: Check,
    theme: str,
) -> None:
    in_theme(theme)
    sign_in(page, "carl")
    page.goto("/budgets/new/")
    page.get_by_label("Unit", exact=True).select_option("operations")
    page.get_by_label("Core", exact=True).fill("24000")
    page.get_by_label("Experimentation pool").fill("600")
    page.get_by_label("Phasing of the core").select_option("By own weights, one a period")
    page.get_by_label("Own weights").fill("1 1")

    page.get_by_role("button", name="Show the plan by period").click()
    expect(page.get_by_role("alert")).to_contain_text("it needs 12 weights; there are 2.")
    page.get_by_label("Own weights").fill("1 1 1 1 1 1 1 1 1 1 1 13")
    page.get_by_role("button", name="Show the plan by period").click()
    expect(page.get_by_role("row", name="FY2026 P12")).to_contain_text("$13,000.00")
    assert_no_violations(page)
    page.get_by_role("button", name="Ask for approval").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Budget of Operations, FY2026")
    expect(page.get_by_role("row", name="FY2026 P12")).to_contain_text("$13,000.00")
    assert_no_violations(page)
