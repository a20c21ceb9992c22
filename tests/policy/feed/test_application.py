"""The feed over real HTTP: what routers get, when they are woken, and who is turned away."""

import base64
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from org.models import ApiToken, Role
from org.operations.tokens import revoke_token
from policy.keys import is_signed
from policy.models import PolicyRevision, SigningKey
from policy.operations.breaker import block
from policy.operations.publish import publish
from tests.factories.org import new_token, new_user
from tests.factories.policy import unit_scope
from tests.org_cast import Cast, gather
from tests.policy.feed.conftest import Server, is_up, router, served_apart, until

PATH = "/api/v1/policy"
SECRET = "tok_of-a-router"
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def company(transactional_db: None) -> Cast:
    cast = gather()
    new_token(secret=SECRET, user=cast.ed, created_at=timezone.now())
    publish(cause="First.", by=None, at=AT)
    return cast


@pytest.fixture
def client(company: Cast, server: Server) -> Iterator[httpx.Client]:
    with router(server.base_url, SECRET) as one:
        yield one


def stop_support(company: Cast) -> None:
    block(scope=unit_scope(company.support), code="stopped", text="Loops.", by=company.ed, at=AT)


def test_the_current_document_comes_with_its_signature(client: httpx.Client) -> None:
    answer = client.get(PATH)

    revision, key = PolicyRevision.objects.get(), SigningKey.objects.get()
    signature, _, key_id = answer.headers["TokenOps-Signature"].partition(";key=")
    raw = base64.b64decode(signature.removeprefix("ed25519="))
    assert answer.status_code == 200
    assert answer.content == bytes(revision.body)
    assert answer.headers["ETag"] == f'"{revision.etag}"'
    assert answer.headers["TokenOps-Revision"] == "1"
    assert key_id == key.key_id
    assert is_signed(answer.content, signature=raw, public=bytes(key.public_key))


def test_what_is_known_is_not_sent_again(client: httpx.Client) -> None:
    etag = PolicyRevision.objects.get().etag

    answer = client.get(PATH, headers={"If-None-Match": f'"{etag}"'})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == f'"{etag}"'


def test_an_etag_of_another_revision_gets_the_document(client: httpx.Client) -> None:
    assert client.get(PATH, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_head_gets_the_headers_alone(client: httpx.Client) -> None:
    answer = client.head(PATH)

    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) == len(bytes(PolicyRevision.objects.get().body))


def test_a_long_poll_is_woken_by_a_new_revision_within_a_second(
    client: httpx.Client, company: Cast
) -> None:
    etag = client.get(PATH).headers["ETag"]
    answers: list[tuple[httpx.Response, float]] = []

    def wait() -> None:
        answer = client.get(PATH, params={"wait": "30"}, headers={"If-None-Match": etag})
        answers.append((answer, time.monotonic()))

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.5)
    assert waiting.is_alive()

    stop_support(company)
    published = time.monotonic()
    waiting.join(10)

    [(answer, answered)] = answers
    states = {scope["id"]: scope["state"] for scope in answer.json()["scopes"]}
    assert answer.status_code == 200
    assert states["unit:support"] == "open"
    assert answered - published < 1.0


def test_a_long_poll_over_nothing_new_ends_as_not_modified(client: httpx.Client) -> None:
    etag = client.get(PATH).headers["ETag"]
    started = time.monotonic()

    answer = client.get(PATH, params={"wait": "1"}, headers={"If-None-Match": etag})

    assert answer.status_code == 304
    assert 0.9 < time.monotonic() - started < 3.0


def test_a_caller_who_knows_nothing_yet_does_not_wait(client: httpx.Client) -> None:
    started = time.monotonic()

    assert client.get(PATH, params={"wait": "30", "sidecar": "eu-1"}).status_code == 200
    assert time.monotonic() - started < 1.0


def test_a_wait_beyond_bounds_is_refused_in_words(client: httpx.Client) -> None:
    for wait in ("31", "-1", "1.5", "soon", "²"):
        answer = client.get(PATH, params={"wait": wait})

        assert answer.status_code == 422
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "0 to 30" in answer.json()["detail"]


def test_another_method_is_refused(client: httpx.Client) -> None:
    answer = client.post(PATH)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.json()["title"] == "Method not allowed"


def test_an_unknown_token_is_refused(server: Server, company: Cast) -> None:
    with router(server.base_url, "tok_unknown") as stranger:
        answer = stranger.get(PATH)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["status"] == 401


def test_a_revoked_token_is_refused_within_a_second(client: httpx.Client, company: Cast) -> None:
    assert client.get(PATH).status_code == 200

    revoke_token(token=ApiToken.objects.get(), by=company.ed, at=timezone.now())

    assert until(lambda: client.get(PATH).status_code == 401) < 1.0


def test_a_token_of_a_closed_account_is_refused(client: httpx.Client, company: Cast) -> None:
    assert client.get(PATH).status_code == 200
    company.ed.is_active = False
    company.ed.save(update_fields=["is_active"])

    assert until(lambda: client.get(PATH).status_code == 401) < 1.0


def test_a_token_that_is_made_after_it_was_tried_is_let_in(server: Server, company: Cast) -> None:
    with router(server.base_url, "tok_early") as early:
        assert early.get(PATH).status_code == 401
        new_token(secret="tok_early", user=company.ed, created_at=timezone.now())

        assert until(lambda: early.get(PATH).status_code == 200) < 1.0


def test_an_expired_token_is_refused(server: Server, company: Cast) -> None:
    now = timezone.now()
    new_token(secret="tok_old", user=company.ed, expires_at=now - timedelta(seconds=1))

    with router(server.base_url, "tok_old") as old:
        assert old.get(PATH).status_code == 401


def test_a_token_without_the_scope_is_turned_away(server: Server, company: Cast) -> None:
    new_token(secret="tok_w", user=company.ed, scopes=["usage:write"], created_at=timezone.now())

    with router(server.base_url, "tok_w") as writer:
        answer = writer.get(PATH)

    assert answer.status_code == 403
    assert "policy:read" in answer.json()["detail"]


def test_a_token_of_one_units_manager_does_not_read_the_whole_policy(
    server: Server, company: Cast
) -> None:
    manager = new_user(roles=[(Role.GM, company.support)])
    new_token(secret="tok_gm", user=manager, created_at=timezone.now())

    with router(server.base_url, "tok_gm") as router_of_gm:
        assert router_of_gm.get(PATH).status_code == 403


def test_before_the_first_revision_the_caller_is_asked_to_come_again(server: Server) -> None:
    cast = gather()
    new_token(secret=SECRET, user=cast.ed, created_at=timezone.now())

    with router(server.base_url, SECRET) as early:
        answer = early.get(PATH)
        assert answer.status_code == 503
        assert 1 <= int(answer.headers["Retry-After"]) <= 5

        publish(cause="First.", by=None, at=AT)
        until(lambda: early.get(PATH).status_code == 200)


def test_more_waiters_than_there_is_room_for_are_sent_away(company: Cast) -> None:
    with Server(most_waiters=1) as small, router(small.base_url, SECRET) as client:
        known = {"If-None-Match": client.get(PATH).headers["ETag"]}
        first = threading.Thread(
            target=client.get, args=(f"{PATH}?wait=3",), kwargs={"headers": known}
        )
        first.start()
        time.sleep(0.5)

        answer = client.get(PATH, params={"wait": "3"}, headers=known)

        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
        first.join(10)


def kill(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database()",
            [name],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def test_a_lost_listener_is_noticed_and_comes_back(client: httpx.Client, company: Cast) -> None:
    known = client.get(PATH).headers["ETag"]

    assert kill("tokenops-feed-listener") == 1
    stop_support(company)

    seen = until(lambda: client.get(PATH).headers["ETag"] != known, within_s=5)
    assert seen < 2.0
    until(lambda: kill_count() == 1)


def kill_count() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
            " AND datname = current_database()",
            ["tokenops-feed-listener"],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def test_a_lost_reader_is_opened_anew(client: httpx.Client, company: Cast) -> None:
    assert client.get(PATH).status_code == 200

    assert kill("tokenops-feed-reader") == 1
    new_token(secret="tok_next", user=company.ed, created_at=timezone.now())

    with_next = {"Authorization": "Bearer tok_next"}
    until(lambda: client.get(PATH, headers=with_next).status_code == 200)


def test_known_documents_cost_no_query(client: httpx.Client) -> None:
    etag = client.get(PATH).headers["ETag"]
    before = statements()

    for _ in range(50):
        assert client.get(PATH, headers={"If-None-Match": etag}).status_code == 304

    assert statements() == before


def statements() -> str:
    """Return when the feed's reader last began a statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT query_start::text FROM pg_stat_activity WHERE application_name = %s"
            " AND datname = current_database()",
            ["tokenops-feed-reader"],
        )
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def test_a_server_that_is_told_to_stop_answers_who_waits(company: Cast) -> None:
    etag = PolicyRevision.objects.get().etag
    with served_apart() as (process, base_url), router(base_url, SECRET) as client:
        until(lambda: is_up(client))
        answers: list[int] = []
        known = {"If-None-Match": f'"{etag}"'}

        def wait() -> None:
            answers.append(client.get(PATH, params={"wait": "30"}, headers=known).status_code)

        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(1)

        process.terminate()
        waiting.join(10)
        process.wait(10)

    assert answers == [304]
