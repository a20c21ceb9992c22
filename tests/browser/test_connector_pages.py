"""The connectors pages in a real browser: nothing in the way, and a pull watched to its end."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from ingestion.models import Connector, Pull
from ingestion.operations.fetching import pull_next
from ingestion.operations.pulls import settle_loaded
from ingestion.operations.work import do_next
from tests.factories.connectors import new_connector
from tests.factories.org import PASSWORD
from tests.fakes.provider import KEY, FakeProvider, running_provider
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def cast_there(transactional_db: None) -> Cast:
    """Gather the cast where the server's threads see it."""
    return gather()


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with running_provider() as provider:
        yield provider


def sign_in(page: Page, username: str) -> None:
    page.goto("/signin/?next=/data/connectors/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connectors")


def in_every_state(cast: Cast) -> Connector:
    """Store a connector in each state, and return the one that failed."""
    now = timezone.now()
    good = {"last_good_at": now - timedelta(minutes=20), "next_run_at": now + timedelta(hours=2)}
    new_connector(by=cast.fiona, name="Anthropic costs", account="a", **good)
    new_connector(by=cast.fiona, name="New one", account="b", created_at=now)
    late = {"last_good_at": now - timedelta(days=3)}
    new_connector(by=cast.fiona, name="Gateway", account="c", **late)
    new_connector(by=cast.fiona, name="Old account", account="d", paused_at=now)
    return new_connector(
        by=cast.fiona,
        name="OpenAI, main account",
        account="e",
        failures=3,
        failing_since=now - timedelta(hours=1),
        last_error="The provider refuses the credential: 401 from /v1/organization/costs.",
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    cast_there: Cast,
    page: Page,
    in_theme: Callable[[str], None],
    assert_no_violations: Check,
    theme: str,
) -> None:
    failed = in_every_state(cast_there)
    now = timezone.now()
    Pull.objects.create(
        connector=failed,
        state=Pull.State.FAILED,
        reason=failed.last_error,
        starts_at=now - timedelta(days=35),
        ends_at=now,
        asked_at=now,
        not_before=now,
    )
    in_theme(theme)
    sign_in(page, "fiona")
    assert_no_violations(page)
    urls = ("new/", "new/openai-costs/", "new/json/", "new/s3/", f"{failed.pk}/")
    for url in (*urls, f"{failed.pk}/edit/"):
        page.goto(f"/data/connectors/{url}")
        assert_no_violations(page)
        page.set_viewport_size(PHONE)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], url
        page.set_viewport_size({"width": 1280, "height": 900})


def test_a_connector_is_set_up_and_its_first_pull_watched_to_the_end(
    cast_there: Cast, page: Page, provider: FakeProvider
) -> None:
    sign_in(page, "fiona")
    page.get_by_role("link", name="Add the first connector").click()
    page.get_by_role("link", name="OpenAI costs").click()
    page.get_by_label("Name").fill("OpenAI, main")
    page.get_by_label("Address").fill(provider.url)
    page.get_by_label("Admin key").fill(KEY)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("OpenAI, main")

    page.get_by_role("button", name="Pull now").click()
    expect(page.get_by_role("cell", name="Waiting")).to_be_visible()
    while pull_next(clock=timezone.now, sleep=lambda _: None):
        pass
    while do_next(at=timezone.now()):
        pass
    settle_loaded(at=timezone.now())

    expect(page.get_by_role("cell", name="Done")).to_be_visible(timeout=10_000)
    assert KEY not in page.content()
