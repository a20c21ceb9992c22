"""Who calls the API: tokens, sessions, scopes and roles."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from org.models import ApiToken, Membership, User
from org.operations.tokens import issue_token, revoke_token
from tests.org_cast import Cast

pytestmark = pytest.mark.urls("tests.org.plain_views")
URL = "/api/v1/whoever"


def token_of(user: User, *scopes: str) -> str:
    at = timezone.now()
    _token, secret = issue_token(
        user=user, name="router", scopes=scopes, expires_at=None, by=user, at=at
    )
    return secret


def call(secret: str, *, method: str = "get", scheme: str = "Bearer", **more: Any) -> Any:
    return getattr(Client(), method)(URL, headers={"Authorization": f"{scheme} {secret}"}, **more)


def test_a_token_acts_as_its_user(cast: Cast) -> None:
    answer = call(token_of(cast.ed, "spend:read"), scheme="bearer")

    assert (answer.status_code, answer.json()) == (200, {"user": "ed"})


def test_without_token_or_session_the_answer_says_how_to_sign_in(cast: Cast) -> None:
    answer = Client().get(URL)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="TokenOps"'
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == "Not signed in"


@pytest.mark.parametrize("secret", ["tok_unknown", "", "x y", "\u00e9"])
def test_an_unknown_token_is_refused(cast: Cast, secret: str) -> None:
    answer = call(secret)

    assert answer.status_code == 401
    assert answer.json()["detail"] == "This is no token of this installation."


def test_a_revoked_token_is_refused_from_that_moment(cast: Cast) -> None:
    secret = token_of(cast.ed, "spend:read")
    assert call(secret).status_code == 200

    revoke_token(token=ApiToken.objects.get(), by=cast.ed, at=timezone.now())

    answer = call(secret)
    assert answer.status_code == 401
    assert answer.json()["detail"].startswith("The token 'router' was revoked on ")


def test_an_expired_token_is_refused(cast: Cast) -> None:
    secret = token_of(cast.ed, "spend:read")
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    answer = call(secret)

    assert answer.status_code == 401
    assert answer.json()["detail"].startswith("The token 'router' expired on ")


def test_a_token_of_a_deactivated_account_is_refused(cast: Cast) -> None:
    secret = token_of(cast.ed, "spend:read")
    User.objects.filter(pk=cast.ed.pk).update(is_active=False)

    answer = call(secret)

    assert answer.status_code == 401
    assert answer.json()["detail"] == "The account of the token 'router' is not active."


def test_a_token_without_the_scope_is_told_which_one_it_lacks(cast: Cast) -> None:
    answer = call(token_of(cast.ed, "spend:read", "policy:read"), method="post")

    assert answer.status_code == 403
    assert answer.json()["detail"] == (
        "This token lacks the scope usage:write; it has policy:read, spend:read."
    )


def test_a_token_does_not_outlive_the_role_it_was_made_with(cast: Cast) -> None:
    secret = token_of(cast.ed, "usage:write")
    assert call(secret, method="post").status_code == 200

    Membership.objects.filter(user=cast.ed).update(role="auditor")

    answer = call(secret, method="post")
    assert answer.status_code == 403
    assert answer.json()["detail"] == (
        "usage:write takes the role of Administrator or FinOps analyst or Engineer."
    )


def test_the_last_use_is_noted_with_its_address(cast: Cast) -> None:
    call(token_of(cast.ed, "spend:read"), HTTP_X_FORWARDED_FOR="203.0.113.9")

    token = ApiToken.objects.get()
    assert token.last_used_at is not None
    assert token.last_used_from == "127.0.0.1"


def test_a_connection_without_an_address_is_noted_without(cast: Cast) -> None:
    assert call(token_of(cast.ed, "spend:read"), REMOTE_ADDR="").status_code == 200

    assert ApiToken.objects.get().last_used_from is None


@pytest.mark.parametrize(
    ("name", "read", "write"),
    [
        ("carl", 200, 403),
        ("fiona", 200, 200),
        ("grace", 200, 403),
        ("ed", 200, 200),
        ("aud", 200, 403),
        ("ada", 200, 200),
        ("stan", 403, 403),
    ],
)
def test_a_session_needs_the_role_and_no_scope(
    cast: Cast, name: str, read: int, write: int
) -> None:
    client = Client()
    client.force_login(getattr(cast, name), backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(URL).status_code == read
    assert client.head(URL).status_code == read
    assert client.post(URL).status_code == write


def test_a_session_posts_only_from_our_own_pages(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ed, backend="django.contrib.auth.backends.ModelBackend")

    answer = client.post(URL)

    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("CSRF Failed")


def test_a_method_that_is_not_served_is_said_so(cast: Cast) -> None:
    answer = call(token_of(cast.ed, "spend:read"), method="delete")

    assert answer.status_code == 405
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_a_view_that_names_no_scope_is_a_mistake_and_not_open(cast: Cast) -> None:
    with pytest.raises(TypeError, match="Forgetful does not name the scope of GET"):
        Client().get(
            "/api/v1/forgetful",
            headers={"Authorization": f"Bearer {token_of(cast.ed, 'spend:read')}"},
        )


def test_a_call_with_a_token_takes_few_queries(cast: Cast, django_assert_num_queries: Any) -> None:
    secret = token_of(cast.ed, "spend:read")
    call(secret)

    with django_assert_num_queries(2):  # the token with its user, the roles
        call(secret)
