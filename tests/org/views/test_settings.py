"""The page of one's own account."""

from django.test import Client

from org.models import User
from tests.org_cast import Cast

BACKEND = "django.contrib.auth.backends.ModelBackend"


def page_of(user: User) -> str:
    client = Client()
    client.force_login(user, backend=BACKEND)
    answer = client.get("/settings/")
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def test_it_says_roles_in_words(cast: Cast) -> None:
    assert "General manager of Support and all beneath it" in page_of(cast.grace)
    assert "CFO of the whole company" in page_of(cast.carl)
    assert "None yet: an administrator gives you one." in page_of(cast.stan)


def test_it_says_what_the_company_is_set_to(cast_in_berlin: Cast) -> None:
    page = page_of(cast_in_berlin.carl)

    assert "Europe/Berlin" in page
    assert "January" in page


def test_it_works_before_the_company_is_set_up(cast: Cast) -> None:
    cast.company.delete()

    assert "The company is not set up yet." in page_of(cast.ada)


def test_a_stranger_is_led_to_the_sign_in() -> None:
    assert Client().get("/settings/")["Location"] == "/signin/?next=/settings/"
