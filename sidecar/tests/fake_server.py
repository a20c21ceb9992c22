"""A server that answers as a test tells it to, over real sockets."""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs

from fake_bank import Bank

from tokenops_sidecar.acceptance import Received
from tokenops_sidecar.signature import Key, written

PREFIX = "/api/v1"


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


class FakeServer(ThreadingHTTPServer):
    """Holds a document and keys; takes usage once by its id; remembers what it was told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.document: Received | None = None
        self.keys: dict[str, Key] = {}
        self.bank = Bank()
        # How many answers of a path get lost on the way, once everything was done.
        self.lost: dict[str, int] = defaultdict(int)
        self.usage: dict[str, Any] = {}
        self.reports: list[dict[str, Any]] = []
        self.asked: dict[str, int] = defaultdict(int)
        # What a test puts here is answered instead, as long as it returns something.
        self.instead: dict[str, Callable[[bytes], Answer | None]] = {}

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of askers that went away: a sidecar that is stopped does."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def answer(
        self, path: str, body: bytes, *, etag: str, wait_s: float, key: str
    ) -> Answer | None:
        """Return the answer to a request; None where it gets lost."""
        self.asked[path] += 1
        found = self._answer(path, body, etag=etag, wait_s=wait_s, key=key)
        if self.lost[path]:
            self.lost[path] -= 1
            return None
        return found

    def _answer(self, path: str, body: bytes, *, etag: str, wait_s: float, key: str) -> Answer:
        instead = self.instead.get(path)
        answer = instead(body) if instead else None
        if answer is not None:
            return answer
        known: dict[str, Callable[[], Answer]] = {
            "/policy": lambda: self._policy(etag, wait_s),
            "/policy/keys": lambda: _json({"results": written(self.keys)}),
            "/leases": lambda: _spoken(self.bank.lend(body, key=key)),
            "/policy/status": lambda: self._status(body),
            "/usage": lambda: self._usage(body),
        }
        if path.endswith("/settle"):
            return _spoken(self.bank.settle(path.split("/")[2], body))
        return known[path]()

    def _policy(self, etag: str, wait_s: float) -> Answer:
        if self.document is None:
            return Answer(503)
        until_s = time.monotonic() + wait_s
        while etag == self.document.etag and time.monotonic() < until_s:
            time.sleep(0.01)
        if etag == self.document.etag:
            return Answer(304, headers={"ETag": etag})
        headers = {
            "ETag": self.document.etag,
            "TokenOps-Revision": str(self.document.announced),
            "TokenOps-Signature": self.document.signature,
        }
        return Answer(200, self.document.body, headers)

    def _status(self, body: bytes) -> Answer:
        self.reports.append(json.loads(body))
        return _json({})

    def _usage(self, body: bytes) -> Answer:
        records = json.loads(body)
        bad = [at for at, record in enumerate(records) if record.get("user") == "nobody"]
        good = [record for at, record in enumerate(records) if at not in bad]
        new = {record["id"]: record for record in good if record["id"] not in self.usage}
        self.usage |= new
        receipt = {
            "accepted": len(new),
            "duplicate": len(good) - len(new),
            "conflict": 0,
            "rejected": [{"index": at, "id": "", "detail": "Nobody is nobody."} for at in bad],
            "revision": 1,
        }
        return _json(receipt)


def _json(content: Any) -> Answer:
    return Answer(200, json.dumps(content).encode())


def _spoken(spoken: tuple[int, Any]) -> Answer:
    return Answer(spoken[0], json.dumps(spoken[1]).encode())


class _Handler(BaseHTTPRequestHandler):
    server: FakeServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        path, _, query = self.path.removeprefix(PREFIX).partition("?")
        wait_s = float(parse_qs(query).get("wait", ["0"])[0])
        etag = self.headers.get("If-None-Match", "")
        key = self.headers.get("Idempotency-Key", "")
        answer = self.server.answer(path, body, etag=etag, wait_s=wait_s, key=key)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        at = self.server.bank.now().timestamp() if timestamp is None else timestamp
        return super().date_time_string(int(at))

    def log_message(self, *_: object) -> None:
        """Say nothing."""
