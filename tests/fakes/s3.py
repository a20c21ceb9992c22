"""An S3 on loopback: enough of it to list a bucket by pages and to give its objects."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ACCESS_KEY_ID = "AKIAFAKE0123456789AB"
SECRET_ACCESS_KEY = "fake/secret+0123456789abcdefghijklmnop"
BUCKET = "exports"
LISTED_AT_ONCE = 2


@dataclass
class FakeS3:
    """One bucket: objects by key, and the paths that were asked for."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    breaks_off: set[str] = field(default_factory=set)


def etag_of(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _entry(key: str, content: bytes) -> str:
    etag, size = escape(etag_of(content)), len(content)
    return f"<Contents><Key>{escape(key)}</Key><ETag>{etag}</ETag><Size>{size}</Size></Contents>"


class _Handler(BaseHTTPRequestHandler):
    store: FakeS3
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.store.asked.append(self.path)
        if f"Credential={ACCESS_KEY_ID}/" not in self.headers.get("Authorization", ""):
            self._refuse(403, "InvalidAccessKeyId")
        elif not parts.path.startswith(f"/{BUCKET}"):
            self._refuse(404, "NoSuchBucket")
        elif key := unquote(parts.path.removeprefix(f"/{BUCKET}").removeprefix("/")):
            self._give(key)
        else:
            self._list({name: values[0] for name, values in parse_qs(parts.query).items()})

    def _list(self, query: dict[str, str]) -> None:
        after, prefix = query.get("continuation-token", ""), query.get("prefix", "")
        keys = [k for k in sorted(self.store.objects) if k > after and k.startswith(prefix)]
        shown, more = keys[:LISTED_AT_ONCE], len(keys) > LISTED_AT_ONCE
        entries = "".join(_entry(key, self.store.objects[key]) for key in shown)
        last = escape(shown[-1]) if more else ""
        token = f"<NextContinuationToken>{last}</NextContinuationToken>" if more else ""
        body = (
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{token}{entries}</ListBucketResult>"
        )
        self._send(200, body.encode())

    def _give(self, key: str) -> None:
        content = self.store.objects.get(key)
        if content is None:
            self._refuse(404, "NoSuchKey")
        elif self.headers.get("If-Match", etag_of(content)).strip('"') != etag_of(content).strip(
            '"'
        ):
            self._refuse(412, "PreconditionFailed")
        else:
            self._send(200, content, etag=etag_of(content), breaks_off=key in self.store.breaks_off)

    def _refuse(self, status: int, code: str) -> None:
        said = self.headers.get("Authorization", "")
        body = f"<Error><Code>{code}</Code><Message>{escape(said)}</Message></Error>"
        self._send(status, body.encode())

    def _send(self, status: int, body: bytes, *, etag: str = "", breaks_off: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if breaks_off else body)
        self.close_connection = self.close_connection or breaks_off

    def log_message(self, *args: Any) -> None:
        """Say nothing: what it was asked stands in `asked`."""


@contextmanager
def running_s3() -> Iterator[FakeS3]:
    """Run an S3 on a free port of loopback until the block is left."""
    store = FakeS3()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": store}))
    server.daemon_threads = True
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
