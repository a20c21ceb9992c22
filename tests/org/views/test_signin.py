"""Signing in and out."""

from typing import Any

import pytest
from django.test import Client

from tests.factories.org import PASSWORD
from tests.org_cast import Cast


def sign_in(client: Client, *, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/signin/", {"username": "ed", "password": password} | more)


def is_signed_in(client: Client) -> bool:
    return client.get("/settings/").status_code == 200


@pytest.mark.django_db
def test_the_page_lets_password_managers_work() -> None:
    page = Client().get("/signin/")

    assert page.status_code == 200
    assert 'autocomplete="username"' in page.text
    assert 'autocomplete="current-password"' in page.text
    assert page.text.count("<h1") == 1


def test_the_right_password_leads_to_the_page_asked_for(cast: Cast) -> None:
    client = Client()

    answer = sign_in(client, next="/settings/tokens/?x=1")

    assert (answer.status_code, answer["Location"]) == (302, "/settings/tokens/?x=1")
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "next_page", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""]
)
def test_nobody_is_led_away_from_this_host(cast: Cast, next_page: str) -> None:
    assert sign_in(Client(), next=next_page)["Location"] == "/"


def test_a_wrong_password_is_said_so_and_lets_nobody_in(cast: Cast) -> None:
    client = Client()

    answer = sign_in(client, password="wrong")

    assert answer.status_code == 200
    assert "Please enter a correct username and password" in answer.text
    assert not is_signed_in(client)


def test_a_deactivated_account_does_not_sign_in(cast: Cast) -> None:
    cast.ed.is_active = False
    cast.ed.save()

    assert sign_in(Client()).status_code == 200


def test_ten_wrong_passwords_lock_the_account_from_any_address(cast: Cast) -> None:
    for number in range(10):
        answer = sign_in(Client(HTTP_X_FORWARDED_FOR=f"203.0.113.{number}"), password="wrong")
    assert answer.status_code == 429
    assert "locked for 15 minutes" in answer.text

    assert sign_in(Client(HTTP_X_FORWARDED_FOR="198.51.100.1")).status_code == 429


def test_the_session_is_another_one_after_signing_in(cast: Cast) -> None:
    client = Client()
    client.get("/signin/")
    before = client.session.session_key

    sign_in(client)

    assert client.session.session_key != before


def test_signing_out_takes_a_post(cast: Cast) -> None:
    client = Client()
    sign_in(client)

    assert client.get("/signout/").status_code == 405
    assert is_signed_in(client)
    assert client.post("/signout/")["Location"] == "/signin/"
    assert not is_signed_in(client)


def test_who_is_signed_in_is_not_asked_again(cast: Cast) -> None:
    client = Client()
    sign_in(client)

    assert client.get("/signin/")["Location"] == "/"
