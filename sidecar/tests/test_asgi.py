"""The middleware: calls are admitted, swapped, settled by their answers, or answered with 429."""

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from agents import SIGNER, agent, until
from fake_server import FakeServer
from samples import cap, model, scope

from tokenops_sidecar.agent import Agent
from tokenops_sidecar.asgi import Application, Message, Middleware, Receive, Send

CHAT = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1_000}
USAGE = {"prompt_tokens": 1_000, "completion_tokens": 100}  # $0.002 + $0.001
PATH = "/v1/chat/completions"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        publish(running)
        yield running


@pytest.fixture
def running(server: FakeServer, tmp_path: Path) -> Iterator[Agent]:
    with agent(server, tmp_path) as found:
        assert found.wait_for_word(within_s=30)
        yield found


def publish(server: FakeServer, limit_usd: str = "1.00", **changes: Any) -> None:
    server.keys |= {SIGNER.key.id: SIGNER.key}
    top = scope("org", None, caps=[cap("cap:1", limit_usd)], **changes)
    models = [
        model("gpt-5", in_text="2", out_text="10"),
        model("gpt-5-nano", "economy", in_text="1", out_text="1"),
    ]
    server.document = SIGNER.received(
        issued_at="2026-01-01T00:00:00Z",
        scopes=[top, scope("unit:support")],
        models=models,
    )
    server.bank.money["cap:1"] = Decimal(limit_usd)


class Provider:
    """An application that answers as it is told to, and remembers what it was asked."""

    def __init__(self, *pieces: bytes, status: int = 200, kind: str = "application/json") -> None:
        self._pieces, self._status, self._kind = pieces, status, kind
        self.asked: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        body = await receive()
        self.asked = json.loads(body["body"])
        sizes = dict(scope["headers"])
        assert sizes[b"content-length"] == str(len(body["body"])).encode()
        headers = [(b"content-type", self._kind.encode())]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def post(app: Application, body: bytes, *, path: str = PATH, cut_after: int = 99) -> list[Message]:
    """Send a request and return the messages of its answer; the client goes after so many."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if len(told) >= cut_after:
            raise ConnectionError("The client has gone.")
        told.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"1")]
    request = {"type": "http", "method": "POST", "path": path, "headers": headers}
    asyncio.run(app(request, receive, send))  # type: ignore[arg-type]
    return told


def answered(provider: Application, running: Agent, request: dict[str, Any]) -> list[Message]:
    app = Middleware(provider, agent=running, provider="openai")
    return post(app, json.dumps(request).encode())


def kept(server: FakeServer) -> dict[str, Any]:
    until(lambda: len(server.usage) == 1)
    (record,) = server.usage.values()
    return record  # type: ignore[no-any-return]


def test_a_call_is_settled_by_the_usage_of_its_answer(server: FakeServer, running: Agent) -> None:
    told = answered(Provider(json.dumps({"usage": USAGE}).encode()), running, CHAT)

    assert told[0]["status"] == 200
    record = kept(server)
    assert record["tokens"] == {"in_text": 1_000, "out_text": 100}
    assert record["lease"] in server.bank.leases


def test_a_stream_is_settled_by_its_last_event(server: FakeServer, running: Agent) -> None:
    events = [{"choices": [{"delta": {"content": "Hello"}}]}, {"choices": [], "usage": USAGE}]
    stream = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    pieces = [stream[:30], stream[30:70], stream[70:], b"data: [DONE]\n\n"]

    answered(Provider(*pieces, kind="text/event-stream"), running, CHAT)

    assert kept(server)["tokens"] == {"in_text": 1_000, "out_text": 100}


def test_a_stream_without_usage_counts_by_its_text(server: FakeServer, running: Agent) -> None:
    event = {"choices": [{"delta": {"content": "x" * 40}}]}
    piece = b"data: " + json.dumps(event).encode() + b"\n\n"

    answered(Provider(piece, piece, kind="text/event-stream"), running, CHAT)

    record = kept(server)
    assert record["tokens"]["out_text"] == 20  # 80 bytes
    assert record["tokens"]["in_text"] > 0
    assert "status" not in record


def test_a_client_that_goes_before_an_answer_pays_for_its_input(
    server: FakeServer, running: Agent
) -> None:
    app = Middleware(Provider(b"{}"), agent=running, provider="openai")

    with pytest.raises(ConnectionError):
        post(app, json.dumps(CHAT).encode(), cut_after=0)

    record = kept(server)
    assert (list(record["tokens"]), record["status"]) == (["in_text"], "cancelled")


def test_what_the_provider_refuses_costs_nothing(running: Agent) -> None:
    answered(Provider(b'{"error":{}}', status=400), running, CHAT)

    until(lambda: running.metrics.of("holds", result="undone") == 1)
    assert "tokenops_sidecar_lease_held_usd 0" in running.metrics_text()


def test_a_call_goes_to_the_model_that_was_decided(server: FakeServer, tmp_path: Path) -> None:
    publish(server, max_tier="economy")
    provider = Provider(json.dumps({"usage": USAGE}).encode())
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        answered(provider, running, CHAT)

    assert provider.asked == {**CHAT, "model": "gpt-5-nano"}
    assert kept(server)["model"] == "gpt-5-nano"


def test_a_call_that_is_not_let_through_is_answered_with_the_budget(
    server: FakeServer, running: Agent
) -> None:
    server.bank.money["cap:1"] = Decimal(0)
    provider = Provider()

    start, body = answered(provider, running, CHAT)

    assert (start["status"], provider.asked) == (429, {})
    headers = dict(start["headers"])
    assert int(headers[b"retry-after"]) > 17_000
    error = json.loads(body["body"])["error"]
    assert (error["type"], error["code"], error["cap"]) == ("tokenops_budget", "cap_day", "cap:1")
    assert (error["scope"], error["scope_name"]) == ("org", "org")


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 400), (b'{"messages":[]}', 400), (b" " * 101, 413)]
)
def test_a_body_that_is_no_call_is_refused(running: Agent, body: bytes, status: int) -> None:
    app = Middleware(Provider(), agent=running, provider="openai", most_bytes=100)

    assert post(app, body)[0]["status"] == status


def test_what_is_no_call_of_a_model_passes_untouched(running: Agent) -> None:
    async def models(_scope: Any, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})

    app = Middleware(models, agent=running, provider="openai")

    assert post(app, b"", path="/v1/models")[0]["status"] == 204
