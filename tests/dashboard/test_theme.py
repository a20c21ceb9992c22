"""The reader's choice of theme."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from dashboard.theme import choose, theme_of


def post(theme: str, **headers: str) -> HttpResponse:
    request = RequestFactory().post("/settings/theme/", {"theme": theme}, headers=headers)
    return choose(request)


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("sepia", "system"), (None, "system")]
)
def test_the_page_is_in_the_theme_of_the_cookie_if_there_is_such_a_theme(
    cookie: str | None, theme: str
) -> None:
    request = RequestFactory().get("/")
    if cookie:
        request.COOKIES["theme"] = cookie

    assert theme_of(request) == theme


def test_a_choice_is_kept_for_a_year_and_leads_back_to_the_page() -> None:
    answer = post("dark", referer="http://testserver/budgets/?period=FY26")

    assert answer.status_code == 302
    assert answer["Location"] == "http://testserver/budgets/?period=FY26"
    assert answer.cookies["theme"].value == "dark"
    assert answer.cookies["theme"]["max-age"] == 31_536_000


def test_a_choice_never_leads_to_another_host() -> None:
    answer = post("dark", referer="https://elsewhere.example/")

    assert answer["Location"] == "/"


def test_a_script_gets_no_page() -> None:
    answer = post("light", accept="application/json")

    assert answer.status_code == 204
    assert answer.cookies["theme"].value == "light"


def test_an_unknown_theme_is_refused_by_name() -> None:
    answer = post("sepia")

    assert answer.status_code == 400
    assert answer.content.decode() == "theme: 'sepia' is none of light, dark, system."
