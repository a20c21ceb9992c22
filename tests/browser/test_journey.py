"""The main job from the first page to the last: asked for, granted, overspent, blocked.

Usage goes in over REST and the policy comes out as routers pull it. The web process is the
real one, with the feed in front; the reader is a real browser.
"""

from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.contrib.auth.hashers import make_password
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from org.models import Approval, User
from org.operations.calendar import open_fiscal_year
from org.operations.tokens import issue_token
from org.queries.calendar import fiscal_year_containing
from tests.browser.conftest import HELD_MS, LISTENER, violations
from tests.factories.budgets import granted_budget
from tests.factories.org import PASSWORD
from tests.live import Web
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.workers, pytest.mark.django_db(transaction=True)]

NOW = datetime.now(UTC)
CAP_A_DAY = "5"
# claude-sonnet-4-5 at $3 in and $15 out a million tokens: $1.20 a call.
CALL = {"in_text": 100_000, "out_text": 60_000}


@pytest.fixture
def scene(transactional_db: None) -> Cast:
    """Give Support a budget of this fiscal year, and everybody a password of production."""
    cast = gather()
    year = fiscal_year_containing(NOW.date())
    open_fiscal_year(fiscal_year=year)
    granted_budget(cast, core="20000.00", at=NOW)
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.Argon2PasswordHasher"]):
        User.objects.update(password=make_password(PASSWORD))
    return cast


@pytest.fixture
def web(scene: Cast) -> Iterator[Web]:
    with Web() as running:
        yield running


@pytest.fixture
def context(browser: Browser, web: Web) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=web.url, reduced_motion="reduce")
    context.add_init_script(LISTENER)
    yield context
    context.close()


def test_an_experiment_is_granted_overspends_and_is_blocked(
    scene: Cast, web: Web, page: Page
) -> None:
    ask_for_an_experiment(page)
    approval = Approval.objects.waiting().get(title="Experiment Draft answers")

    page.goto(f"/approvals/{approval.pk}/")
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    assert visit_as(page, "greta", "/initiatives/draft-answers/") == HTTPStatus.NOT_FOUND
    assert visit_as(page, "greta", f"/approvals/{approval.pk}/") == HTTPStatus.NOT_FOUND

    visit_as(page, "carl", f"/approvals/{approval.pk}/")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("main")).to_contain_text("Approved by Carl", timeout=HELD_MS)

    with router(scene, web) as client:
        before = policy(client)
        assert scope(before)["state"] == "closed"
        answer = push(client, calls=5)
        assert answer["accepted"] == 5
        after = policy(client)
        blocked = scope(after)
        assert (blocked["state"], blocked["reason"]["code"]) == ("open", "cap_day")
        assert after["revision"] == answer["revision"] > before["revision"]
        assert not_modified(client)

    visit_as(page, "grace", "/policy/")
    expect(page.locator("main")).to_contain_text("Blocked")
    expect(page.locator("main")).to_contain_text(blocked["reason"]["text"])
    page.goto("/initiatives/draft-answers/")
    expect(page.locator("main")).to_contain_text("$6.00")
    assert violations(page) == []


def ask_for_an_experiment(page: Page) -> None:
    visit_as(page, "grace", "/initiatives/new/")
    today = NOW.date()
    page.get_by_label("Name").fill("Draft answers")
    page.get_by_label("Unit", exact=True).select_option("support")
    page.get_by_label("Hypothesis").fill("Drafted answers halve the time a ticket takes.")
    page.get_by_label("Cap", exact=True).fill("90")
    page.get_by_label("Daily cap").fill(CAP_A_DAY)
    page.get_by_label("First day").fill(today.isoformat())
    page.get_by_label("End date").fill((today + timedelta(days=20)).isoformat())
    page.get_by_label("Its calls").fill("workflow=answers")
    page.get_by_role("button", name="Save and ask for approval").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Draft answers")


def visit_as(page: Page, username: str, path: str) -> int:
    """Sign in as somebody and open a path; return its status."""
    page.context.clear_cookies(name="sessionid")
    page.goto("/signin/?next=/settings/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    response = page.goto(path)
    assert response is not None
    return response.status


def router(cast: Cast, web: Web) -> httpx.Client:
    _, secret = issue_token(
        user=cast.ed,
        name="router",
        scopes=["policy:read", "usage:write"],
        expires_at=NOW + timedelta(days=1),
        by=cast.ed,
        at=NOW,
    )
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.Client(base_url=f"{web.url}/api/v1", headers=headers, timeout=30, trust_env=False)


def push(client: httpx.Client, *, calls: int) -> dict[str, Any]:
    records = [
        {
            "id": f"call-{number}",
            "started_at": datetime.now(UTC).isoformat(),
            "provider": "anthropic",
            "model": "claude-sonnet-4-5",
            "workflow": "answers",
            "tokens": CALL,
        }
        for number in range(calls)
    ]
    answer: dict[str, Any] = client.post("/usage", json=records).raise_for_status().json()
    return answer


def policy(client: httpx.Client) -> dict[str, Any]:
    """Pull the policy as a router does: the signature holds over the exact bytes."""
    response = client.get("/policy").raise_for_status()
    signed, key_id = response.headers["TokenOps-Signature"].split(";key=")
    keys = {key["id"]: key for key in client.get("/policy/keys").json()["results"]}
    public = Ed25519PublicKey.from_public_bytes(b64decode(keys[key_id]["public_key"]))
    public.verify(b64decode(signed.removeprefix("ed25519=")), response.content)
    document: dict[str, Any] = response.json()
    return document


def scope(document: dict[str, Any]) -> dict[str, Any]:
    scopes: list[dict[str, Any]] = document["scopes"]
    return next(one for one in scopes if one["id"] == "initiative:draft-answers")


def not_modified(client: httpx.Client) -> bool:
    etag = client.get("/policy").headers["ETag"]
    again = client.get("/policy", headers={"If-None-Match": etag})
    return again.status_code == HTTPStatus.NOT_MODIFIED
