"""The feed as routers meet it: a real server on a real port, beside the tests' database."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Self

import httpx
import pytest
import uvicorn
from django.db import connections

from policy.feed import Listener, Memory, PolicyFeed, connect

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 15.0
ALONE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tokenops.settings"
import django
django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[2]
import uvicorn
from tokenops.asgi import application
uvicorn.run(application, port=int(sys.argv[1]), log_level="error")
"""


class Server:
    """A uvicorn in a thread, with a feed of its own."""

    def __init__(self, **feed: int) -> None:
        listener = Listener(feed=PolicyFeed(Memory(connect), **feed), django=_unreachable)
        config = uvicorn.Config(listener, port=0, log_level="error", lifespan="on")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        until(lambda: self._server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)

    @property
    def base_url(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"


async def _unreachable(scope: object, receive: object, send: object) -> None:
    raise AssertionError("This request was not for Django.")


def until(is_so: Callable[[], bool], *, within_s: float = PATIENCE_S) -> float:
    """Wait until something is so; return how many seconds it took."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < within_s, "It did not come about in time."
        time.sleep(0.02)
    return time.monotonic() - started


@contextmanager
def router(base_url: str, secret: str | None) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    with httpx.Client(base_url=base_url, headers=headers, timeout=40, trust_env=False) as client:
        yield client


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/api/v1/policy").status_code == HTTPStatus.OK
    except httpx.TransportError:
        return False


@contextmanager
def served_apart() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Serve the tests' database from a process of its own, as in production."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    database = connections["default"].settings_dict["NAME"]
    process = subprocess.Popen(
        [sys.executable, "-c", ALONE, str(port), database],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    with Server() as running:
        yield running
