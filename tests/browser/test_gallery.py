"""Every component in a real browser: usable, lawful under the content policy, and working."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tools import vendor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.browser.urls"),
]

InTheme = Callable[[str], None]
Check = Callable[[Page], None]
DRAWN = "figure[data-chart-state=drawn]"


def open_gallery(page: Page, query: str = "") -> None:
    page.goto(f"/_ui/{query}")
    page.wait_for_selector(DRAWN)


@pytest.mark.parametrize("width", [1280, 800, 390, 320])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_gallery_is_without_barriers_at_every_width(
    page: Page, in_theme: InTheme, assert_no_violations: Check, theme: str, width: int
) -> None:
    in_theme(theme)
    page.set_viewport_size({"width": width, "height": 900})

    open_gallery(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_no_violations(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_refused_form_shows_its_errors_and_takes_the_focus(
    page: Page, in_theme: InTheme, assert_no_violations: Check, theme: str
) -> None:
    in_theme(theme)

    open_gallery(page, "?refused")

    expect(page.locator(".error-summary")).to_be_focused()
    name = page.get_by_label("Name", exact=True).first
    assert name.get_attribute("aria-invalid") == "true"
    for described in str(name.get_attribute("aria-describedby")).split():
        assert page.locator(f"#{described}").count() == 1
    assert_no_violations(page)


def test_open_dialogs_drawers_and_menus_are_without_barriers(
    page: Page, assert_no_violations: Check
) -> None:
    open_gallery(page)

    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("link", name="Print")).to_be_visible()
    assert_no_violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("dialog", name="Reject the request?")).to_be_visible()
    assert_no_violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Open the drawer").click()
    expect(page.get_by_role("dialog", name="Line items")).to_be_visible()
    assert_no_violations(page)


def test_the_theme_changes_at_once_and_stays(page: Page) -> None:
    open_gallery(page)
    before = page.locator(".chart-plot .gridlayer path").first.evaluate("e => e.style.stroke")

    page.get_by_role("button", name="Theme").click()
    with page.expect_response("**/settings/theme/"):
        page.get_by_role("button", name="Dark").click()

    grid = page.locator(".chart-plot .gridlayer path").first
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(grid).not_to_have_css("stroke", before)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_chart_is_drawn_without_a_way_to_another_host(page: Page) -> None:
    open_gallery(page)

    assert page.locator(".modebar, [data-title*=loud]").count() == 0
    assert page.locator(".chart-plot .bars .point").count() == 18


def test_a_chart_that_cannot_be_loaded_opens_its_table(page: Page) -> None:
    page.route("**/chart.json", lambda route: route.fulfill(status=500))

    page.goto("/_ui/")

    expect(page.get_by_text("The chart could not be loaded.")).to_be_visible()
    expect(page.get_by_role("region", name="Spend by month and unit, in USD")).to_be_visible()


def test_a_chart_can_be_saved_as_a_picture(page: Page, assert_no_violations: Check) -> None:
    open_gallery(page)

    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()

    assert download.value.suggested_filename == "spend-by-unit.png"
    assert_no_violations(page)


def test_plotly_still_injects_the_rules_that_we_link(page: Page) -> None:
    package = next(p for p in vendor.packages() if p["folder"] == "plotly")
    folder = vendor.folder_of(package)
    linked = """() => {
        const style = document.createElement("style");
        style.textContent = CSS_TEXT;
        document.head.append(style);
        return [...style.sheet.cssRules].map((rule) => rule.cssText);
    }"""
    page.goto("about:blank")
    page.add_script_tag(path=folder / "plotly-basic.min.js")

    ours = (folder / "plotly-global.css").read_text()
    page.evaluate("text => { window.CSS_TEXT = text; }", ours)

    assert page.evaluate(linked) == str(page.evaluate(vendor.STYLE_RULES)).strip().split("\n")


def htmx_button(page: Page, url: str) -> None:
    page.evaluate(
        """url => {
            const main = document.querySelector(".page-inner");
            main.insertAdjacentHTML("afterbegin",
                `<div><button id="ask" hx-get="${url}" hx-target="#here">Ask</button>
                 <p id="here">before</p></div>`);
            htmx.process(main);
        }""",
        url,
    )
    page.locator("#ask").click()


@pytest.mark.parametrize("status", [409, 422])
def test_a_form_with_errors_or_a_stale_version_is_shown_in_place(page: Page, status: int) -> None:
    open_gallery(page)

    htmx_button(page, f"/answer/?status={status}")

    expect(page.locator("#here")).to_have_text(f"answered {status}")
    expect(page.locator(".toast")).to_have_count(0)


@pytest.mark.parametrize(
    ("status", "sentence"), [(403, "You may not do this."), (500, "The server failed (500).")]
)
def test_any_other_failure_is_told_and_the_page_stays(
    page: Page, assert_no_violations: Check, status: int, sentence: str
) -> None:
    open_gallery(page)

    htmx_button(page, f"/answer/?status={status}")

    expect(page.get_by_role("status").filter(has_text=sentence)).to_be_visible()
    expect(page.locator("#here")).to_have_text("before")
    assert_no_violations(page)


def test_a_response_can_say_something(page: Page) -> None:
    open_gallery(page)

    htmx_button(page, "/told/")

    expect(page.locator(".toast-ok")).to_have_text("Saved.")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".toast")).to_have_count(0)


def test_keys_lead_to_rooms_and_can_be_switched_off(page: Page) -> None:
    open_gallery(page)

    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page).to_have_url(re.compile("#budgets$"))
    page.keyboard.press("?")
    page.get_by_label("Use single-letter shortcuts in this browser").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("s")

    expect(page).to_have_url(re.compile("#budgets$"))


def test_the_first_tab_offers_the_way_to_the_content(page: Page) -> None:
    open_gallery(page)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


def test_code_is_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_gallery(page)

    page.get_by_role("button", name="Copy").click()

    expect(page.locator(".toast-ok")).to_have_text("Copied.")
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    assert copied.startswith('curl -H "Authorization: Bearer tok_')


def test_the_check_itself_sees_a_style_and_a_barrier(
    page: Page, assert_no_violations: Check
) -> None:
    open_gallery(page)

    page.evaluate("""() => document.querySelector("h1").insertAdjacentHTML(
        "afterend", `<p style="color: red">styled</p><img src="/static/icon.svg">`)""")

    with pytest.raises(AssertionError, match=r"(?s)policy: style-src-attr.*axe: image-alt"):
        assert_no_violations(page)


def test_without_scripts_the_theme_still_changes_and_menus_still_open(
    page: Page,
) -> None:
    browser = page.context.browser
    assert browser is not None
    page.goto("/_ui/")
    bare = browser.new_context(java_script_enabled=False).new_page()

    bare.goto(page.url)
    bare.get_by_role("button", name="Theme").click()
    bare.get_by_role("button", name="Dark").click()

    expect(bare.locator("html")).to_have_attribute("data-theme", "dark")
    bare.get_by_role("button", name="Approve").click()
    expect(bare.get_by_role("dialog", name="Reject the request?")).to_be_visible()
    bare.context.close()
