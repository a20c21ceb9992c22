"""The policy pages in a real browser: readable by everybody, and the stop is two steps away."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from policy.models import Scope, Sidecar
from policy.operations.breaker import judge
from policy.operations.publish import publish
from tests.factories.org import PASSWORD
from tests.factories.policy import cap, drafter_scope, org_scope, spend, unit_scope
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]


@pytest.fixture
def scene(transactional_db: None) -> Cast:
    """Block one experiment by its cap, leave Claims close to its own, and let routers report."""
    cast, now = gather(), timezone.now()
    drafter, claims = drafter_scope(cast.support), unit_scope(cast.claims)
    cap(drafter, "45.00", by=cast.carl)
    cap(drafter, "500.00", window="total", by=cast.carl)
    cap(claims, "900.00", window="period", mode="alert")
    cap(org_scope(), "2000.00", mode="soft")
    publish(cause="Caps for the new experiments.", by=cast.carl, at=now)
    spend("46.10", unit=cast.support, cost_object=drafter.cost_object, on=now.date())
    spend("810.00", unit=cast.claims, on=now.date())
    judge(unit_ids=[], cost_object_ids=[drafter.cost_object_id or 0], at=now)
    publish(cause="", by=None, at=now)
    Sidecar.objects.create(name="gateway-eu", revision=1, seen_at=now, applied_at=now)
    Sidecar.objects.create(
        name="gateway-us", revision=2, seen_at=now, applied_at=now, version="0.1.0"
    )
    return cast


def sign_in(page: Page, username: str) -> None:
    page.goto("/signin/?next=/policy/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Policy")


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
    assert_no_violations(page)
    page.goto("/policy/revisions/2/")
    assert_no_violations(page)


def test_an_engineer_stops_a_unit_and_reads_that_it_is_blocked(scene: Cast, page: Page) -> None:
    sign_in(page, "ed")
    stop = page.locator("form[action='/policy/block/']")
    stop.get_by_label("Scope").select_option("unit:claims")
    stop.get_by_label("Reason").fill("The triage loops over night.")
    stop.get_by_role("button", name="Block").click()

    row = page.get_by_role("row").filter(has_text="unit:claims").first
    expect(row).to_contain_text("Blocked")
    expect(row).to_contain_text("The triage loops over night. (blocked by Ed)")
    assert Scope.objects.get(slug="unit:claims").state == "open"
