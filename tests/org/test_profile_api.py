"""`GET /api/v1/profile`: every setting, its value and where that comes from."""

from typing import Any

from django.test import Client

from org.models import Role
from org.models.tokens import Scope
from tests.factories.org import new_token, new_user
from tests.org_cast import Cast

SECRET = "tok_reader"


def read(path: str = "/api/v1/profile", *, secret: str = SECRET) -> Any:
    return Client(headers={"Authorization": f"Bearer {secret}"}).get(path)


def setting(answer: Any, name: str) -> dict[str, Any]:
    [found] = [row for row in answer.json()["settings"] if row["name"] == name]
    return dict(found)


def test_it_tells_value_preset_and_who_decided(cast: Cast) -> None:
    new_token(secret=SECRET, user=cast.aud, scopes=[Scope.SPEND_READ])

    answer = read("/api/v1/profile?on=2026-11-20")

    assert answer.status_code == 200
    found = answer.json()
    assert (found["people"], found["size"], found["gm_target"]) == (3000, "enterprise", "0.6")
    assert setting(answer, "experiment_days") == {
        "name": "experiment_days",
        "label": "Length of an experiment, at most",
        "value": "90",
        "preset": "90",
        "preset_by": "size",
        "override": None,
        "meaning": "An experiment ends within 90 days.",
        "obeyed_by": "requests for experiments",
    }
    pool = setting(answer, "pool_share")
    assert (pool["value"], pool["preset"], pool["preset_by"]) == ("1", "0.1", "both")
    assert pool["override"]["by"] == "carl"
    assert pool["override"]["reason"] == "Acme leaves this to its CFO."
    assert setting(answer, "developer_daily_cap_usd")["value"] is None
    assert setting(answer, "roi_hurdle")["value"] == "0.25"


def test_a_day_before_any_answer_is_told_as_assumed(cast: Cast) -> None:
    new_token(secret=SECRET, user=cast.aud, scopes=[Scope.SPEND_READ])

    found = read("/api/v1/profile?on=2024-12-31").json()

    assert found["people"] is None
    assert found["size"] == "mid"
    assert found["described"].startswith("Nobody has answered for the company yet.")


def test_a_day_that_is_none_is_told(cast: Cast) -> None:
    new_token(secret=SECRET, user=cast.aud, scopes=[Scope.SPEND_READ])

    answer = read("/api/v1/profile?on=soon")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/on"


def test_it_needs_the_scope_and_a_role(cast: Cast) -> None:
    new_token(secret=SECRET, user=cast.ed, scopes=[Scope.POLICY_READ])
    assert read().status_code == 403

    new_token(secret="tok_b", user=new_user(roles=[Role.GM]), scopes=[Scope.SPEND_READ])
    assert read(secret="tok_b").status_code == 200
