"""The application's rights in the database."""

from datetime import datetime

import pytest
from django.contrib.sessions.models import Session
from django.core.checks import run_checks
from django.db import ProgrammingError, connection, connections, transaction

from tokenops.roles import refusals


def running_role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_tests_run_as_the_application_does() -> None:
    assert running_role() == "tokenops_app"
    assert refusals(connection) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE django_session",
        "DROP TABLE django_session",
        "ALTER TABLE django_session DISABLE TRIGGER ALL",
        "CREATE TABLE mine (a int)",
        "CREATE ROLE friend",
    ],
)
def test_the_application_cannot_change_the_schema(statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.django_db(databases=["default", "owner"])
def test_an_owner_is_refused_as_running_role() -> None:
    found = refusals(connections["owner"])

    assert len(found) == 1
    assert "tables and could rewrite the past" in found[0] or "is a superuser" in found[0]


@pytest.mark.django_db
def test_the_check_of_the_installation_is_silent_for_the_application_role() -> None:
    assert [m for m in run_checks(databases=["default"]) if m.id == "tokenops.E001"] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_what_one_transactional_test_commits_the_next_does_not_see(run: int, at: datetime) -> None:
    assert Session.objects.count() == 0

    Session.objects.create(session_key="a" * 32, session_data="", expire_date=at)
