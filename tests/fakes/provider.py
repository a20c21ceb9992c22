"""A provider on loopback: the documented answers, page by page, with faults on request.

It speaks as OpenAI, Anthropic, OpenRouter, a LiteLLM proxy and a plain JSON interface do. Its
history may be changed between two pulls; faults are met one request each, in their order.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEY = "sk-admin-fake-0123456789abcdefghij"
OTHER_HOST = "http://other.example/elsewhere"
DAY = timedelta(days=1)
COSTS = "/v1/organization/costs"
USAGE = "/v1/organization/usage/"
MESSAGES = "/v1/organizations/usage_report/messages"
COST_REPORT = "/v1/organizations/cost_report"
ACTIVITY = "/api/v1/activity"
SPEND_LOGS = "/spend/logs/v2"
CALLS = "/calls"
MOST_BUCKETS = {COSTS: 180, MESSAGES: 31, COST_REPORT: 31}


@dataclass(frozen=True)
class Fault:
    """What happens to one request instead of its answer.

    `kind`: status (with `status` and `headers`), truncated, dropped, repeated (the answer
    before it again), redirect.
    """

    kind: str
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """A request as it came in."""

    path: str
    params: list[tuple[str, str]]
    headers: dict[str, str]

    def param(self, name: str) -> str:
        return dict(self.params).get(name, "")

    def params_named(self, name: str) -> list[str]:
        return [value for key, value in self.params if key == name]


class Refusal(Exception):
    """The provider's no: a status, and a sentence that quotes what it was given."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass
class FakeProvider:
    """What the provider knows, what it will do wrong, and what it was asked."""

    url: str = ""
    # path → UTC day → results, for the bucketed reports.
    history: dict[str, dict[date, list[dict[str, Any]]]] = field(default_factory=dict)
    activity: list[dict[str, Any]] = field(default_factory=list)
    spend_logs: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    most_buckets: int | None = None  # pages shorter than asked for, to have several
    last_body: bytes = b"{}"

    def results(self, path: str, day: date, *results: dict[str, Any]) -> None:
        """Let the provider say this of a day from now on."""
        self.history.setdefault(path, {})[day] = list(results)

    def answer(self, asked: Asked) -> dict[str, Any]:
        """Return the documented answer; raises Refusal."""
        for prefix, answer in _ANSWERS:
            if asked.path.startswith(prefix):
                return answer(self, asked)
        raise Refusal(404, f"Unknown path {asked.path}")


def _openai(provider: FakeProvider, asked: Asked) -> dict[str, Any]:
    _check_bearer(asked)
    most = MOST_BUCKETS.get(asked.path, 31)
    starts_at, ends_at = _unix(asked, "start_time"), _unix(asked, "end_time")
    buckets = [
        {
            "object": "bucket",
            "start_time": int(day.timestamp()),
            "end_time": int((day + DAY).timestamp()),
            "results": provider.history.get(asked.path, {}).get(day.date(), []),
        }
        for day in _days(starts_at, ends_at)
    ]
    return {"object": "page", **_page(provider, asked, buckets, most=most)}


def _anthropic(provider: FakeProvider, asked: Asked) -> dict[str, Any]:
    if asked.headers.get("x-api-key") != KEY:
        raise Refusal(401, f"invalid x-api-key {asked.headers.get('x-api-key')}")
    if asked.headers.get("anthropic-version") != "2023-06-01":
        raise Refusal(400, "anthropic-version: header is required")
    starts_at, ends_at = _rfc3339(asked, "starting_at"), _rfc3339(asked, "ending_at")
    buckets = [
        {
            "starting_at": f"{day:%Y-%m-%dT%H:%M:%SZ}",
            "ending_at": f"{day + DAY:%Y-%m-%dT%H:%M:%SZ}",
            "results": provider.history.get(asked.path, {}).get(day.date(), []),
        }
        for day in _days(starts_at, ends_at)
    ]
    return _page(provider, asked, buckets, most=MOST_BUCKETS[asked.path])


def _activity(provider: FakeProvider, asked: Asked) -> dict[str, Any]:
    _check_bearer(asked)
    return {"data": provider.activity}


def _spend_logs(provider: FakeProvider, asked: Asked) -> dict[str, Any]:
    _check_bearer(asked)
    number, size = int(asked.param("page")), int(asked.param("page_size"))
    if size > 100:
        raise Refusal(422, "page_size: Input should be less than or equal to 100")
    since, until = (
        datetime.strptime(asked.param(name), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        for name in ("start_date", "end_date")
    )
    rows = [
        row
        for row in sorted(provider.spend_logs, key=lambda row: str(row["startTime"]))
        if since <= datetime.fromisoformat(row["startTime"]) <= until
    ]
    return {
        "data": rows[(number - 1) * size : number * size],
        "total": len(rows),
        "page": number,
        "page_size": size,
        "total_pages": -(-len(rows) // size),
    }


def _calls(provider: FakeProvider, asked: Asked) -> dict[str, Any]:
    """Page two calls at a time, by number, by cursor and by link at once."""
    _check_bearer(asked)
    since = asked.param("from")
    calls = [call for call in provider.calls if str(call["at"]) >= since]
    start = int(asked.param("after") or 0) or 2 * (int(asked.param("page") or 1) - 1)
    more = start + 2 < len(calls)
    return {
        "result": {"items": calls[start : start + 2]},
        "meta": {
            "cursor": str(start + 2) if more else None,
            "next": f"{CALLS}?after={start + 2}" if more else None,
        },
    }


_ANSWERS: tuple[tuple[str, Callable[[FakeProvider, Asked], dict[str, Any]]], ...] = (
    (COSTS, _openai),
    (USAGE, _openai),
    (MESSAGES, _anthropic),
    (COST_REPORT, _anthropic),
    (ACTIVITY, _activity),
    (SPEND_LOGS, _spend_logs),
    (CALLS, _calls),
)


def _check_bearer(asked: Asked) -> None:
    given = asked.headers.get("authorization", "")
    if given != f"Bearer {KEY}":
        raise Refusal(401, f"Incorrect API key provided: {given}")


def _page(
    provider: FakeProvider, asked: Asked, buckets: list[dict[str, Any]], *, most: int
) -> dict[str, Any]:
    limit = int(asked.param("limit") or 7)
    if not 1 <= limit <= most:
        raise Refusal(400, f"limit must be between 1 and {most}")
    if asked.param("bucket_width") not in {"", "1d"}:
        raise Refusal(400, "bucket_width must be 1d")
    size = min(limit, provider.most_buckets or limit)
    start = int(asked.param("page").removeprefix("page_") or 0)
    more = start + size < len(buckets)
    return {
        "data": buckets[start : start + size],
        "has_more": more,
        "next_page": f"page_{start + size}" if more else None,
    }


def _days(starts_at: datetime, ends_at: datetime) -> Iterator[datetime]:
    day = starts_at.replace(hour=0, minute=0, second=0)
    while day < ends_at:
        yield day
        day += DAY


def _unix(asked: Asked, name: str) -> datetime:
    if not asked.param(name):
        raise Refusal(400, f"{name} is required")
    return datetime.fromtimestamp(int(asked.param(name)), tz=UTC)


def _rfc3339(asked: Asked, name: str) -> datetime:
    if not asked.param(name):
        raise Refusal(400, f"{name} is required")
    return datetime.fromisoformat(asked.param(name))


class _Handler(BaseHTTPRequestHandler):
    provider: FakeProvider
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(parts.path, parse_qsl(parts.query, keep_blank_values=True), headers)
        self.provider.asked.append(asked)
        if self.provider.faults:
            self._fail(self.provider.faults.pop(0), asked)
            return
        try:
            body = json.dumps(self.provider.answer(asked)).encode()
        except Refusal as refusal:
            sentence = json.dumps({"error": {"message": str(refusal)}}).encode()
            self._send(refusal.status, sentence)
        else:
            self.provider.last_body = body
            self._send(200, body)

    def _fail(self, fault: Fault, asked: Asked) -> None:
        if fault.kind == "status":
            self._send(fault.status, b'{"error": {"message": "not now"}}', fault.headers)
        elif fault.kind == "truncated":
            body = json.dumps(self.provider.answer(asked)).encode()
            self._send(200, body[: len(body) // 2])
        elif fault.kind == "dropped":
            self._send(200, b'{"data": [', {"Content-Length": "4000"})
            self.close_connection = True
        elif fault.kind == "repeated":
            self._send(200, self.provider.last_body)
        elif fault.kind == "redirect":
            self._send(302, b"", {"Location": OTHER_HOST})
        else:
            raise AssertionError(fault.kind)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        # Only here is the answer's own Date left to the fault.
        self.send_response_only(status)
        now = {"Date": self.date_time_string()}
        sent = now | {"Content-Length": str(len(body)), "Content-Type": "application/json"}
        for name, value in (sent | dict(headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing: what it was asked stands in `asked`."""


@contextmanager
def running_provider() -> Iterator[FakeProvider]:
    """Run a provider on a free port of loopback until the block is left."""
    provider = FakeProvider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
