"""Idempotency-Key: one effect, one answer, however often it is sent."""

import json
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from org.idempotency import _lock
from org.models import CostObject, StoredAnswer, User
from tests.org_cast import Cast, gather
from tests.races import race

pytestmark = pytest.mark.urls("tests.org.plain_views")
URL = "/api/v1/cost-objects"


@pytest.fixture
def client(cast: Cast) -> Client:
    return signed_in(cast.ed)


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def post(client: Client, body: Any, key: str | None = "key-1", url: str = URL) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(url, json.dumps(body), content_type="application/json", headers=headers)


def test_the_same_request_again_is_answered_alike(client: Client) -> None:
    first = post(client, {"name": "a", "cap": 1})
    again = post(client, {"cap": 1, "name": "a"})

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first["Location"] == again["Location"]
    assert first["Content-Type"] == again["Content-Type"] == "application/json"
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert CostObject.objects.count() == 1


def test_without_a_key_every_request_counts(client: Client) -> None:
    post(client, {}, key=None)
    post(client, {}, key=None)

    assert CostObject.objects.count() == 2
    assert not StoredAnswer.objects.exists()


def test_a_key_with_another_body_or_address_is_refused(client: Client) -> None:
    post(client, {"name": "a"})

    for answer in (post(client, {"name": "b"}), post(client, {"name": "a"}, url=f"{URL}?x=1")):
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:tokenops:key-reused"
    assert CostObject.objects.count() == 1


def test_keys_of_two_users_are_two_keys(cast: Cast) -> None:
    answers = [post(signed_in(user), {}) for user in (cast.ed, cast.fiona)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert CostObject.objects.count() == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(client: Client, key: str) -> None:
    answer = post(client, {}, key=key)

    assert answer.status_code == 422
    assert answer.json()["detail"] == "An Idempotency-Key has 1 to 255 printable characters."
    assert CostObject.objects.count() == 0


def test_a_refusal_is_an_answer_too_and_leaves_no_effect(client: Client) -> None:
    first = post(client, {"then": "refuse"})
    again = post(client, {"then": "refuse"})

    assert first.status_code == again.status_code == 403
    assert first["Content-Type"] == again["Content-Type"] == "application/problem+json"
    assert first.content == again.content
    assert CostObject.objects.count() == 0


@pytest.mark.parametrize(("then", "status"), [("break", 500), ("fail", 503)])
def test_a_failure_keeps_nothing_so_that_a_retry_tries_again(
    client: Client, then: str, status: int
) -> None:
    assert post(client, {"then": then}).status_code == status

    assert CostObject.objects.count() == 0
    assert not StoredAnswer.objects.exists()
    assert "Idempotency-Replayed" not in post(client, {"then": then})


def test_a_body_that_cannot_be_read_keeps_nothing(client: Client) -> None:
    headers = {"Idempotency-Key": "key-1"}
    answer = client.post(URL, "{", content_type="application/json", headers=headers)

    assert answer.status_code == 400
    assert post(client, {}).status_code == 201


def upload(client: Client, content: bytes, *, source: str = "csv", name: str = "a.csv") -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post(URL, {"source": source, "file": file}, headers={"Idempotency-Key": "key-1"})


def test_an_upload_is_known_by_its_fields_and_its_content(client: Client) -> None:
    large = b"row\n" * 1_000_000  # spooled to a file, read by chunks

    assert upload(client, large).status_code == 201
    assert upload(client, large)["Idempotency-Replayed"] == "true"
    assert upload(client, large[:-1] + b"x").status_code == 422
    assert upload(client, large, source="json").status_code == 422
    assert upload(client, large, name="b.csv").status_code == 422
    assert CostObject.objects.count() == 1


def test_the_answer_is_kept_under_the_rights_of_its_owner(cast: Cast) -> None:
    assert post(signed_in(cast.aud), {}).status_code == 403

    assert not StoredAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_request_that_is_still_running_is_said_to_be() -> None:
    cast = gather()

    with transaction.atomic():
        _lock(cast.ed, "key-1")
        (answer,) = race(lambda: post(signed_in(cast.ed), {}))

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:tokenops:still-running"
    assert post(signed_in(cast.ed), {}).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_hundred_requests_with_one_key_have_one_effect() -> None:
    cast = gather()
    clients = [signed_in(cast.ed) for _ in range(20)]

    def five_times(client: Client) -> list[Any]:
        return [post(client, {"name": "a"}) for _ in range(5)]

    outcomes = race(*[partial(five_times, client) for client in clients])

    answers = [answer for outcome in outcomes for answer in outcome]
    done = [answer for answer in answers if answer.status_code == 201]
    assert len(answers) == 100
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in done}) == 1
    assert sum("Idempotency-Replayed" not in answer for answer in done) == 1
    assert CostObject.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_effect_and_answer_are_committed_together() -> None:
    cast = gather()
    client = signed_in(cast.ed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("org.idempotency._keep", _fails)
        assert post(client, {}).status_code == 500

    assert CostObject.objects.count() == 0
    assert post(client, {}).status_code == 201


def _fails(*_: Any, **__: Any) -> None:
    raise OSError("the server went away")
