"""Forms that change the tree of units."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from org.models import Unit, User
from tests.org_cast import Cast

BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def today() -> str:
    return timezone.now().date().isoformat()


def test_finance_adds_a_unit(cast: Cast) -> None:
    asked = {
        "name": "Legal",
        "slug": "legal",
        "parent": cast.operations.pk,
        "owner": cast.grace.pk,
        "starts_on": today(),
    }

    answer = signed_in(cast.fiona).post("/units/new/", asked)

    assert (answer.status_code, answer["Location"]) == (302, "/units/")
    legal = Unit.objects.get(slug="legal")
    assert (legal.parent, legal.owner) == (cast.operations, cast.grace)


def test_a_link_may_say_where_the_unit_is_to_stand(cast: Cast) -> None:
    page = signed_in(cast.ada).get("/units/new/?parent=claims").text

    assert f'<option value="{cast.claims.pk}" selected>' in page


def test_the_administrator_renames_and_moves_at_once(cast: Cast) -> None:
    asked = {"name": "Care", "parent": cast.acme.pk, "owner": "", "starts_on": today()}

    answer = signed_in(cast.ada).post("/units/support/edit/", asked)

    assert answer.status_code == 302
    cast.support.refresh_from_db()
    assert (cast.support.name, cast.support.parent) == ("Care", cast.acme)
    assert cast.support.versions.count() == 2


def test_the_form_tells_the_history_and_offers_no_place_beneath_itself(cast: Cast) -> None:
    page = signed_in(cast.fiona).get("/units/operations/edit/").text

    assert "History of Operations" in page
    assert f'<option value="{cast.acme.pk}" selected>' in page
    assert f'<option value="{cast.support.pk}">' not in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"slug": "support"}, "There is already a unit &#x27;support&#x27;."),
        ({"slug": "Legal"}, "take lower-case letters, digits and dashes."),
        (
            {"starts_on": (timezone.now() + timedelta(days=3)).date().isoformat()},
            "A change can date back but not ahead",
        ),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_does_not_hold_is_said_in_its_field(
    cast: Cast, changes: dict[str, Any], sentence: str
) -> None:
    asked = {"name": "Legal", "slug": "legal", "parent": cast.acme.pk, "starts_on": today()}

    answer = signed_in(cast.fiona).post("/units/new/", asked | changes)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert not Unit.objects.filter(name="Legal").exists()


@pytest.mark.parametrize("name", ["carl", "ed", "aud"])
def test_others_are_told_who_may(cast: Cast, name: str) -> None:
    client = signed_in(getattr(cast, name))

    for url in ("/units/new/", "/units/support/edit/"):
        answer = client.get(url)
        assert answer.status_code == 403
        assert "Only a FinOps analyst or an Administrator changes business units." in answer.text


def test_a_stranger_finds_no_unit(cast: Cast) -> None:
    assert signed_in(cast.stan).get("/units/support/edit/").status_code == 404
    assert signed_in(cast.greta).get("/units/support/edit/").status_code == 404
    assert signed_in(cast.grace).get("/units/support/edit/").status_code == 403
