"""`manage.py token`."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from org.models import ApiToken
from org.operations.tokens import digest_of
from tests.org_cast import Cast


def test_it_prints_the_secret_and_nothing_else(cast: Cast) -> None:
    out = StringIO()

    call_command(
        "token", "router", "--user=ed", "--scope=policy:read", "--scope=usage:write", stdout=out
    )

    token = ApiToken.objects.get()
    assert token.digest == digest_of(out.getvalue().strip())
    assert (token.name, token.user, token.scopes) == (
        "router",
        cast.ed,
        ["policy:read", "usage:write"],
    )
    assert token.expires_at - token.created_at == timedelta(days=90)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--user=nobody", "--scope=policy:read"], "There is no active account 'nobody'."),
        (["--user=aud", "--scope=usage:write"], "Aud cannot have usage:write"),
        (["--user=ed", "--scope=policy:read", "--days=400"], "at most 365 days"),
    ],
)
def test_it_says_what_does_not_hold(cast: Cast, arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("token", "router", *arguments)

    assert not ApiToken.objects.exists()
