"""REST: shapes as the contract has them, the same rights as the pages, problems with pointers."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from budgets.models import Initiative
from tests.budgets.conftest import SignIn
from tests.factories.budgets import (
    HYPOTHESIS,
    asked_budget,
    drafted,
    granted_budget,
    requested,
    running,
    spend,
)
from tests.factories.org import new_token, new_unit
from tests.org_cast import Cast

BODY: dict[str, Any] = {
    "name": "Support drafter",
    "unit": "support",
    "hypothesis": HYPOTHESIS,
    "owner": "grace",
    "on_call": "ed",
    "cap_usd": "100.00",
    "daily_cap_usd": "10.00",
    "starts_on": "2026-11-20",
    "ends_on": "2026-12-20",
    "stop_loss_pct": 50,
    "unit_of_work": "ticket answered",
    "outcome_source": "helpdesk",
    "expected_volume": 4000,
    "task_types": ["summarisation", "rewrite"],
    "models": ["gpt-5"],
    "match": [{"workflow": "support-drafter"}],
}


def post(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(
        f"/api/v1{path}", body, content_type="application/json", headers=headers or None
    )


def test_an_initiative_is_drafted_and_says_what_may_be_done_next(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    answer = post(as_user(cast.grace), "/initiatives", BODY)

    shown = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/v1/initiatives/support-drafter"
    assert (shown["slug"], shown["state"], shown["version"]) == ("support-drafter", "draft", 1)
    assert shown["actions"] == ["submit", "withdraw"]
    assert {name: shown[name] for name in BODY} == BODY
    assert (shown["currency"], shown["spent_usd"], shown["scope"]) == ("USD", "0", None)
    assert (shown["asked"], shown["extension"]) == (None, None)


@pytest.mark.usefixtures("_clock")
def test_a_token_with_the_scope_acts_as_its_user(cast: Cast) -> None:
    new_token(secret="tok_grace", user=cast.grace, scopes=["initiatives:write"])
    client = Client(headers={"Authorization": "Bearer tok_grace"})

    drafted_by_token = post(client, "/initiatives", BODY)
    read = client.get("/api/v1/initiatives")

    assert drafted_by_token.status_code == 201
    assert Initiative.objects.get().requested_by == cast.grace
    assert read.status_code == 403  # reading takes spend:read


def test_wrong_fields_are_all_named_with_their_pointers(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    wrong = BODY | {"unit": "nowhere", "cap_usd": "much", "starts_on": "soon", "caps": 1}

    answer = post(as_user(cast.grace), "/initiatives", wrong)

    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {error["pointer"] for error in problem["errors"]} == {"/unit", "/cap_usd", "/starts_on"}


def test_a_field_that_does_not_exist_is_refused_rather_than_lost(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    answer = post(as_user(cast.grace), "/initiatives", BODY | {"dayly_cap": "1.00"})

    assert answer.json()["errors"] == [
        {"pointer": "/dayly_cap", "detail": "There is no such field."}
    ]


def test_a_unit_out_of_sight_is_not_known(cast: Cast, at: datetime, as_user: SignIn) -> None:
    answer = post(as_user(cast.greta), "/initiatives", BODY)

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/unit"]


def test_who_may_not_ask_is_refused(cast: Cast, at: datetime, as_user: SignIn) -> None:
    assert post(as_user(cast.ed), "/initiatives", BODY).status_code == 403
    assert post(as_user(cast.aud), "/initiatives", BODY).status_code == 403


def test_the_same_key_drafts_once(cast: Cast, at: datetime, as_user: SignIn) -> None:
    client = as_user(cast.grace)

    first = post(client, "/initiatives", BODY, **{"Idempotency-Key": "k1"})
    second = post(client, "/initiatives", BODY, **{"Idempotency-Key": "k1"})

    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert Initiative.objects.count() == 1


def test_an_initiative_is_read_as_it_stands(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    spend(cast.support, at.date(), "2.500000000001", cost_object=made.cost_object)

    shown = as_user(cast.grace).get("/api/v1/initiatives/support-drafter").json()

    assert shown["spent_usd"] == shown["spent_today_usd"] == "2.500000000001"
    assert shown["scope"] == {"id": "initiative:support-drafter", "state": "closed", "reason": None}
    assert shown["actions"] == ["extend", "stop"]
    assert shown["extension"] is None
    assert shown["days_left"] == 30


def test_an_initiative_out_of_sight_is_not_found(cast: Cast, at: datetime, as_user: SignIn) -> None:
    drafted(cast, at=at)

    answer = as_user(cast.greta).get("/api/v1/initiatives/support-drafter")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_step_is_taken_on_the_version_it_names(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)
    drafted(cast, at=at)

    asked = post(as_user(cast.grace), "/initiatives/support-drafter/actions/submit", {"version": 1})
    decided = post(
        as_user(cast.carl), "/initiatives/support-drafter/actions/approve", {"version": 2}
    )

    assert (asked.json()["state"], asked.json()["actions"]) == ("requested", ["withdraw"])
    assert decided.json()["state"] == "sandbox"


def test_an_approval_may_grant_less(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)
    requested(cast, at=at)
    less = {"cap_usd": "62.50", "daily_cap_usd": "4.00", "ends_on": "2026-12-01"}
    body = {"version": 2, "reason": "Start with one team.", **less}

    carl = as_user(cast.carl)
    shown = post(carl, "/initiatives/support-drafter/actions/approve", body).json()
    (listed,) = carl.get("/api/v1/initiatives").json()["results"]

    assert shown["state"] == "sandbox"
    assert {name: shown[name] for name in less} == less
    assert listed == shown
    assert shown["asked"] == {
        "cap_usd": "100.00",
        "daily_cap_usd": "10.00",
        "ends_on": "2026-12-20",
    }


@pytest.mark.parametrize(
    ("less", "pointer"),
    [
        ({"cap_usd": "100.01"}, "/cap_usd"),
        ({"cap_usd": "9.00"}, "/daily_cap_usd"),
        ({"ends_on": "2026-11-20"}, "/ends_on"),
        ({"cap": "50.00"}, "/cap"),
        ({"cap_usd": "50.00", "reason": ""}, "/reason"),
    ],
)
def test_an_approval_that_cannot_be_names_its_field_and_grants_nothing(
    cast: Cast, at: datetime, as_user: SignIn, less: dict[str, Any], pointer: str
) -> None:
    granted_budget(cast, at=at)
    requested(cast, at=at)
    body = {"version": 2, "reason": "Small first.", **less}

    answer = post(as_user(cast.carl), "/initiatives/support-drafter/actions/approve", body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert Initiative.objects.get().state == "requested"


def test_more_time_is_asked_for_and_granted(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)
    running(cast, at=at)
    grace, carl, path = as_user(cast.grace), as_user(cast.carl), "/initiatives/support-drafter"
    body = {"version": 3, "reason": "Two teams joined late.", "ends_on": "2027-01-20"}

    asked = post(grace, f"{path}/actions/extend", body).json()
    as_carl = carl.get(f"/api/v1{path}").json()
    granted = post(carl, f"{path}/actions/grant_extension", {"version": 4}).json()

    change = {"instead_of": "2026-12-20", "ends_on": "2027-01-20"}
    assert (asked["ends_on"], asked["extension"]) == ("2026-12-20", {"state": "pending"} | change)
    assert asked["actions"] == ["withdraw_extension", "stop"]
    assert as_carl["actions"] == [
        "grant_extension", "reject_extension", "withdraw_extension", "stop",
    ]  # fmt: skip
    assert (granted["ends_on"], granted["extension"]) == (
        "2027-01-20",
        {"state": "approved"} | change,
    )
    assert granted["actions"] == ["stop"]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"ends_on": "2027-03-21"}, "/ends_on"),
        ({"ends_on": None}, "/ends_on"),
        ({"cap_usd": "200.00"}, "/cap_usd"),
        ({"reason": ""}, "/reason"),
    ],
)
def test_more_time_that_cannot_be_names_its_field(
    cast: Cast, at: datetime, as_user: SignIn, changed: dict[str, Any], pointer: str
) -> None:
    granted_budget(cast, at=at)
    running(cast, at=at)
    body = {"version": 3, "reason": "Two teams joined.", "ends_on": "2027-01-20"} | changed

    answer = post(as_user(cast.grace), "/initiatives/support-drafter/actions/extend", body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_stale_version_is_409_with_the_difference(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    requested(cast, at=at)

    answer = post(
        as_user(cast.grace), "/initiatives/support-drafter/actions/withdraw", {"version": 1}
    )

    problem = answer.json()
    assert answer.status_code == 409
    assert (problem["version"], problem["state"]) == (2, "requested")
    assert problem["changed"] == {"state": {"then": "draft", "now": "requested"}}


def test_a_request_that_fails_its_checks_names_each_field(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    drafted(cast, hypothesis="Short.", at=at)

    answer = post(
        as_user(cast.grace), "/initiatives/support-drafter/actions/submit", {"version": 1}
    )

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/hypothesis",
        "/unit",
        "/cap_usd",
    ]


@pytest.mark.parametrize("body", [{}, {"version": "x"}, {"version": 0}])
def test_a_step_without_a_version_is_refused(
    cast: Cast, at: datetime, as_user: SignIn, body: dict[str, Any]
) -> None:
    drafted(cast, at=at)

    answer = post(as_user(cast.grace), "/initiatives/support-drafter/actions/submit", body)

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/version"]


def test_an_action_that_does_not_exist_is_404_and_names_those_that_do(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    drafted(cast, at=at)

    answer = post(as_user(cast.grace), "/initiatives/support-drafter/actions/dance", {"version": 1})

    assert answer.status_code == 404
    assert "withdraw" in answer.json()["detail"]


def test_nobody_approves_her_own_over_the_api(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)
    client = as_user(cast.carl)
    post(client, "/initiatives", BODY)
    post(client, "/initiatives/support-drafter/actions/submit", {"version": 1})

    answer = post(client, "/initiatives/support-drafter/actions/approve", {"version": 2})

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:tokenops:self-approval"


def test_lists_page_by_cursor(cast: Cast, at: datetime, as_user: SignIn) -> None:
    for number in range(3):
        drafted(cast, name=f"Try {number}", at=at)
    client = as_user(cast.grace)

    first = client.get("/api/v1/initiatives?limit=2").json()
    second = client.get(first["next"]).json()

    slugs = [row["slug"] for row in first["results"] + second["results"]]
    assert slugs == ["try-2", "try-1", "try-0"]
    assert second["next"] is None


def test_lists_are_narrowed_by_state_and_unit(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)
    running(cast, at=at)
    drafted(cast, name="Second", at=at)
    client = as_user(cast.carl)

    sandboxed = client.get("/api/v1/initiatives?state=sandbox&unit=support").json()["results"]
    wrong = client.get("/api/v1/initiatives?state=lost")

    assert [row["slug"] for row in sandboxed] == ["support-drafter"]
    assert wrong.status_code == 422


def test_budgets_come_with_their_standing(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)
    spend(cast.support, at.date(), "250.000000000001")

    (shown,) = as_user(cast.grace).get("/api/v1/budgets?fiscal_year=2026").json()["results"]

    assert (shown["unit"], shown["state"], shown["currency"]) == ("support", "active", "USD")
    assert shown["core"]["actual_usd"] == "250.000000000001"
    assert shown["core"]["available_usd"] == "749.999999999999"
    assert shown["phasing"] == "even"
    assert shown["periods"][1] == {
        "period": "FY2026 P2",
        "starts_on": "2026-02-01",
        "ends_on": "2026-03-01",
        "planned_usd": "76.72",  # 76.7123, and the largest of all remainders
    }
    assert shown["pool"] == {
        "granted_usd": "500.00",
        "passed_on_usd": "0.00",
        "exceeded_usd": "0.00",
        "committed_usd": "0.00",
        "free_usd": "500.00",
    }


def test_budgets_come_with_their_forecast(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, core="480.00", at=at)
    client = as_user(cast.grace)
    before = client.get("/api/v1/budgets").json()["results"][0]["core"]
    for back in range(1, 29):
        spend(cast.support, at.date() - timedelta(days=back), "10.00")

    after = client.get("/api/v1/budgets").json()["results"][0]["core"]

    names = ("method", "error", "run_rate_usd", "expected_usd", "exhausts_on", "low_confidence")
    assert [before[name] for name in names] == [None, None, None, None, None, False]
    # 280 are spent and 42 days at 10 to come; the 200 that are left last 20 days.
    assert [after[name] for name in names] == [
        "seasonal", "0.0000", "10.00", "700.00", "2026-12-09", False,
    ]  # fmt: skip
    assert (after["expected_low_usd"], after["expected_high_usd"]) == ("679.00", "721.00")
    assert (after["exhausts_earliest"], after["exhausts_latest"]) == ("2026-12-09", "2026-12-11")


def test_budgets_of_other_units_are_left_out(cast: Cast, at: datetime, as_user: SignIn) -> None:
    asked_budget(cast, at=at)

    assert as_user(cast.greta).get("/api/v1/budgets").json() == {"results": [], "next": None}


def test_the_list_of_budgets_takes_as_many_questions_for_three_rows_as_for_one(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    client = as_user(cast.carl)
    counts = []
    for name in ("One", "Two", "Three"):
        granted_budget(cast, unit=new_unit(name, parent=cast.support), at=at)
        with CaptureQueriesContext(connection) as asked:
            client.get("/api/v1/budgets")
        counts.append(len(asked))

    assert counts[2] == counts[1] == counts[0]
