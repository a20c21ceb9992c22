"""REST of budgets: steps under the rights of the pages, revisions as they were signed."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from budgets.models import Budget
from tests.budgets.conftest import SignIn
from tests.factories.budgets import granted_budget, revision_asked
from tests.factories.org import new_token
from tests.org_cast import Cast


def post(client: Client, budget: Budget, action: str, **body: Any) -> Any:
    body.setdefault("version", Budget.objects.get(pk=budget.pk).version)
    path = f"/api/v1/budgets/{budget.pk}/actions/{action}"
    return client.post(path, body, content_type="application/json")


def test_a_revision_is_asked_for_and_approved(cast: Cast, at: datetime, as_user: SignIn) -> None:
    budget = granted_budget(cast, at=at)

    asked = post(
        as_user(cast.grace), budget, "ask_revision", core_usd="1600.00", reason="More tickets."
    ).json()
    granted = post(as_user(cast.carl), budget, "grant_revision").json()

    before = {"core_usd": "1000.00", "experiment_usd": "500.00", "reserve_usd": "0.00"}
    assert asked["actions"] == ["withdraw_revision", "ask_opening"]
    assert asked["revision_asked"] == {
        "before": before,
        "after": before | {"core_usd": "1600.00"},
        "reason": "More tickets.",
        "requested_by": "grace",
    }
    assert granted["core_usd"] == "1600.00"
    assert granted["revision_asked"] is None
    assert granted["revisions"] == [
        {
            "number": 1,
            "kind": "change",
            "before": before,
            "after": before | {"core_usd": "1600.00"},
            "starts_on": "2026-11-20",
            "ends_on": None,
            "reason": "More tickets.",
            "requested_by": "grace",
            "decided_by": "carl",
        }
    ]


def test_one_budget_is_read_by_whoever_sees_its_unit(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)

    read = as_user(cast.grace).get(f"/api/v1/budgets/{budget.pk}")

    assert read.json()["actions"] == ["ask_revision", "ask_opening"]
    assert as_user(cast.greta).get(f"/api/v1/budgets/{budget.pk}").status_code == 404


REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("grace", "grant_revision", {}, 403),
    ("greta", "grant_revision", {}, 404),
    ("carl", "grant_revision", {"version": 1}, 409),
    ("carl", "grant_revision", {"core_usd": "1.00"}, 422),
    ("carl", "grant_revision", {"cap_usd": "1.00"}, 422),
    ("carl", "shred", {}, 404),
]


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_says_so(
    cast: Cast, at: datetime, as_user: SignIn, case: tuple[str, str, dict[str, Any], int]
) -> None:
    name, action, body, status = case
    budget = granted_budget(cast, at=at)
    revision_asked(budget, by=cast.fiona, at=at, core="1600.00")

    assert post(as_user(getattr(cast, name)), budget, action, **body).status_code == status
    assert Budget.objects.get().core_usd == 1000


@pytest.mark.usefixtures("_clock")
def test_a_token_needs_the_scope_of_budgets(cast: Cast, at: datetime) -> None:
    budget = granted_budget(cast, at=at)
    new_token(secret="tok_a", user=cast.grace, scopes=["initiatives:write"])
    new_token(secret="tok_b", user=cast.grace, scopes=["budgets:write"])
    with_other, with_it = (
        Client(headers={"Authorization": f"Bearer {secret}"}) for secret in ("tok_a", "tok_b")
    )

    body = {"core_usd": "1600.00", "reason": "More tickets."}

    assert post(with_other, budget, "ask_revision", **body).status_code == 403
    assert post(with_it, budget, "ask_revision", **body).status_code == 200
