"""The pages of notices and webhooks."""

import re
from datetime import datetime

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from org.models import AuditEntry, Dispatch, NoticeChoice, User, Webhook
from tests.org.operations.test_notices import told
from tests.org_cast import Cast

BACKEND = "django.contrib.auth.backends.ModelBackend"
HOOK = {"name": "Chat", "url": "https://hooks.example/in", "kinds": ["decision", "stop"]}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def test_a_notice_is_unread_until_its_reader_says_otherwise(cast: Cast, at: datetime) -> None:
    told(cast, at=at)
    client = signed_in(cast.grace)

    page = client.get("/notifications/").text
    assert "The budget was approved" in page
    assert "1 you have not read." in page
    assert re.search(r'href="/notifications/" aria-current="page"\s*>All', page)
    assert "Notifications, 1 unread" in client.get("/settings/").text

    number = re.search(r'name="up_to" value="(\d+)"', page)
    assert number is not None
    client.post("/notifications/", {"up_to": number[1]})
    assert "You have read everything." in client.get("/notifications/").text
    assert "The budget was approved" not in client.get("/notifications/?show=unread").text


def test_nobody_sees_what_others_were_told(cast: Cast, at: datetime) -> None:
    told(cast, at=at)

    assert "The budget was approved" not in signed_in(cast.greta).get("/notifications/").text


@pytest.mark.parametrize("up_to", ["", "x", "9" * 30])
def test_a_number_that_is_none_marks_nothing(cast: Cast, at: datetime, up_to: str) -> None:
    told(cast, at=at)

    assert signed_in(cast.grace).post("/notifications/", {"up_to": up_to}).status_code == 302

    assert cast.grace.notices.filter(read_at__isnull=True).count() == 1


def test_the_list_takes_as_many_queries_for_three_as_for_one(
    cast: Cast, at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(cast.grace)
    for _ in range(2):
        told(cast, at=at)
        with django_assert_num_queries(5):
            client.get("/notifications/")
        told(cast, at=at)


def test_what_somebody_wants_to_hear_is_kept(cast: Cast) -> None:
    client = signed_in(cast.grace)
    page = client.get("/settings/notifications/")
    names = re.findall(r'<select name="(\w+)"', page.text)
    assert "test" not in names

    client.post("/settings/notifications/", dict.fromkeys(names, "mail") | {"stop": "off"})

    assert NoticeChoice.objects.get(user=cast.grace, kind="stop").level == "off"
    wrong = client.post("/settings/notifications/", dict.fromkeys(names, "loud"))
    assert wrong.status_code == 422


def test_the_secret_of_a_webhook_is_shown_once(cast: Cast) -> None:
    client = signed_in(cast.fiona)

    made = client.post("/settings/webhooks/", HOOK)

    found = re.search(r"whsec_[\w-]{43}", made.text)
    assert found is not None
    assert "no-store" in made["Cache-Control"]
    webhook = Webhook.objects.get()
    assert webhook.kinds == ["decision", "stop"]
    for url in ("/settings/webhooks/", f"/settings/webhooks/{webhook.pk}/"):
        assert found[0] not in client.get(url).text
    assert found[0] not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"url": "http://hooks.example/"}, "begins with https://"),
        ({"url": "https://10.0.0.1/"}, "is not a public address"),
        ({"kinds": ["gossip"]}, "Select a valid choice"),
        ({"name": " "}, "This field is required"),
    ],
)
def test_a_webhook_that_cannot_be_says_why(
    cast: Cast, changes: dict[str, object], sentence: str
) -> None:
    answer = signed_in(cast.fiona).post("/settings/webhooks/", HOOK | changes)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert not Webhook.objects.exists()


def test_a_webhook_is_tested_and_ended_from_its_page(cast: Cast) -> None:
    client = signed_in(cast.ada)
    client.post("/settings/webhooks/", HOOK)
    url = f"/settings/webhooks/{Webhook.objects.get().pk}/"

    client.post(f"{url}test/")
    assert "A test of the webhook Chat" in client.get(url).text
    client.post(f"{url}end/")

    assert Dispatch.objects.get().state == "dead"
    assert "Ended" in client.get("/settings/webhooks/").text
    assert client.post(f"{url}test/").status_code == 409


def test_others_have_no_business_with_webhooks(cast: Cast) -> None:
    signed_in(cast.fiona).post("/settings/webhooks/", HOOK)
    url = f"/settings/webhooks/{Webhook.objects.get().pk}/"
    for person in (cast.carl, cast.grace, cast.aud, cast.stan):
        client = signed_in(person)
        assert client.get("/settings/webhooks/").status_code == 403
        assert client.get(url).status_code == 403
        assert client.post(f"{url}end/").status_code == 403
        assert client.post(f"{url}test/").status_code == 403
