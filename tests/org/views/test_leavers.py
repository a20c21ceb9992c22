"""The page of those who leave."""

from django.test import Client

from org.models import Person, User
from tests.org_cast import Cast

BACKEND = "django.contrib.auth.backends.ModelBackend"
URL = "/settings/leavers/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def test_an_administrator_says_who_leaves_and_that_she_stays(cast: Cast) -> None:
    client = signed_in(cast.ada)
    person = Person.objects.get(name="Ed")

    client.post(URL, {"person": person.pk, "leaves_on": "2027-01-31"})
    assert "31 Jan 2027" in client.get(URL).text
    client.post(URL, {"person": person.pk, "leaves_on": ""})
    assert "Nobody leaves" in client.get(URL).text
    assert client.post(URL, {"person": "", "leaves_on": ""}).status_code == 422


def test_nobody_else_does(cast: Cast) -> None:
    assert signed_in(cast.carl).get(URL).status_code == 403
    assert signed_in(cast.carl).post(URL, {}).status_code == 403
