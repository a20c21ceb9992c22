"""A real Chromium, and what no page may do in it."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

HELD_MS = 25_000  # a page's decision takes effect after ten seconds
# Counted in the page itself from its first moment on; the protocol may add this
# listener without the policy's leave, and it takes nothing of ours past the policy.
LISTENER = """
    window.__violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.__violations.push(
        `${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


def find_chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium: put one on PATH or name it in CHROMIUM")
    # Playwright keeps an event loop in this thread, where Django would then refuse to query.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """Give a reader a window of her own, on the server of this test."""
    context = browser.new_context(
        base_url=live_server.url,
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",  # axe would otherwise read colours in the middle of a fade
    )
    context.add_init_script(LISTENER)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Open a page in which an error in a script fails the test."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


@pytest.fixture
def in_theme(context: BrowserContext, live_server: LiveServer) -> Callable[[str], None]:
    """Let the reader have chosen a theme before."""

    def choose(theme: str) -> None:
        context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])

    return choose


def violations(page: Page) -> list[str]:
    """Return what the content policy had to stop on this page."""
    return list(page.evaluate("window.__violations"))


def barriers(page: Page) -> list[str]:
    """Return what axe finds hard to use, each with the first element it stands at."""
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]


@pytest.fixture
def assert_no_violations() -> Callable[[Page], None]:
    """Hold a page to both: nothing stopped by the policy, nothing in a person's way."""

    def check(page: Page) -> None:
        # The policy first: what axe itself does to the page is not the page's doing.
        problems = [f"content policy: {stopped}" for stopped in violations(page)]
        problems += [f"axe: {barrier}" for barrier in barriers(page)]
        assert not problems, "\n".join(problems)

    return check
