"""The sidecar for routers in other languages: decisions and usage over HTTP on this machine."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from fake_server import FakeServer
from samples import CALL, Signer, blocked, scope

from tokenops_sidecar.agent import Agent, Settings
from tokenops_sidecar.local import LocalServer

SIGNER = Signer()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    """Run a sidecar whose unit Support is blocked."""
    with FakeServer() as server:
        scopes = [scope("org", None), scope("unit:support", **blocked())]
        server.document = SIGNER.received(issued_at="2026-01-01T00:00:00Z", scopes=scopes)
        server.keys = {"k1": SIGNER.key}
        settings = Settings(
            url=server.url, token="tok_x", sidecar="router", folder=tmp_path, trust_env=False
        )
        with Agent(settings) as agent, LocalServer(agent, port=0) as local:
            assert agent.wait_for_word(within_s=60)
            Thread(target=local.serve_forever, args=(0.02,), daemon=True).start()
            url = f"http://127.0.0.1:{local.port}"
            with httpx.Client(base_url=url, trust_env=False) as client:
                yield client
            local.shutdown()


def test_a_decision_is_answered_with_every_member(client: httpx.Client) -> None:
    refused = client.post("/decide", json=CALL).json()
    allowed = client.post("/decide", json=CALL | {"workflow": "others"}).json()

    assert refused == {
        "outcome": "refuse",
        "model": "gpt-5",
        "code": "manual",
        "text": "Runaway loop.",
        "scope": "unit:support",
        "cap": None,
        "until": None,
        "retry_after_s": None,
        "owner": None,
        "contact": None,
        "revision": 1,
        "reserve_usd": "0.049152",
        "home": None,
        "queue": "sync",
        "labels": None,
        "notes": [],
    }
    assert (allowed["outcome"], allowed["text"]) == ("allow", None)


def test_usage_is_kept_one_or_many(client: httpx.Client) -> None:
    record = CALL | {"started_at": "2026-11-20T12:00:00Z", "cost_usd": 0.25}

    assert client.post("/usage", json=record).json() == {"kept": 1}
    assert client.post("/usage", json=[record, record]).json() == {"kept": 2}


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        ({"url": "/decide", "json": {"provider": "openai"}}, 422),
        ({"url": "/decide", "json": ["openai"]}, 422),
        ({"url": "/usage", "json": ["call"]}, 422),
        ({"url": "/usage", "json": CALL}, 422),
        ({"url": "/admit", "json": {"provider": "openai"}}, 422),
        ({"url": "/settle", "json": {"hold": "x"}}, 422),
        ({"url": "/cancel", "json": {"hold": "x", "dispatched": "yes"}}, 422),
        ({"url": "/decide", "content": b"{", "headers": {"Content-Type": "application/json"}}, 422),
        ({"url": "/decide", "content": b"provider=openai"}, 415),
        ({"url": "/elsewhere", "json": {}}, 404),
        ({"url": "/decide", "json": CALL, "headers": {"Host": "evil.example:80"}}, 403),
    ],
)
def test_what_cannot_be_answered_is_a_problem_in_words(
    client: httpx.Client, request_of: dict[str, Any], status: int
) -> None:
    answer = client.post(**request_of)

    assert (answer.status_code, answer.headers["Content-Type"]) == (
        status,
        "application/problem+json",
    )
    assert answer.json()["detail"]


def test_a_body_without_bounds_is_not_read(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}  # and no Content-Length

    assert client.post("/decide", content=iter([b"{}"]), headers=headers).status_code == 413


def test_metrics_count_decisions_and_say_how_things_stand(client: httpx.Client) -> None:
    client.post("/decide", json=CALL)
    client.post("/decide", json=CALL)

    lines = client.get("/metrics").text.splitlines()

    assert 'tokenops_sidecar_decisions_total{code="manual",outcome="refuse"} 2' in lines
    assert "tokenops_sidecar_policy_revision 1" in lines
    assert "tokenops_sidecar_spool_records 0" in lines
    assert client.get("/healthz").json() == {"revision": 1}


def test_a_call_is_admitted_and_settled_or_cancelled(client: httpx.Client) -> None:
    call = CALL | {"workflow": "others"}

    admitted = client.post("/admit", json=call).json()
    record = {"id": "call-1", "tokens": {"in_text": 5}}
    settled = client.post("/settle", json={"hold": admitted["hold"], "record": record})
    given_up = client.post("/admit", json=call).json()["hold"]
    cancelled = client.post("/cancel", json={"hold": given_up, "dispatched": False})

    assert (admitted["outcome"], admitted["model"]) == ("allow", "gpt-5")
    assert (settled.status_code, settled.json()) == (200, {"kept": 1})
    assert (cancelled.status_code, cancelled.json()) == (200, {})
    assert "tokenops_sidecar_calls_under_way 0" in client.get("/metrics").text


def test_a_call_that_is_not_made_comes_with_what_to_answer_its_caller(
    client: httpx.Client,
) -> None:
    answer = client.post("/admit", json=CALL)

    assert answer.status_code == 200
    assert (answer.json()["hold"], answer.json()["outcome"]) == (None, "refuse")
    assert answer.headers["Retry-After"] == "60"
    assert answer.json()["error"] == {
        "message": "Runaway loop.",
        "type": "tokenops_budget",
        "code": "manual",
        "scope": "unit:support",
        "scope_name": "unit:support",
        "cap": None,
        "owner": None,
        "contact": None,
        "resets_at": None,
        "retry_after_s": 60.0,
        "revision": 1,
    }
