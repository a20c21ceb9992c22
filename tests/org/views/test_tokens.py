"""The page of API tokens."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from org.models import ApiToken, User
from org.operations.tokens import digest_of
from tests.factories.org import new_token
from tests.org_cast import Cast

BACKEND = "django.contrib.auth.backends.ModelBackend"
URL = "/settings/tokens/"
ASKED = {"name": "router eu-1", "scopes": ["policy:read", "usage:write"], "days": "30"}
HTMX = {"HX-Request": "true"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def secret_in(page: str) -> str:
    found = re.search(r"tok_[A-Za-z0-9_-]{32}", page)
    assert found is not None
    return found[0]


def test_the_secret_is_shown_once_with_a_call_to_try(cast: Cast) -> None:
    client = signed_in(cast.ed)

    made = client.post(URL, ASKED)

    token = ApiToken.objects.get()
    secret = secret_in(made.text)
    assert token.digest == digest_of(secret)
    assert token.scopes == ["policy:read", "usage:write"]
    assert token.expires_at - token.created_at == timedelta(days=30)
    sample = f"curl -H &quot;Authorization: Bearer {secret}&quot; http://testserver/api/v1/policy"
    assert sample in made.text or sample.replace("&quot;", '"') in made.text
    assert "no-store" in made["Cache-Control"]
    assert secret not in client.get(URL).text


def test_htmx_gets_the_part_from_the_same_address(cast: Cast) -> None:
    made = signed_in(cast.ed).post(URL, ASKED, headers=HTMX)

    assert secret_in(made.text)
    assert "<html" not in made.text


def test_the_form_offers_what_the_roles_allow(cast: Cast) -> None:
    page = signed_in(cast.aud).get(URL).text

    assert 'value="spend:read"' in page
    assert 'value="usage:write"' not in page
    assert "has no role yet" in signed_in(cast.stan).get(URL).text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "This field is required."),
        ({"scopes": []}, "This field is required."),
        ({"days": "366"}, "Ensure this value is less than or equal to 365."),
        ({"scopes": ["root"]}, "Select a valid choice. root is not one of the available choices."),
    ],
)
def test_what_does_not_hold_is_said_and_nothing_typed_is_lost(
    cast: Cast, changes: dict[str, Any], sentence: str
) -> None:
    answer = signed_in(cast.ed).post(URL, ASKED | changes)

    assert answer.status_code == 422
    assert sentence in answer.text
    if "name" not in changes:
        assert 'value="router eu-1"' in answer.text
    assert not ApiToken.objects.exists()


def test_an_auditor_cannot_smuggle_a_scope_in(cast: Cast) -> None:
    assert signed_in(cast.aud).post(URL, ASKED).status_code == 422
    assert not ApiToken.objects.exists()


def test_one_sees_ones_own_tokens_and_an_administrator_all(cast: Cast) -> None:
    new_token(user=cast.ed, name="of the engineer")
    new_token(user=cast.fiona, name="of finance")

    own, all_of_them = signed_in(cast.ed).get(URL).text, signed_in(cast.ada).get(URL).text

    assert "of the engineer" in own
    assert "of finance" not in own
    assert "of the engineer" in all_of_them
    assert "of finance" in all_of_them


@pytest.mark.parametrize("name", ["ed", "ada"])
def test_a_token_is_revoked_by_its_owner_or_an_administrator(cast: Cast, name: str) -> None:
    token = new_token(user=cast.ed)
    client = signed_in(getattr(cast, name))

    answer = client.post(f"{URL}{token.pk}/revoke/", follow=True)

    token.refresh_from_db()
    assert token.revoked_at is not None
    assert "router was revoked." in answer.text


def test_revoking_in_place_answers_with_the_list(cast: Cast) -> None:
    token = new_token(user=cast.ed)

    answer = signed_in(cast.ed).post(f"{URL}{token.pk}/revoke/", headers=HTMX)

    assert "Revoked" in answer.text
    assert "<html" not in answer.text


def test_a_token_of_another_person_is_not_there(cast: Cast) -> None:
    token = new_token(user=cast.ed)

    assert signed_in(cast.carl).post(f"{URL}{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_a_link_cannot_revoke(cast: Cast) -> None:
    token = new_token(user=cast.ed)

    assert signed_in(cast.ed).get(f"{URL}{token.pk}/revoke/").status_code == 405


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_as_many_queries_for_three_as_for_one(
    cast: Cast, django_assert_num_queries: Any, count: int
) -> None:
    for _ in range(count):
        new_token(user=cast.ed)
    client = signed_in(cast.ada)

    with django_assert_num_queries(8):
        client.get(URL)
