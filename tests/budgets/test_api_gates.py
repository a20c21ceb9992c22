"""REST of gates: what the page shows, and the same steps under the same rights."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from budgets.models import Initiative
from tests.budgets.conftest import SignIn
from tests.factories.budgets import granted_budget, running
from tests.factories.gates import Ledger, gate_step, gates, reviewed
from tests.org_cast import Cast

URL = "/api/v1/initiatives/support-drafter/gates"


@pytest.fixture
def drafter(cast: Cast, at: datetime) -> Any:
    granted_budget(cast, at=at)
    with gates(Ledger()):
        yield running(cast, at=at)


def post(client: Client, action: str, number: int = 1, **body: Any) -> Any:
    return client.post(f"{URL}/{number}/actions/{action}", body, content_type="application/json")


def test_all_gates_are_listed_with_what_the_caller_may_do(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    reviewed(drafter, by=cast.grace, at=at)

    answer = as_user(cast.ed).get(URL).json()

    first, second, _ = answer["gates"]
    assert answer["initiative"] == "support-drafter"
    assert (first["number"], first["state"], first["version"]) == (1, "in_review", 2)
    assert first["actions"] == ["sign", "defer", "fail", "reopen"]
    assert first["evidence"]["criteria"][0]["measured"] == "5"
    assert [each["by"] for each in first["signatures"]] == [None, None]
    assert (second["state"], second["evidence"]) == ("not_started", None)
    assert second["passes_after"] == "Gate 1: Some gate"


def test_a_gate_is_led_to_its_pass(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    asks, signs, co_signs = (as_user(user) for user in (cast.grace, cast.ed, cast.fiona))

    assert post(asks, "gather", version=0, inputs={"note": "x"}).json()["version"] == 1
    assert post(asks, "submit", version=1).json()["state"] == "in_review"
    assert post(signs, "sign", version=2).json()["state"] == "in_review"
    done = post(co_signs, "sign", version=3, part="finance").json()

    assert (done["state"], done["recheck_on"]) == ("passed", "2027-02-18")
    assert [each["by"] for each in done["signatures"]] == ["ed", "fiona"]


def test_what_is_stale_is_409_with_what_differs(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    reviewed(drafter, by=cast.grace, at=at)

    problem = post(as_user(cast.ed), "sign", version=1)

    assert problem.status_code == 409
    assert problem.json()["changed"] == {"state": {"then": "evidence", "now": "in_review"}}


@pytest.mark.parametrize(
    ("name", "action", "status"),
    [("grace", "sign", 403), ("greta", "gather", 404), ("grace", "pass", 403)],
)
def test_rights_are_those_of_the_page(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    at: datetime,
    as_user: SignIn,
    drafter: Initiative,
    name: str,
    action: str,
    status: int,
) -> None:
    reviewed(drafter, by=cast.fiona, at=at)

    assert post(as_user(getattr(cast, name)), action, version=2).status_code == status


def test_what_is_not_there_is_404_and_what_is_wrong_names_its_field(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    client = as_user(cast.grace)
    gate_step(drafter, "gather", by=cast.grace, at=at)

    assert post(client, "gather", number=9, version=0).status_code == 404
    assert post(client, "open", version=0).status_code == 404
    wrong = post(client, "gather", version=1, inputs={"price": "1"})
    assert wrong.status_code == 422
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/inputs/price"]
