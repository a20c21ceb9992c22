"""Quotas by REST: read, set, lifted, raised and decided."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from org.models import User
from org.models.tokens import Scope
from tests.factories.org import new_token
from tests.org_cast import Cast

PATH = "/api/v1/quotas"
QUOTA = {
    "scope": "unit:support",
    "metric": "calls",
    "window": "day",
    "per": "person",
    "limit": "50",
    "reason": "Fair use.",
}
Call = Callable[..., Any]


@pytest.fixture
def call(cast: Cast, at: datetime, client: Client, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setattr(timezone, "now", lambda: at)
    for user in (cast.ed, cast.grace, cast.greta):
        new_token(
            secret=f"tok_{user.username}", user=user, scopes=list(Scope.values), created_at=at
        )

    def ask(user: User, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer tok_{user.username}"}
        if body is None:
            return client.get(path, headers=headers)
        return client.post(path, body, content_type="application/json", headers=headers)

    return ask


def test_a_quota_is_set_read_and_lifted(cast: Cast, call: Call) -> None:
    made = call(cast.ed, PATH, QUOTA)

    assert made.status_code == 201
    id_ = made.json()["id"]
    assert made.json() == {
        "id": id_,
        "scope": "unit:support",
        "metric": "calls",
        "window": "day",
        "per": "person",
        "limit": "50",
        "mode": "hard",
        "burst": "0",
        "carry_over_pct": 0,
        "thresholds": [50, 80, 100],
        "exempt": [],
        "is_prorated": False,
        "set_at": "2026-11-20T12:00:00Z",
        "retired_at": None,
        "reason": "Fair use.",
    }
    assert call(cast.grace, PATH).json() == {"results": [made.json()], "next": None}
    assert call(cast.greta, PATH).json()["results"] == []
    number = id_.removeprefix("quota:")
    lifted = call(cast.ed, f"{PATH}/{number}/retire", {"reason": "A trial."})
    assert lifted.json()["retired_at"] == "2026-11-20T12:00:00Z"
    assert call(cast.ed, f"{PATH}/{number}/retire", {"reason": "A trial."}).status_code == 404


def test_a_problem_names_the_field(cast: Cast, call: Call) -> None:
    answer = call(cast.ed, PATH, QUOTA | {"window": "1m", "carry_over_pct": 50})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/carry_over_pct"]


def test_a_raise_is_asked_for_by_one_and_decided_by_another(cast: Cast, call: Call) -> None:
    number = call(cast.ed, PATH, QUOTA).json()["id"].removeprefix("quota:")
    wanted = {
        "who": "ana@x",
        "limit": "80",
        "ends_at": "2026-11-22T12:00:00Z",
        "reason": "A release.",
    }

    asked = call(cast.ed, f"{PATH}/{number}/raises", wanted)

    assert asked.status_code == 201
    assert (asked.json()["state"], asked.json()["due_at"]) == ("pending", "2026-11-20T16:00:00Z")
    steps = f"{PATH}/{number}/raises/{asked.json()['id']}/actions"
    assert call(cast.ed, f"{steps}/approve", {}).status_code == 403
    assert call(cast.greta, f"{steps}/approve", {}).status_code == 404
    assert call(cast.grace, f"{steps}/bless", {}).status_code == 404
    assert call(cast.grace, f"{steps}/approve", {}).json()["state"] == "approved"
    assert call(cast.grace, f"{steps}/approve", {}).status_code == 409
