"""What bound routers get from the feed: their part, signed, under the number of the whole."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from django.utils import timezone

from policy.keys import is_signed
from policy.models import PolicyRevision, Sidecar, SidecarDocument, SigningKey
from policy.operations.breaker import block
from policy.operations.fleet import bind_sidecar, record_status
from policy.operations.publish import publish
from tests.factories.org import new_token
from tests.factories.policy import unit_scope
from tests.org_cast import Cast, gather
from tests.policy.feed.conftest import Server, router, until
from tests.policy.feed.test_application import PATH, SECRET, statements

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EU, US = {"sidecar": "eu"}, {"sidecar": "us"}


@pytest.fixture
def company(transactional_db: None) -> Cast:
    cast = gather()
    new_token(secret=SECRET, user=cast.ed, created_at=timezone.now())
    publish(cause="First.", by=None, at=AT)
    for name in ("eu", "us"):
        record_status(sidecar=name, version="1", revision=1, applied_at=AT, errors=[], at=AT)
    return cast


@pytest.fixture
def client(company: Cast, server: Server) -> Iterator[httpx.Client]:
    with router(server.base_url, SECRET) as one:
        yield one


def bind(company: Cast, *serves: str) -> None:
    bind_sidecar(name="eu", serves=serves, by=company.ed, at=AT)


def scopes(answer: httpx.Response) -> list[str]:
    return [scope["id"] for scope in answer.json()["scopes"]]


def test_an_unbound_router_gets_the_whole(client: httpx.Client, company: Cast) -> None:
    bind(company, "unit:support")

    for query in (US, {}, {"sidecar": "nobody"}):
        answer = client.get(PATH, params=query)
        assert answer.content == bytes(PolicyRevision.objects.latest("number").body)


def test_a_bound_router_gets_its_part_signed_over_its_exact_bytes(
    client: httpx.Client, company: Cast
) -> None:
    bind(company, "unit:support")

    answer = client.get(PATH, params=EU)

    assert scopes(answer) == ["org", "unit:acme", "unit:operations", "unit:support"]
    signature, _, key_id = answer.headers["TokenOps-Signature"].partition(";key=")
    raw = base64.b64decode(signature.removeprefix("ed25519="))
    public = bytes(SigningKey.objects.get(key_id=key_id).public_key)
    assert is_signed(answer.content, signature=raw, public=public)
    whole = client.get(PATH)
    assert answer.headers["TokenOps-Revision"] == whole.headers["TokenOps-Revision"] == "2"
    assert answer.json()["revision"] == 2
    assert answer.headers["ETag"] != whole.headers["ETag"]
    known = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(PATH, params=EU, headers=known).status_code == 304
    assert client.get(PATH, headers=known).status_code == 200


def test_binding_wakes_the_router_at_once_under_a_new_number(
    client: httpx.Client, company: Cast
) -> None:
    etag = client.get(PATH, params=EU).headers["ETag"]
    answers: list[httpx.Response] = []

    def wait() -> None:
        query, known = {**EU, "wait": "30"}, {"If-None-Match": etag}
        answers.append(client.get(PATH, params=query, headers=known))

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    bind(company, "unit:claims")
    waiting.join(10)

    [answer] = answers
    assert scopes(answer) == ["org", "unit:acme", "unit:claims", "unit:operations"]
    assert answer.json()["revision"] == 2
    revision = PolicyRevision.objects.latest("number")
    assert revision.cause == "Router eu is told of unit:claims."


def test_what_is_published_later_reaches_it_too(client: httpx.Client, company: Cast) -> None:
    bind(company, "unit:support")
    client.get(PATH, params=EU)

    block(scope=unit_scope(company.support), code="stopped", text="Loops.", by=company.ed, at=AT)

    until(lambda: client.get(PATH, params=EU).json()["revision"] == 3)
    states = {each["id"]: each["state"] for each in client.get(PATH, params=EU).json()["scopes"]}
    assert states["unit:support"] == "open"


def test_a_router_that_is_freed_gets_the_whole_again(client: httpx.Client, company: Cast) -> None:
    bind(company, "unit:support")
    bind(company)

    answer = client.get(PATH, params=EU)
    assert answer.content == bytes(PolicyRevision.objects.latest("number").body)
    assert not SidecarDocument.objects.exists()
    assert Sidecar.objects.get(name="eu").serves == []


def test_binding_to_the_same_again_publishes_nothing(company: Cast) -> None:
    bind(company, "unit:support")
    bind(company, "unit:support")

    assert PolicyRevision.objects.count() == 2
    assert json.loads(bytes(SidecarDocument.objects.get().body))["revision"] == 2


def test_known_parts_cost_no_query(client: httpx.Client, company: Cast) -> None:
    bind(company, "unit:support")
    etag = client.get(PATH, params=EU).headers["ETag"]
    before = statements()

    for _ in range(20):
        assert client.get(PATH, params=EU, headers={"If-None-Match": etag}).status_code == 304

    assert statements() == before
