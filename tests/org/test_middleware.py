"""What stands around every view: request numbers, refusals as pages, htmx."""

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from org.middleware import request_id
from tests.org_cast import Cast

pytestmark = pytest.mark.urls("tests.org.plain_views")


@pytest.fixture
def client(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ed, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    ("name", "status", "sentence"),
    [
        ("notallowed", 403, "Only the CFO may do this."),
        ("notthere", 404, "There is no budget 7."),
        ("invalid", 422, "A cap is more than zero."),
        ("stale", 409, "Carl changed it at 12:00."),
    ],
)
def test_a_refusal_in_a_page_is_a_page(
    client: Client, name: str, status: int, sentence: str
) -> None:
    answer = client.get(f"/refusing/{name}")

    assert answer.status_code == status
    assert sentence in answer.text
    assert answer.text.count("<h1") == 1


def test_a_refusal_to_htmx_is_the_part_alone(client: Client) -> None:
    answer = client.get("/refusing/stale", headers={"HX-Request": "true"})

    assert answer.status_code == 409
    assert "Carl changed it at 12:00." in answer.text
    assert "<html" not in answer.text


def test_caches_keep_pages_and_their_parts_apart(client: Client) -> None:
    assert "HX-Request" in client.get("/public")["Vary"]


def test_a_signed_out_page_leads_to_the_sign_in_and_back() -> None:
    answer = Client().get("/private?unit=7")

    assert answer.status_code == 302
    assert answer["Location"] == "/signin/?next=/private%3Funit%3D7"


@pytest.mark.parametrize(
    ("current", "back"),
    [
        ("http://testserver/spend/?group=model", "%2Fspend%2F%3Fgroup%3Dmodel"),
        ("https://evil.example/", "%2F"),
        (None, "%2F"),
    ],
)
def test_a_signed_out_part_sends_the_whole_browser_to_the_sign_in(
    current: str | None, back: str
) -> None:
    headers = {"HX-Request": "true"} | ({"HX-Current-URL": current} if current else {})

    answer = Client().get("/private", headers=headers)

    assert answer.status_code == 204
    assert answer["HX-Redirect"] == f"/signin/?next={back}"


def test_each_request_has_a_number_of_its_own(client: Client) -> None:
    first, second = client.get("/public"), client.get("/public")

    assert len(first["X-Request-ID"]) == 32
    assert first["X-Request-ID"] != second["X-Request-ID"]


@pytest.mark.parametrize(
    ("given", "is_kept"), [("proxy-7.a_B", True), ("x" * 65, False), ("a b", False), ("", False)]
)
def test_a_proxys_number_is_kept_if_a_log_can_hold_it(
    client: Client,
    given: str,
    is_kept: bool,  # noqa: FBT001 — a column of the table above
) -> None:
    answer = client.get("/public", headers={"X-Request-ID": given})

    assert (answer["X-Request-ID"] == given) == is_kept


def test_the_number_stands_in_the_log_during_the_request_alone() -> None:
    seen = {}

    def view(_: HttpRequest) -> HttpResponse:
        seen.update(structlog.contextvars.get_contextvars())
        return HttpResponse()

    answer = request_id(view)(RequestFactory().get("/"))

    assert seen == {"request_id": answer["X-Request-ID"]}
    assert structlog.contextvars.get_contextvars() == {}
