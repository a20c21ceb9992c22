"""Mapping a file in a real browser: by a saved map, in place, and without JavaScript."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from ingestion.models import ColumnMap, Delivery
from tests.factories.ingestion import new_delivery, new_map
from tests.factories.org import PASSWORD
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]


@pytest.fixture
def scene(transactional_db: None) -> Cast:
    """Two saved maps: one for the columns of the trace, one for others."""
    cast = gather()
    new_map("Azure trace", owner=cast.fiona)
    new_map(
        "Gateway",
        owner=cast.fiona,
        columns=["at", "in"],
        column_map={"started_at": "T", "out_text": "gone"},
        fixed_values={"provider": "own", "model": "llama"},
    )
    return cast


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.csv"
    path.write_text("T,I,O\n2026-11-19 10:00:00,1000,100\n")
    return path


@pytest.fixture
def plain_page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """Open a page in a browser that runs no JavaScript."""
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def sign_in(page: Page, place: str) -> None:
    page.goto(f"/signin/?next={place}")
    page.get_by_label("Username").fill("fiona")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def hand_in(page: Page, trace: Path) -> None:
    sign_in(page, "/data/imports/new/")
    page.get_by_label("File").set_input_files(trace)
    page.get_by_role("button", name="Load it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Map the columns of trace.csv")


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, page: Page, in_theme: Callable[[str], None]) -> Page:
    in_theme(request.param)
    return page


def test_a_saved_map_is_swapped_for_another_in_place(
    scene: Cast, themed: Page, trace: Path, assert_no_violations: Check
) -> None:
    page = themed
    hand_in(page, trace)
    expect(page.get_by_text("The columns are those of the saved map Azure trace")).to_be_visible()
    expect(page.get_by_label("Column of out_text")).to_have_value("O")
    assert_no_violations(page)

    page.get_by_label("Saved map").select_option(label="Gateway")

    expect(page.get_by_text("this file does not have: gone")).to_be_visible()
    expect(page.get_by_label("The same model for every row")).to_have_value("llama")
    assert "saved=" in page.url
    assert_no_violations(page)
    page.reload()
    expect(page.get_by_label("The same model for every row")).to_have_value("llama")


def test_a_map_is_kept_listed_and_deleted(
    scene: Cast, page: Page, trace: Path, assert_no_violations: Check
) -> None:
    hand_in(page, trace)
    page.get_by_label("Keep this map as").fill("Trace of Azure")
    page.get_by_role("button", name="Load it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("trace.csv")

    page.goto("/data/imports/new/")
    expect(page.get_by_role("row", name="Trace of Azure")).to_be_visible()
    assert_no_violations(page)
    page.get_by_role("button", name="Delete Gateway").click()

    expect(page.get_by_role("row", name="Gateway")).to_have_count(0)
    assert set(ColumnMap.objects.values_list("name", flat=True)) == {
        "Azure trace",
        "Trace of Azure",
    }


def test_without_javascript_a_map_is_chosen_by_its_button(
    scene: Cast, plain_page: Page, trace: Path
) -> None:
    page = plain_page
    hand_in(page, trace)

    page.get_by_label("Saved map").select_option(label="none: guess from the names")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_label("The same model for every row")).to_have_value("")
    page.get_by_label("Saved map").select_option(label="Azure trace")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_label("The same model for every row")).to_have_value("gpt-4o")
    page.get_by_role("button", name="Load it").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("trace.csv")
    assert Delivery.objects.get().fixed_values == {"provider": "openai", "model": "gpt-4o"}


def test_a_phone_shows_it_without_scrolling_sideways(scene: Cast, page: Page, trace: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    hand_in(page, trace)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto("/data/imports/new/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_options_follow_the_kind_of_file(
    scene: Cast, themed: Page, trace: Path, assert_no_violations: Check
) -> None:
    page = themed
    sign_in(page, "/data/imports/new/")
    page.get_by_label("File").set_input_files(trace)
    kind, account = page.get_by_label("What it is"), page.get_by_label("Provider account")

    kind.select_option("azure-costs")

    expect(page.get_by_label("Kind of export")).to_be_visible()
    assert page.get_by_label("File").input_value().endswith("trace.csv")
    boxes = kind.bounding_box(), account.bounding_box()
    assert boxes[0]
    assert boxes[1]
    assert (boxes[0]["y"], boxes[0]["height"]) == (boxes[1]["y"], boxes[1]["height"])
    assert_no_violations(page)
    kind.select_option("codex-logs")
    expect(page.get_by_label("Kind of export")).to_have_count(0)
    expect(page.get_by_label("Environment")).to_be_visible()


def test_an_import_is_cancelled_while_its_page_looks_again(
    scene: Cast, themed: Page, assert_no_violations: Check
) -> None:
    page = themed
    delivery = new_delivery(submitted_at=timezone.now())
    sign_in(page, f"/data/imports/{delivery.pk}/")
    expect(page.get_by_role("list", name="Stages")).to_be_visible()
    page.get_by_text("Cancel this import…").click()

    with page.expect_response(lambda answer: answer.url.endswith(f"/imports/{delivery.pk}/")):
        pass
    assert_no_violations(page)
    page.get_by_role("button", name="Cancel it and take back what has loaded").click()

    expect(page.get_by_text("nothing of it counts. The file may be loaded again.")).to_be_visible()
    expect(page.get_by_text("Cancel this import…")).to_have_count(0)
    assert_no_violations(page)
