"""What a router asks of the feed, read from the request once."""

import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from policy.feed.answers import Message, Problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

PATH = "/api/v1/policy"
LONGEST_WAIT_S = 30
CHALLENGE = {"www-authenticate": 'Bearer realm="TokenOps"'}


class Asked(NamedTuple):
    """Whose token asks, what it has already, and how long it would wait for something else."""

    digest: str
    known: str
    sidecar: str = ""
    wait_s: int = 0


def is_pull(scope: Scope) -> bool:
    """Test whether a request is a pull with a token; a browser's session is Django's matter.

    So is the policy in another program's format, which is written when it is asked for.
    """
    return (
        scope["type"] == "http"
        and scope["path"] == PATH
        and not _names_format(scope.get("query_string", b""))
        and _header(scope, b"authorization")[:7].lower() == b"bearer "
    )


def read(scope: Scope) -> Asked:
    """Return what a request asks, or raise what is wrong with it."""
    if scope["method"] not in {"GET", "HEAD"}:
        problem = f"{scope['method']} is not possible here: use GET."
        raise Problem(405, problem, headers={"allow": "GET, HEAD"})
    digest = _digest(_header(scope, b"authorization"))
    known = _header(scope, b"if-none-match").decode("latin-1")
    query = scope.get("query_string", b"")
    if not query:
        return Asked(digest, known)
    parameters = _parameters(query)
    return Asked(digest, known, _last(parameters, "sidecar"), _wait_s(parameters))


def _header(scope: Scope, name: bytes) -> bytes:
    """Return a header; one that comes several times is one list (RFC 9110, 5.3)."""
    # Most of what a pull costs here is Python's, so nothing else is looked at or decoded.
    found = [value for each, value in scope["headers"] if each == name]
    return found[0] if len(found) == 1 else b", ".join(found)


def _digest(authorization: bytes) -> str:
    scheme, _, secret = authorization.partition(b" ")
    secret = secret.strip()
    if not secret or scheme.lower() != b"bearer":
        raise Problem(401, "Send a token: Authorization: Bearer tok_….", headers=CHALLENGE)
    return hashlib.sha256(secret).hexdigest()


def _names_format(query: bytes) -> bool:
    # Only a query in which the name can be hidden has to be taken apart for that.
    return (b"format" in query or b"%" in query) and "format" in _parameters(query)


def _parameters(query: bytes) -> dict[str, list[str]]:
    return parse_qs(query.decode("latin-1"))


def _last(parameters: dict[str, list[str]], name: str, default: str = "") -> str:
    """Return a parameter of the query; of several the last."""
    return parameters.get(name, [default])[-1]


def _wait_s(parameters: dict[str, list[str]]) -> int:
    asked = _last(parameters, "wait", "0")
    if not (asked.isascii() and asked.isdecimal() and int(asked) <= LONGEST_WAIT_S):
        raise Problem(422, f"wait is whole seconds from 0 to {LONGEST_WAIT_S}, not {asked[:20]!r}.")
    return int(asked)
