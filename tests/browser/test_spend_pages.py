"""The pages about spend in a real browser: read, explored, loaded, allocated."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from ingestion.models import CostStatus, Delivery, Reject, Slice
from ingestion.operations.assignments import assign_slices
from ingestion.operations.rules import RuleDraft, publish_rules
from ingestion.queries.rules import attributes_of
from org.operations.approvals import request_decision
from tests.factories.budgets import granted_budget
from tests.factories.ingestion import book, new_delivery, new_slice
from tests.factories.org import PASSWORD
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]


@pytest.fixture
def scene(transactional_db: None, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Four weeks of usage in two units and in none, a budget, a decision, two imports."""
    cast = gather()
    granted_budget(cast, core="20000.00", at=at)
    publish_rules(
        drafts=[
            RuleDraft("Replies", {"workflow": "reply*"}, cast.support.pk),
            RuleDraft("Claims", {"workflow": ["claim", "dispute"]}, cast.claims.pk),
            RuleDraft("Gone", {"key": "retired"}, cast.claims.pk),
        ],
        reason="As agreed with the units",
        by=cast.fiona,
        at=at,
    )
    for place, workflow in enumerate(("reply", "reply-fast", "claim", "stray"), 1):
        called = new_slice(workflow=workflow, key=f"key-{place}", model=f"model-{place}")
        assign_slices({called.pk: attributes_of(called)})
        for back in range(28):
            book(called, at.date() - timedelta(days=back), f"{place * (30 + back % 7)}.25", calls=9)
    unpriced = new_slice(model="gpt-x", workflow="reply")
    assign_slices({unpriced.pk: attributes_of(unpriced)})
    book(unpriced, at.date(), "0", status=CostStatus.UNPRICED, calls=3)
    request_decision(
        kind="other",
        subject_id=1,
        title="Budget of Claims FY2027",
        url="/approvals/1/",
        unit=cast.claims,
        terms={},
        amount_usd=None,
        by=cast.greta,
        at=at,
    )
    bad = new_delivery(
        state=Delivery.State.DONE, rows=3, loaded=1, duplicate=1, rejected=1, usd="1.50"
    )
    Reject.objects.create(
        delivery=bad, line=3, field="in_text", reason="1e3 is no plain count.", raw="x"
    )
    new_delivery(filename="broken.csv", state=Delivery.State.FAILED, reason="There is no header.")
    monkeypatch.setattr(timezone, "now", lambda: at)
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
    sign_in(page, "fiona")
    done = Delivery.objects.get(filename="usage.csv").pk
    for url in (
        "/",
        "/spend/",
        "/spend/?group_by=unit&group_by=model&filter[provider]=openai&granularity=week",
        "/spend/?filter[key]=none",
        "/units/",
        "/units/support/",
        "/approvals/",
        "/rules/",
        "/rules/edit/?workflow=stray",
        "/rules/unallocated/",
        f"/rules/why/{Slice.objects.latest('pk').pk}/",
        "/data/imports/",
        "/data/imports/new/",
        "/data/sources/",
        "/data/quality/",
        f"/data/imports/{done}/",
    ):
        page.goto(url)
        assert_no_violations(page)


def test_the_explorer_answers_in_place_and_the_address_follows(
    scene: Cast, page: Page, assert_no_violations: Check
) -> None:
    sign_in(page, "carl")
    page.goto("/spend/")
    expect(page.locator("figure[data-chart-state=drawn]")).to_be_visible()

    page.get_by_label("Group by").select_option("model")
    expect(page.get_by_role("link", name="model-4")).to_be_visible()
    page.get_by_label("Only where").select_option("workflow")
    page.get_by_label("is", exact=True).fill("claim")
    page.get_by_role("button", name="Add").click()

    expect(page.get_by_role("link", name="model-3")).to_be_visible()
    expect(page.get_by_role("link", name="model-4")).to_have_count(0)
    assert "filter%5Bworkflow%5D=claim" in page.url
    expect(page.locator("figure[data-chart-state=drawn]")).to_be_visible()
    assert_no_violations(page)


def test_a_rule_is_made_from_the_queue_seen_and_published(
    scene: Cast, page: Page, assert_no_violations: Check
) -> None:
    sign_in(page, "fiona")
    page.goto("/rules/unallocated/")
    page.get_by_role("link", name="Make a rule").click()

    page.get_by_label("Name").first.fill("Strays")
    page.get_by_label("Goes to").first.select_option(label="Claims")
    page.get_by_role("button", name="Preview what moves").click()
    expect(page.get_by_role("heading", name="What would move")).to_be_focused()
    assert_no_violations(page)
    page.get_by_label("Why the rules change").fill("The strays are claims")
    page.get_by_role("button", name="Publish version 2").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Rules")
    expect(page.get_by_text("workflow is stray")).to_be_visible()


def test_a_file_is_dropped_mapped_and_watched(
    scene: Cast, page: Page, tmp_path: Path, assert_no_violations: Check
) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("TIMESTAMP,ContextTokens\n2026-11-19 10:00:00,2162\n")
    sign_in(page, "fiona")
    page.goto("/data/imports/new/")

    page.get_by_label("File").set_input_files(trace)
    page.get_by_role("button", name="Load it").click()
    expect(page.get_by_label("Column of started_at")).to_have_value("TIMESTAMP")
    assert_no_violations(page)
    page.get_by_label("The same provider for every row").fill("azure")
    page.get_by_label("The same model for every row").fill("gpt-4o")
    page.get_by_role("button", name="Load it").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("trace.csv")
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    Delivery.objects.filter(filename="trace.csv").update(state=Delivery.State.DONE)
    expect(page.get_by_text("Waiting for a worker")).to_have_count(0)
    expect(page.locator("#import[hx-get]")).to_have_count(0)


@pytest.mark.parametrize("typeface", ["ours", "the machine's own"])
def test_a_phone_shows_every_page_without_scrolling_sideways(
    scene: Cast, page: Page, typeface: str
) -> None:
    if typeface != "ours":  # a slow line shows the machine's first, and it is wider
        page.route("**/*.woff2", lambda route: route.abort())
    sign_in(page, "carl")
    page.set_viewport_size({"width": 390, "height": 844})

    for url in ("/", "/spend/", "/approvals/", "/units/", "/units/support/"):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, url
