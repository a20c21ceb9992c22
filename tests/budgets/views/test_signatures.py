"""The chain on pages and over REST: shown before it is asked, and with who has signed."""

import re
from datetime import datetime
from html import unescape

from budgets.models import Budget
from org.models import Approval, Role
from tests.budgets.conftest import SignIn
from tests.factories.budgets import (
    asked_budget,
    granted_budget,
    requested,
    revision_asked,
    take_effect,
)
from tests.factories.org import new_user
from tests.factories.signing import limited
from tests.org_cast import Cast


def words(content: bytes) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", content.decode())))


def test_the_chain_is_told_before_anything_is_asked(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    limited(cast, at=at)
    client = as_user(cast.grace)
    table = "1 CFO signs; from $1,000.00 on 2 CFOs and 1 FinOps analyst."
    assert table in words(client.get("/budgets/new/").content)
    assert table in words(client.get("/initiatives/new/").content)
    assert table in words(as_user(cast.fiona).get("/budgets/fund/2026/").content)

    given = {
        "unit": "support", "fiscal_year": 2026, "core_usd": "900", "experiment_usd": "300",
        "phasing": "even", "do": "preview",
    }  # fmt: skip
    page = words(client.post("/budgets/new/", given).content)

    assert "$1,200.00: 2 CFOs and 1 FinOps analyst sign, none of them who asks." in page
    assert not Approval.objects.exists()


def test_the_decision_page_says_who_signed_and_who_is_missing(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    cora = new_user(username="cora", person__name="Cora", roles=[Role.CFO])
    limited(cast, ("0", "cfo", 2), ("0", "finance", 1), at=at)
    budget = asked_budget(cast, by=cast.grace, at=at)
    url = f"/approvals/{Approval.objects.get().pk}/"
    assert "CFO 2 Nobody yet 2 of Carl, Cora" in words(as_user(cast.carl).get(url).content)

    as_user(cast.carl).post(url, {"action": "approve", "version": budget.version})
    take_effect(at=at)

    mine = words(as_user(cast.carl).get(url).content)
    assert "You signed this already: another person has to sign." in mine
    assert re.search(r"CFO 2 Carl, 20 Nov 2026, 12:00 UTC 1 of Cora", mine)
    assert "FinOps analyst 1 Nobody yet 1 of Fiona" in mine
    theirs = as_user(cora).get(url).content.decode()
    assert 'value="approve"' in theirs
    inbox = words(as_user(cora).get("/approvals/").content)
    assert "1 decision waits for you." in inbox


def test_a_right_that_nobody_holds_is_said(cast: Cast, at: datetime, as_user: SignIn) -> None:
    limited(cast, ("0", "cfo", 2), at=at)
    asked_budget(cast, by=cast.carl, at=at)
    url = f"/approvals/{Approval.objects.get().pk}/"

    page = words(as_user(cast.aud).get(url).content)

    assert "2, and nobody else here has this right" in page


def test_a_signature_on_a_revision_is_not_called_done(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)
    limited(cast, ("0", "cfo", 2), at=at)
    revision_asked(budget, by=cast.fiona, core="1500.00", at=at)

    as_user(cast.carl).post(
        f"/budgets/{budget.pk}/grant_revision/", {"version": Budget.objects.get().version}
    )
    take_effect(at=at)

    waiting = Approval.objects.waiting().get()
    page = words(as_user(cast.carl).get(f"/approvals/{waiting.pk}/").content)
    assert "You signed this already: another person has to sign." in page
    assert Budget.objects.get().core_usd == 1000


def test_rest_says_what_is_missing_and_signs(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)
    limited(cast, ("0", "cfo", 1), ("0", "finance", 1), at=at)
    made = requested(cast, at=at)
    url = f"/api/v1/initiatives/{made.slug}"
    body = {"version": made.version, "reason": ""}

    answer = as_user(cast.carl).post(
        f"{url}/actions/approve", body, content_type="application/json"
    )
    assert answer.json()["state"] == "requested"
    (waiting,) = as_user(cast.aud).get(f"{url}/signatures").json()
    assert (waiting["kind"], waiting["amount_usd"]) == ("initiative", "100.00")
    assert [(part["role"], part["missing"]) for part in waiting["chain"]] == [
        ("cfo", 0),
        ("finance", 1),
    ]
    assert waiting["chain"][0]["signed"][0]["by"] == "carl"

    done = as_user(cast.fiona).post(f"{url}/actions/approve", body, content_type="application/json")

    assert done.json()["state"] == "sandbox"
    assert as_user(cast.aud).get(f"{url}/signatures").json() == []
    assert as_user(cast.greta).get(f"{url}/signatures").status_code == 404
