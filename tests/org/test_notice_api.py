"""`/api/v1/notices`: one's own list, page by page, and taking it for read."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from org.models import Notice, NoticeKind, User
from org.models.tokens import Scope
from tests.factories.org import new_token
from tests.org.operations.test_notices import told
from tests.org_cast import Cast

SECRET = "tok_reader"


def client_of(user: User) -> Client:
    new_token(secret=SECRET, user=user, scopes=[Scope.SPEND_READ])
    return Client(headers={"Authorization": f"Bearer {SECRET}"})


def mark(client: Client, up_to: Any) -> Any:
    return client.post("/api/v1/notices/read", {"up_to": up_to}, content_type="application/json")


def ids(answer: Any) -> list[int]:
    return [each["id"] for each in answer.json()["results"]]


def test_a_notice_is_told_as_webhooks_tell_it(cast: Cast, at: datetime) -> None:
    notice = told(cast, at=at)

    answer = client_of(cast.grace).get("/api/v1/notices")

    assert notice is not None
    assert answer.json() == {
        "results": [
            {
                "id": notice.pk,
                "kind": "decision",
                "title": "The budget was approved",
                "text": "As planned.",
                "url": "http://localhost:8000/budgets/7/",
                "subject": "budget:7",
                "unit": "support",
                "by": "carl",
                "at": "2026-11-20T12:00:00Z",
                "read_at": None,
            }
        ],
        "next": None,
    }


def test_the_list_goes_on_page_by_page_the_newest_first(cast: Cast, at: datetime) -> None:
    for _ in range(3):
        told(cast, at=at)
    client, newest = client_of(cast.grace), Notice.objects.latest("pk").pk

    first = client.get("/api/v1/notices?limit=2")
    second = client.get(first.json()["next"])

    assert ids(first) == [newest, newest - 1]
    assert ids(second) == [newest - 2]
    assert second.json()["next"] is None


def test_nobody_reads_or_marks_what_others_were_told(cast: Cast, at: datetime) -> None:
    notice = told(cast, at=at)
    assert notice is not None
    client = client_of(cast.greta)

    assert ids(client.get("/api/v1/notices")) == []
    assert mark(client, notice.pk).json() == {"marked": 0, "unread": 0}
    assert cast.grace.notices.filter(read_at__isnull=True).count() == 1


def test_what_was_seen_is_taken_for_read_and_what_came_after_is_not(
    cast: Cast, at: datetime
) -> None:
    seen, later = told(cast, at=at), told(cast, at=at, kind=NoticeKind.STOP)
    assert seen is not None
    assert later is not None
    client = client_of(cast.grace)

    assert mark(client, seen.pk).json() == {"marked": 1, "unread": 1}
    assert mark(client, seen.pk).json() == {"marked": 0, "unread": 1}
    assert ids(client.get("/api/v1/notices?show=unread")) == [later.pk]
    assert ids(client.get("/api/v1/notices?kind=decision")) == [seen.pk]


@pytest.mark.parametrize("query", ["show=some", "kind=gossip"])
def test_what_does_not_exist_is_refused_with_what_does(cast: Cast, query: str) -> None:
    answer = client_of(cast.grace).get(f"/api/v1/notices?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"
    assert "there are" in answer.json()["detail"]


@pytest.mark.parametrize("up_to", ["x", 0, 2**63])
def test_a_number_that_is_none_is_refused(cast: Cast, at: datetime, up_to: Any) -> None:
    told(cast, at=at)

    assert mark(client_of(cast.grace), up_to).status_code == 422
    assert cast.grace.notices.filter(read_at__isnull=True).count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_any_number_of_notices_takes_as_many_questions(
    cast: Cast, at: datetime, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        told(cast, at=at)
    client = client_of(cast.grace)

    with django_assert_num_queries(4):
        client.get("/api/v1/notices")
