"""The page of a decision that does not hold yet: what is left to take it back in, and undo."""

from datetime import datetime

from django.test import Client

from budgets.models import Budget, HeldDecision
from org.models import Approval
from tests.budgets.conftest import SignIn
from tests.factories.budgets import asked_budget, take_effect
from tests.org_cast import Cast

HTMX = {"HX-Request": "true"}


def decided(client: Client, cast: Cast, *, at: datetime) -> str:
    """Approve a budget from its page, and return the page's address."""
    budget = asked_budget(cast, at=at)
    url = f"/approvals/{Approval.objects.get().pk}/"
    client.post(url, {"action": "approve", "version": budget.version})
    return url


def test_who_decided_reads_what_is_left_and_may_take_it_back(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    client = as_user(cast.carl)
    url = decided(client, cast, at=at)

    page = client.get(url).text
    assert "You decided to approve this." in page
    assert "It takes effect at 12:00:10 UTC, in 10 seconds." in page
    assert 'name="action"' not in page
    answer = client.post(f"/approvals/undo/{HeldDecision.objects.get().pk}/", follow=True)

    assert "Your decision was taken back. Nothing was done." in answer.text
    assert 'name="action"' in answer.text
    take_effect(at=at)
    assert Budget.objects.get().state == "requested"


def test_others_read_who_decided_and_take_nothing_back(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    url = decided(as_user(cast.carl), cast, at=at)
    undo = f"/approvals/undo/{HeldDecision.objects.get().pk}/"

    page = as_user(cast.fiona).get(url).text

    assert "Carl decided to approve this." in page
    assert "Undo" not in page
    assert as_user(cast.fiona).post(undo).status_code == 403
    assert as_user(cast.greta).post(undo).status_code == 404


def test_htmx_counts_down_and_then_reads_the_page_anew(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    client = as_user(cast.carl)
    url = decided(client, cast, at=at)

    part = client.get(url, headers=HTMX)
    assert "in 10 seconds" in part.text
    assert "<html" not in part.text
    take_effect(at=at)

    assert client.get(url, headers=HTMX)["HX-Refresh"] == "true"
    assert "Approved by Carl" in client.get(url).text


def test_what_is_decided_waits_for_nobody_meanwhile(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    client = as_user(cast.carl)
    decided(client, cast, at=at)

    assert "Nothing waits for you." in client.get("/approvals/").text
