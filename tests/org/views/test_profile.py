"""The pages of the company's profile: two questions, what follows, and what is set by hand."""

from datetime import date, datetime

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from org.models import CompanyProfile, ProfileOverride, User
from org.queries.profile import profile_on, profile_version
from tests.org_cast import Cast

BACKEND = "django.contrib.auth.backends.ModelBackend"
PAGE = "/settings/profile/"
POOL = "/settings/profile/pool_share/"
THIN = {"people": "400", "gm_target": "20"}
REASON = "The board wants more experiments this year."


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(autouse=True)
def _on_that_day(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    monkeypatch.setattr("org.views.profile.timezone.now", lambda: at)


def test_before_anybody_answered_it_says_what_is_assumed(cast_unprofiled: Cast) -> None:
    page = words(signed_in(cast_unprofiled.carl).get(PAGE).text)

    assert "taken for a company of middling size that aims at a 60% gross margin." in page
    assert "These are assumptions." in page
    assert "An experiment ends within 60 days." in page
    assert "Obeyed by requests for experiments." in page
    assert "What would change" not in page


def test_answers_show_every_value_that_changes_and_change_nothing(cast_unprofiled: Cast) -> None:
    page = words(signed_in(cast_unprofiled.carl).get(PAGE, THIN).text)

    assert (
        "With 400 people it is a company of middling size. It aims at a 20% gross margin." in page
    )
    assert '<td class="nowrap">15%</td><td class="nowrap">7.5%</td>' in page
    assert '<td class="nowrap">56%</td><td class="nowrap">19%</td>' in page
    assert "downgrade, then block" in page
    assert "Answer like this, from today on" in page
    assert CompanyProfile.objects.count() == 0


def test_htmx_gets_the_part_alone(cast_unprofiled: Cast) -> None:
    client, htmx = signed_in(cast_unprofiled.carl), {"HX-Request": "true"}

    assert words(client.get(PAGE, THIN, headers=htmx).text).startswith('<div id="change"')
    wrong = client.get(PAGE, THIN | {"gm_target": "120"}, headers=htmx)
    assert wrong.status_code == 422
    assert "less than or equal to 99" in wrong.text


def test_confirmed_it_is_so(cast_unprofiled: Cast, at: datetime) -> None:
    client = signed_in(cast_unprofiled.ada)

    answer = client.post(PAGE, THIN | {"version": "0"}, follow=True)

    assert answer.redirect_chain == [(PAGE, 302)]
    assert "With 400 people it is a company of middling size." in words(answer.text)
    assert "These are assumptions." not in answer.text
    assert CompanyProfile.objects.get().recorded_by == cast_unprofiled.ada


def test_answers_that_stand_already_offer_no_button(cast: Cast) -> None:
    page = signed_in(cast.carl).get(PAGE, {"people": "3000", "gm_target": "60"}).text

    assert "No setting has another value." in page
    assert "Answer like this" not in page


def test_who_confirms_what_somebody_changed_sees_it_anew(cast: Cast) -> None:
    answer = signed_in(cast.carl).post(PAGE, THIN | {"version": "0"})

    assert answer.status_code == 409
    assert "Somebody changed the profile" in answer.text
    assert "What would change" in answer.text


def test_a_setting_is_held_otherwise_and_lifted_with_reasons(
    cast_unprofiled: Cast, at: datetime
) -> None:
    client, today = signed_in(cast_unprofiled.carl), date(2026, 11, 20)
    before = words(client.get(POOL).text)
    assert "It was never set by hand." in before
    assert "Lift:" not in before

    form = {"value": "20", "reason": REASON, "version": str(profile_version())}
    assert client.post(POOL, form)["Location"] == PAGE

    page = words(client.get(PAGE).text)
    assert f"Carl, 20 Nov 2026: {REASON}" in page
    assert "Lift: back to 15%" in words(client.get(POOL).text)
    assert f"{profile_on(today).profile.pool_share:.2f}" == "0.20"

    lift = {"do": "lift", "value": "", "reason": REASON, "version": str(profile_version())}
    assert client.post(POOL, lift)["Location"] == PAGE

    assert f"{profile_on(today).profile.pool_share:.2f}" == "0.15"
    history = words(client.get(POOL).text)
    assert history.index("lifted") < history.index('<td class="nowrap">20%</td>')


def test_what_is_wrong_is_said_at_its_field(cast_unprofiled: Cast) -> None:
    client = signed_in(cast_unprofiled.carl)

    answer = client.post(POOL, {"value": "much", "reason": "short", "version": "0"})

    assert answer.status_code == 422
    assert "“much” is no percentage from 0 to 100" in answer.text
    choice = client.get("/settings/profile/first_action/").text
    assert "throttle and alert</option>" in choice
    assert ProfileOverride.objects.count() == 0


def test_others_read_and_cannot_change(cast: Cast) -> None:
    for user in (cast.fiona, cast.grace, cast.aud):
        client = signed_in(user)
        page = client.get(PAGE)
        assert page.status_code == 200
        assert "Two questions" not in page.text
        assert "Set it by hand" not in client.get(POOL).text
        assert client.post(PAGE, THIN | {"version": "4"}).status_code == 403
        form = {"value": "1", "reason": REASON, "version": "4"}
        assert client.post(POOL, form).status_code == 403


def test_a_stranger_finds_neither_page_nor_link(cast: Cast) -> None:
    client = signed_in(cast.stan)

    assert client.get(PAGE).status_code == 404
    assert client.get(POOL).status_code == 404
    assert client.post(POOL, {}).status_code == 404
    assert PAGE not in client.get("/settings/").text
    assert PAGE in signed_in(cast.grace).get("/settings/").text


def test_a_setting_that_is_none_is_not_found(cast: Cast) -> None:
    assert signed_in(cast.carl).get("/settings/profile/gm_target/").status_code == 404


def test_the_page_asks_as_much_of_the_database_whatever_was_decided(
    cast: Cast, at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(cast.aud)

    with django_assert_num_queries(9):  # three settings are set by hand
        client.get(PAGE)
    ProfileOverride.objects.create(
        setting="cv_limit",
        value="0.4",
        reason=REASON,
        starts_on=at.date(),
        recorded_by=cast.ada,
        recorded_at=at,
    )

    with django_assert_num_queries(9):
        client.get(PAGE)
