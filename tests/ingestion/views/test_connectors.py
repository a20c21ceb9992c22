"""The connectors pages: how each stands, setting up, and a credential that never comes back."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ingestion.models import Connector, Pull
from org.models import AuditEntry
from org.sealing import unseal
from tests.factories.connectors import new_connector, new_pull
from tests.factories.ingestion import new_delivery
from tests.org_cast import Cast

KEY = "sk-admin-0123456789"
URL = "/data/connectors/"
ASKED = {
    "name": "OpenAI, main",
    "account": "main",
    "address": "https://api.openai.com",
    "interval_minutes": "60",
    "trailing_days": "35",
    "credential": KEY,
}
HTMX = {"HX-Request": "true"}


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def fiona(cast: Cast) -> Client:
    return signed_in(cast.fiona)


def test_nobody_is_asked_yet(cast: Cast, fiona: Client) -> None:
    assert 'href="/data/connectors/new/"' in fiona.get(URL).text
    assert "Nobody is asked yet" in signed_in(cast.aud).get(URL).text
    assert "Add the first connector" not in signed_in(cast.aud).get(URL).text


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_as_many_queries_for_three_as_for_one(
    cast: Cast, fiona: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        connector = new_connector(by=cast.fiona, name=f"Number {number}", account=str(number))
        new_pull(connector, state=Pull.State.DONE)

    with django_assert_num_queries(7):
        page = fiona.get(URL)

    assert page.text.count("Number ") == count


@pytest.mark.parametrize("count", [1, 3])
def test_a_connectors_page_takes_as_many_queries_for_three_pulls_as_for_one(
    cast: Cast, fiona: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    connector = new_connector(by=cast.fiona)
    for _ in range(count):
        pull = new_pull(connector, state=Pull.State.DONE, asked_by=cast.ada)
        pull.deliveries.add(new_delivery(rows=5, loaded=5))

    with django_assert_num_queries(11):
        page = fiona.get(f"{URL}{connector.pk}/")

    assert page.text.count("5 rows, 5 new") == count


def test_the_list_says_how_each_stands_and_when_it_is_asked_next(cast: Cast, fiona: Client) -> None:
    now = timezone.now()
    fresh = {"last_good_at": now - timedelta(minutes=5), "next_run_at": now + timedelta(hours=3)}
    new_connector(by=cast.fiona, name="Fresh", account="a", **fresh)
    new_connector(
        by=cast.fiona,
        name="Broken",
        account="b",
        failures=2,
        failing_since=now - timedelta(hours=2, minutes=1),
        last_error="The provider refuses the credential: 401 from /costs.",
        next_run_at=now + timedelta(minutes=90),
    )
    new_connector(by=cast.fiona, name="Resting", account="c", paused_at=now - timedelta(days=3))

    text = fiona.get(URL).text

    assert "Pulled 5 minutes ago." in text
    assert "in 2 hours" in text
    assert "Failed 2 times, for 2 hours now." in text
    assert "in 1 hour" in text
    assert "The provider refuses the credential: 401 from /costs." in text
    assert "Paused for 3 days." in text
    assert "when resumed" in text


def test_kinds_whose_reports_cannot_be_read_are_not_offered(
    fiona: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.views.connectors.can_load", lambda kind: kind.name != "litellm")

    text = fiona.get(f"{URL}new/").text

    assert 'href="/data/connectors/new/openai-costs/"' in text
    assert 'href="/data/connectors/new/litellm/"' not in text
    assert "there is no source litellm" in text


def test_a_connector_is_set_up(cast: Cast, fiona: Client) -> None:
    form = fiona.get(f"{URL}new/openai-costs/")
    answer = fiona.post(f"{URL}new/openai-costs/", ASKED)

    connector = Connector.objects.get()
    assert 'type="password"' in form.text
    assert (answer.status_code, answer["Location"]) == (302, f"{URL}{connector.pk}/")
    assert connector.config == {"address": "https://api.openai.com"}
    assert (connector.interval_minutes, connector.created_by) == (60, cast.fiona)
    assert unseal(bytes(connector.sealed_credential or b"")).reveal() == KEY


@pytest.mark.parametrize("kind", ["openai-costs", "litellm", "json", "folder", "s3"])
def test_every_kind_has_its_form(fiona: Client, kind: str) -> None:
    assert fiona.get(f"{URL}new/{kind}/").status_code == 200


def test_there_is_no_such_kind(fiona: Client) -> None:
    assert fiona.get(f"{URL}new/magic/").status_code == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"address": "ftp://api.openai.com"}, "An address begins with http:// or https://"),
        ({"name": ""}, "This field is required."),
        ({"credential": "two words"}, "A credential is one word"),
        ({"credential": ""}, "This field is required."),
        ({"trailing_days": "401"}, "less than or equal to 400"),
    ],
)
def test_what_does_not_hold_is_said_and_the_credential_does_not_come_back(
    fiona: Client, changes: dict[str, str], sentence: str
) -> None:
    answer = fiona.post(f"{URL}new/openai-costs/", ASKED | changes)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert KEY not in answer.text
    assert "two words" not in answer.text
    assert "no-store" in answer["Cache-Control"]
    assert not Connector.objects.exists()


def test_a_credential_is_replaced_by_typing_a_new_one_and_kept_otherwise(
    cast: Cast, fiona: Client
) -> None:
    fiona.post(f"{URL}new/openai-costs/", ASKED)
    connector = Connector.objects.get()
    edit = f"{URL}{connector.pk}/edit/"

    page = fiona.get(edit)
    kept = fiona.post(edit, ASKED | {"credential": "", "name": "OpenAI, first"})
    connector.refresh_from_db()
    assert "Empty keeps the one set on" in page.text
    assert KEY not in page.text
    assert kept.status_code == 302
    assert connector.name == "OpenAI, first"
    assert unseal(bytes(connector.sealed_credential or b"")).reveal() == KEY

    fiona.post(edit, ASKED | {"credential": "sk-admin-new"})
    connector.refresh_from_db()
    assert unseal(bytes(connector.sealed_credential or b"")).reveal() == "sk-admin-new"


def test_another_address_takes_the_credential_anew(fiona: Client) -> None:
    fiona.post(f"{URL}new/openai-costs/", ASKED)
    edit = f"{URL}{Connector.objects.get().pk}/edit/"

    answer = fiona.post(edit, ASKED | {"credential": "", "address": "https://other.example"})

    assert answer.status_code == 422
    assert "Another address takes the credential typed anew." in answer.text


def test_the_buttons_pull_pause_and_resume(cast: Cast, fiona: Client) -> None:
    connector = new_connector(by=cast.fiona)
    page = f"{URL}{connector.pk}/"

    assert fiona.post(f"{page}pull/")["Location"] == page
    assert Pull.objects.get().asked_by == cast.fiona
    assert "Waiting" in fiona.get(page).text
    fiona.post(f"{page}pause/")
    paused = fiona.get(page).text
    assert "Resume" in paused
    assert "Pull now" not in paused
    fiona.post(f"{page}resume/")
    assert "Pull now" in fiona.get(page).text
    assert AuditEntry.objects.filter(subject=f"connector:{connector.pk}").count() == 3


def test_a_pull_that_is_under_way_already_is_said_so(cast: Cast, fiona: Client) -> None:
    connector = new_connector(by=cast.fiona)
    new_pull(connector)

    answer = fiona.post(f"{URL}{connector.pk}/pull/")

    assert answer.status_code == 409
    assert "is being pulled already" in answer.text


def test_the_page_asks_again_while_a_pull_is_under_way_and_gets_its_part(
    cast: Cast, fiona: Client
) -> None:
    connector = new_connector(by=cast.fiona, last_good_at=timezone.now())
    pull = new_pull(connector, state=Pull.State.LOADING)
    page = f"{URL}{connector.pk}/"

    part = fiona.get(page, headers=HTMX)
    assert 'hx-trigger="every 3s"' in part.text
    assert "<html" not in part.text

    Pull.objects.filter(pk=pull.pk).update(state=Pull.State.DONE)
    assert "hx-trigger" not in fiona.get(page, headers=HTMX).text


def test_a_failure_is_told_with_what_was_kept(cast: Cast, fiona: Client) -> None:
    connector = new_connector(
        by=cast.fiona, failures=1, failing_since=timezone.now(), last_error="A page is cut short."
    )

    text = fiona.get(f"{URL}{connector.pk}/").text

    assert "A page is cut short. What was loaded before stays as it is." in text


@pytest.mark.parametrize("who", ["carl", "ed", "aud"])
def test_others_see_and_change_nothing(cast: Cast, who: str) -> None:
    connector = new_connector(by=cast.fiona)
    client, page = signed_in(getattr(cast, who)), f"{URL}{connector.pk}/"

    assert "Pull now" not in client.get(page).text
    for url in (f"{URL}new/", f"{URL}new/litellm/", f"{page}edit/"):
        assert client.get(url).status_code == 403
    for step in ("pull", "pause", "resume"):
        assert client.post(f"{page}{step}/").status_code == 403


@pytest.mark.parametrize("who", ["grace", "stan"])
def test_who_has_no_business_here_sees_nothing(cast: Cast, who: str) -> None:
    connector = new_connector(by=cast.fiona)
    client = signed_in(getattr(cast, who))

    assert client.get(URL).status_code == 403
    assert client.get(f"{URL}{connector.pk}/").status_code == 403
