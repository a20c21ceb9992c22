"""Adding people with their accounts and roles."""

from datetime import datetime
from typing import Any

import pytest

from org.models import AuditEntry, Person, Role, User
from org.operations.people import add_person_with_account
from org.permissions import has_role
from org.refusals import Invalid, NotAllowed
from tests.org_cast import Cast

ANA: dict[str, Any] = {
    "username": "ana",
    "name": "Ana Silva",
    "email": "Ana@Example.org",
    "password": "a password of some length",
}


def test_a_person_gets_an_account_and_roles(cast: Cast, at: datetime) -> None:
    ana = add_person_with_account(
        **ANA, roles=[(Role.GM, cast.support), (Role.AUDITOR, None)], by=cast.ada, at=at
    )

    assert (str(ana), ana.email) == ("Ana Silva", "ana@example.org")
    assert ana.check_password("a password of some length")
    assert has_role(ana, Role.GM, unit=cast.support)
    assert not has_role(ana, Role.GM, unit=cast.claims)
    assert has_role(ana, Role.AUDITOR)
    entry = AuditEntry.objects.get()
    assert (entry.at, entry.subject) == (at, "account:ana")
    assert entry.detail["roles"] == ["gm of support", "auditor of the company"]


def test_a_second_account_with_the_same_address_is_of_the_same_person(cast: Cast) -> None:
    first = add_person_with_account(**ANA, roles=[])

    second = add_person_with_account(
        **(ANA | {"username": "ana-admin", "email": "ANA@example.org "}), roles=[]
    )

    assert second.person == first.person
    assert Person.objects.filter(name="Ana Silva").count() == 1


def test_without_a_password_nobody_signs_in(cast: Cast) -> None:
    machine = add_person_with_account(**(ANA | {"password": None}), roles=[])

    assert not machine.has_usable_password()


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"username": "carl"}, "username", "There is already an account 'carl'."),
        ({"email": "ana"}, "email", "'ana' is no email address."),
        ({"name": ""}, "name", "A person needs a name."),
        (
            {"password": "short"},
            "password",
            "This password is too short. It must contain at least 12 characters.",
        ),
    ],
)
def test_an_account_that_does_not_hold_is_refused(
    cast: Cast, at: datetime, changes: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        add_person_with_account(**(ANA | changes), roles=[], by=cast.ada, at=at)

    assert refused.value.errors == ((f"/{field}", sentence),)
    assert not User.objects.filter(username="ana").exists()


def test_only_an_administrator_adds_people(cast: Cast, at: datetime) -> None:
    with pytest.raises(NotAllowed):
        add_person_with_account(**ANA, roles=[(Role.CFO, None)], by=cast.carl, at=at)
