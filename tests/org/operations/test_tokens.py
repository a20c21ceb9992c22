"""API tokens: secrets that are kept nowhere, scopes within roles, an end."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from psycopg import sql

from org.models import ApiToken, AuditEntry, User
from org.models.tokens import Scope
from org.operations.tokens import digest_of, issue_token, note_use, revoke_token
from org.refusals import Invalid, NotAllowed
from tests.factories.org import new_token
from tests.org_cast import Cast, gather
from tests.races import race

ALL_SCOPES = (
    "policy:read, usage:write, imports:write, spend:read, initiatives:write, budgets:write,"
    " lease:write, breakers:write"
)


def issue(user: User, at: datetime, **changes: Any) -> tuple[ApiToken, str]:
    asked: dict[str, Any] = {
        "name": "router",
        "scopes": ["policy:read"],
        "expires_at": None,
        "by": user,
    }
    return issue_token(user=user, **(asked | changes), at=at)


def rows_as_text() -> Iterator[str]:
    """Yield every row of every table."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))
            yield from (text for (text,) in cursor.fetchall())


def test_only_a_hash_of_the_secret_is_kept(cast: Cast, at: datetime) -> None:
    token, secret = issue(cast.ed, at)

    assert secret.startswith("tok_")
    assert len(secret) == 4 + 32  # 24 random bytes, of which the prefix tells three
    assert token.prefix == secret[:8]
    assert token.digest == hashlib.sha256(secret.encode()).hexdigest()


def test_a_dump_of_the_database_holds_no_secret(cast: Cast, at: datetime) -> None:
    _, secret = issue(cast.ed, at)

    dump = "".join(rows_as_text())

    assert dump.count(digest_of(secret)) == 1
    assert secret not in dump


def test_a_token_lives_ninety_days_unless_told_otherwise(cast: Cast, at: datetime) -> None:
    assert issue(cast.ed, at)[0].expires_at == at + timedelta(days=90)
    longest = at + timedelta(days=365)
    assert issue(cast.ed, at, expires_at=longest)[0].expires_at == longest


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": " "}, "name", "A token needs a name, such as what will use it."),
        (
            {"scopes": ["spend:write"]},
            "scopes",
            f"There is no scope 'spend:write': take {ALL_SCOPES}.",
        ),
        ({"scopes": []}, "scopes", f"A token needs at least one scope of {ALL_SCOPES}."),
    ],
)
def test_a_token_that_does_not_hold_is_refused(
    cast: Cast, at: datetime, changes: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        issue(cast.ed, at, **changes)

    assert refused.value.errors == ((f"/{field}", sentence),)


@pytest.mark.parametrize(
    ("days", "sentence"),
    [(366, "A token lives at most 365 days."), (0, "A token has to expire later than now.")],
)
def test_a_token_ends_within_a_year(cast: Cast, at: datetime, days: int, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        issue(cast.ed, at, expires_at=at + timedelta(days=days))


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        (
            "carl",
            {"policy:read", "spend:read", "initiatives:write", "budgets:write", "breakers:write"},
        ),
        (
            "fiona",
            {
                "policy:read",
                "spend:read",
                "usage:write",
                "imports:write",
                "lease:write",
                "initiatives:write",
                "budgets:write",
            },
        ),
        (
            "grace",
            {"policy:read", "spend:read", "initiatives:write", "budgets:write", "breakers:write"},
        ),
        (
            "ed",
            {
                "policy:read",
                "spend:read",
                "usage:write",
                "imports:write",
                "lease:write",
                "initiatives:write",
                "breakers:write",
            },
        ),
        ("aud", {"policy:read", "spend:read"}),
        ("ada", {"policy:read", "spend:read", "usage:write", "imports:write", "lease:write"}),
        ("stan", set()),
    ],
)
def test_scopes_stay_within_roles(cast: Cast, at: datetime, name: str, allowed: set[str]) -> None:
    user = getattr(cast, name)
    issued = set()
    for scope in Scope.values:
        try:
            issue(user, at, scopes=[scope])
        except Invalid:
            continue
        issued.add(scope)

    assert issued == allowed


def test_a_refused_scope_says_which_role_it_takes(cast: Cast, at: datetime) -> None:
    sentence = (
        "Aud cannot have usage:write: it takes the role of"
        " Administrator or FinOps analyst or Engineer."
    )
    with pytest.raises(Invalid, match=sentence):
        issue(cast.aud, at, scopes=["spend:read", "usage:write"])


def test_an_administrator_makes_tokens_for_others(cast: Cast, at: datetime) -> None:
    token, _ = issue(cast.ed, at, by=cast.ada)

    assert (token.user, token.created_by) == (cast.ed, cast.ada)
    with pytest.raises(NotAllowed):
        issue(cast.ed, at, by=cast.carl)


def test_a_token_is_revoked_by_its_owner_or_an_administrator(cast: Cast, at: datetime) -> None:
    token, _ = issue(cast.ed, at)

    with pytest.raises(NotAllowed):
        revoke_token(token=token, by=cast.carl, at=at)
    assert revoke_token(token=token, by=cast.ada, at=at).revoked_at == at


def test_revoking_again_keeps_the_first_moment(cast: Cast, at: datetime) -> None:
    token, _ = issue(cast.ed, at)

    revoke_token(token=token, by=cast.ed, at=at)
    revoke_token(token=token, by=cast.ed, at=at + timedelta(hours=1))

    token.refresh_from_db()
    assert token.revoked_at == at
    assert AuditEntry.objects.filter(action="token.revoked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_who_revoke_at_once_revoke_once(at: datetime) -> None:
    cast = gather()
    token, _ = issue(cast.ed, at)

    race(*[partial(revoke_token, token=token, by=cast.ed, at=at)] * 5)

    assert AuditEntry.objects.filter(action="token.revoked").count() == 1


def test_a_use_is_noted_at_most_once_a_minute(cast: Cast, at: datetime) -> None:
    token = new_token(user=cast.ed)

    def use(after_s: int) -> None:
        note_use(ApiToken.objects.get(), address="192.0.2.1", at=at + timedelta(seconds=after_s))

    use(0)
    use(59)
    token.refresh_from_db()
    assert (token.last_used_at, token.last_used_from) == (at, "192.0.2.1")
    use(60)
    token.refresh_from_db()
    assert token.last_used_at == at + timedelta(seconds=60)
