"""The page of delegations."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from org.models import Delegation, User
from tests.org_cast import Cast

BACKEND = "django.contrib.auth.backends.ModelBackend"
URL = "/settings/delegations/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def typed(**changes: str) -> dict[str, str]:
    today = timezone.now().date()
    form = {
        "taker": "ed",
        "unit": "support",
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=7)).isoformat(),
        "reason": "On leave.",
    }
    return form | changes


def test_it_is_given_seen_by_both_and_taken_back(cast: Cast) -> None:
    giver, taker = signed_in(cast.carl), signed_in(cast.ed)

    giver.post(URL, typed())

    assert "Holds" in giver.get(URL).text
    assert "On leave." in taker.get(URL).text
    revoke = f"{URL}{Delegation.objects.get().pk}/revoke/"
    assert "Take back" not in taker.get(URL).text
    assert taker.post(revoke).status_code == 403
    assert signed_in(cast.grace).post(revoke).status_code == 404
    giver.post(revoke)
    assert "Taken back" in taker.get(URL).text


def test_what_cannot_be_given_is_said_at_its_field(cast: Cast) -> None:
    answer = signed_in(cast.carl).post(URL, typed(taker="greta"))

    assert answer.status_code == 422
    assert "Greta does not see Support" in answer.text
    assert not Delegation.objects.exists()


def test_who_decides_nothing_has_nothing_to_give(cast: Cast) -> None:
    client = signed_in(cast.grace)

    assert "You decide nothing yourself" in client.get(URL).text
    assert client.post(URL, typed()).status_code == 403
