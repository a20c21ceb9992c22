"""The feed's answers as ASGI messages: the document, not modified, and problems."""

import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from policy.feed.memory import RawHeaders, Revision, encoded

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Headers = dict[str, str]

SHORTEST_PAUSE_S, PAUSE_SPREAD_S = 1, 5
TITLES = {
    401: "Not signed in",
    403: "Not allowed",
    405: "Method not allowed",
    422: "Invalid input",
    503: "Not available",
}


class Answer(NamedTuple):
    """An answer as it goes out; one with a body says how long that is."""

    status: int
    headers: RawHeaders
    body: bytes = b""


class Problem(Exception):
    """A request is not answered with the document; becomes `application/problem+json`."""

    def __init__(self, status: int, detail: str, *, headers: Headers | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


def document(revision: Revision) -> Answer:
    headers = {"content-type": "application/json"} | _length(revision.body)
    return Answer(200, revision.headers + encoded(headers), revision.body)


def not_modified(revision: Revision) -> Answer:
    return Answer(304, revision.headers)


def of_problem(problem: Problem) -> Answer:
    content = {
        "type": "about:blank",
        "title": TITLES[problem.status],
        "status": problem.status,
        "detail": problem.detail,
    }
    body = json.dumps(content).encode()
    headers = {"content-type": "application/problem+json", "cache-control": "no-store"}
    return Answer(problem.status, encoded(headers | problem.headers | _length(body)), body)


def busy(detail: str) -> Problem:
    """Return the refusal that asks to come again, spread so that not all come at once."""
    pause_s = SHORTEST_PAUSE_S + secrets.randbelow(PAUSE_SPREAD_S)
    return Problem(503, detail, headers={"retry-after": str(pause_s)})


def is_known(if_none_match: str, etag: str) -> bool:
    """Test whether If-None-Match names the ETag; weak marks do not matter (RFC 9110, 13.1.2)."""
    if if_none_match == etag:  # as sidecars ask
        return True
    named = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return etag in named or named == ["*"]


async def send(answer: Answer, *, to: Send, with_body: bool) -> None:
    """Send an answer; a HEAD gets the same headers and no body."""
    start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
    await to(start)
    await to({"type": "http.response.body", "body": answer.body if with_body else b""})


def _length(body: bytes) -> Headers:
    return {"content-length": str(len(body))}
