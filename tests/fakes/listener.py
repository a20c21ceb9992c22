"""A program that listens for webhooks and keeps what it gets, or answers with a fault."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass(frozen=True)
class Got:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeListener:
    """What came in, and the statuses of the next answers; 0 answers nothing until released."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    released: Event = field(default_factory=Event)


class _Handler(BaseHTTPRequestHandler):
    listener: FakeListener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.listener.got.append(Got(self.path, headers, body))
        status = self.listener.statuses.pop(0) if self.listener.statuses else 204
        if status == 0:
            self.listener.released.wait(30)
            return
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"{self.listener.url}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing: what it got stands in `got`."""


@contextmanager
def running_listener() -> Iterator[FakeListener]:
    """Listen on a free port of loopback until the block is left."""
    listener = FakeListener()
    handler = type("Handler", (_Handler,), {"listener": listener})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    listener.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
