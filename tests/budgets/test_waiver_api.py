"""REST of waivers, under the rights of the pages."""

from datetime import datetime
from typing import Any

from tests.budgets.conftest import SignIn
from tests.budgets.operations.test_waivers import profiled
from tests.budgets.test_flex_api import post
from tests.factories.outcomes import defined
from tests.org_cast import Cast

WAIVER: dict[str, Any] = {
    "definition": "ticket-answered",
    "waived_floor": "0.60",
    "target": 5000,
    "starts_on": "2026-11-20",
    "expires_on": "2027-05-20",
    "most_usd": "100000.00",
    "reason": "Customers first.",
}


def test_a_waiver_is_asked_for_and_signed_by_another(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    profiled(cast)
    defined(cast, at=at, kind="customer", product="helpdesk")

    asked = post(as_user(cast.grace), "waivers", **WAIVER)
    path = f"waivers/{asked.json()['id']}"
    own = post(as_user(cast.grace), f"{path}/actions/approve")
    signed = post(as_user(cast.carl), f"{path}/actions/approve").json()
    listed = as_user(cast.aud).get("/api/v1/waivers").json()["results"]

    assert (asked.status_code, asked.json()["phase"]) == (201, "waits for a signature")
    assert own.status_code == 403
    assert (signed["phase"], signed["floor"], signed["floor_today"]) == (
        "running",
        "0.7500",
        "0.6000",
    )
    assert listed == [signed]
    assert as_user(cast.greta).get(f"/api/v1/{path}").status_code == 404


def test_a_waiver_that_lasts_too_long_is_refused_in_its_field(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    profiled(cast)
    defined(cast, at=at, kind="customer", product="helpdesk")

    answer = post(as_user(cast.grace), "waivers", **WAIVER | {"expires_on": "2027-05-21"})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/expires_on"]
