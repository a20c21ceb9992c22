"""What comes in is read no further than its bound."""

import asyncio

import pytest
from fake_server import Answer, FakeServer

from tokenops_sidecar import client
from tokenops_sidecar.acceptance import Received
from tokenops_sidecar.client import Server


def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MOST_BYTES", 1_000)
    with FakeServer() as fake:
        fake.instead["/policy"] = lambda _: Answer(200, b" " * 4_000_000)

        received = asyncio.run(pulled(fake.url))

    assert received is not None
    assert 1_000 < len(received.body) < 1_000_000


async def pulled(url: str) -> Received | None:
    server = Server(url, token="tok_x", sidecar="router", trust_env=False)
    try:
        return await server.policy(etag="", wait_s=0)
    finally:
        await server.close()
