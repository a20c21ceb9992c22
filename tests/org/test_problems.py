"""Refusals and errors as problem+json."""

from typing import Any

import pytest
from django.test import Client, override_settings

from org.problems import kind_of
from org.refusals import NotAllowed, Refusal
from tests.org_cast import Cast

pytestmark = pytest.mark.urls("tests.org.plain_views")


@pytest.fixture
def client(cast: Cast) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.ed, backend="django.contrib.auth.backends.ModelBackend")
    return client


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    content: dict[str, Any] = answer.json()
    assert content["status"] == status
    assert content["detail"]
    return content


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "notallowed",
            {
                "type": "urn:tokenops:not-allowed",
                "title": "Not allowed",
                "status": 403,
                "detail": "Only the CFO may do this.",
            },
        ),
        (
            "notthere",
            {
                "type": "urn:tokenops:not-there",
                "title": "Not found",
                "status": 404,
                "detail": "There is no budget 7.",
            },
        ),
        (
            "invalid",
            {
                "type": "urn:tokenops:invalid",
                "title": "Invalid input",
                "status": 422,
                "detail": "A cap is more than zero.",
                "errors": [{"pointer": "/cap_usd", "detail": "A cap is more than zero."}],
            },
        ),
        (
            "stale",
            {
                "type": "urn:tokenops:stale",
                "title": "Changed meanwhile",
                "status": 409,
                "detail": "Carl changed it at 12:00.",
                "version": 3,
            },
        ),
    ],
)
def test_a_refusal_becomes_a_problem(client: Client, name: str, expected: dict[str, Any]) -> None:
    answer = client.get(f"/api/v1/refusing/{name}")

    assert is_problem(answer, expected["status"]) == expected


def test_refusals_of_a_kind_have_a_type_of_their_own() -> None:
    class SelfApproval(NotAllowed):
        pass

    assert kind_of(SelfApproval) == "urn:tokenops:self-approval"
    assert kind_of(Refusal) == "urn:tokenops:refusal"


def test_a_body_that_does_not_hold_names_every_field(client: Client) -> None:
    body = {"name": "too long", "lines": [{"model": "m", "usd": "1"}, {"model": "", "usd": "x"}]}

    answer = client.post("/api/v1/things", body, content_type="application/json")

    assert is_problem(answer, 422)["errors"] == [
        {"pointer": "/name", "detail": "Ensure this field has no more than 4 characters."},
        {"pointer": "/lines/1/model", "detail": "This field may not be blank."},
        {"pointer": "/lines/1/usd", "detail": "A valid number is required."},
    ]


def test_an_error_of_the_whole_body_points_to_all_of_it(client: Client) -> None:
    body = {"name": "none", "lines": []}

    answer = client.post("/api/v1/things", body, content_type="application/json")

    content = is_problem(answer, 422)
    assert content["detail"] == "A thing needs a name of its own."
    assert content["errors"] == [{"pointer": "", "detail": "A thing needs a name of its own."}]


@pytest.mark.parametrize("body", ["{", '{"name": NaN}', "\x00"])
def test_a_body_that_is_no_json_is_malformed(client: Client, body: str) -> None:
    answer = client.post("/api/v1/things", body, content_type="application/json")

    assert is_problem(answer, 400)["title"] == "Malformed request"


def test_other_media_types_are_said_to_be_unsupported(client: Client) -> None:
    answer = client.post("/api/v1/things", "<a/>", content_type="text/xml")

    assert is_problem(answer, 415)["detail"] == 'Unsupported media type "text/xml" in request.'


def test_whoever_asks_too_often_is_told_when_to_come_back(client: Client) -> None:
    answer = client.get("/api/v1/refusing/throttled")

    assert is_problem(answer, 429)
    assert answer["Retry-After"] == "2"


def test_an_address_of_the_api_that_does_not_exist_is_a_problem(client: Client) -> None:
    assert is_problem(client.get("/api/v1/nothing"), 404)["title"] == "Not found"
    assert is_problem(Client().get("/v1/nothing"), 404)


def test_a_failure_tells_nothing_of_the_inside(client: Client) -> None:
    answer = client.get("/api/v1/refusing/broken")

    assert "secret" not in answer.text
    assert is_problem(answer, 500)["title"] == "Server error"


@override_settings(ALLOWED_HOSTS=["tokenops.example"])
def test_a_request_to_another_host_is_malformed(client: Client) -> None:
    assert is_problem(client.get("/api/v1/whoever"), 400)


def test_pages_keep_pages_as_errors(client: Client) -> None:
    missing, broken = client.get("/nothing"), client.get("/refusing/broken")

    assert (missing.status_code, broken.status_code) == (404, 500)
    assert missing["Content-Type"] == broken["Content-Type"] == "text/html; charset=utf-8"
    assert "secret" not in broken.text


def test_a_refused_head_is_refused_alike(client: Client) -> None:
    assert client.head("/api/v1/refusing/notallowed").status_code == 403
