"""The ASGI callable: check the token, compare the ETag, wait if asked to."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import psycopg
import structlog

from policy.feed import answers
from policy.feed.answers import Answer, Message, Problem, Send
from policy.feed.memory import Access, Memory, Revision

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

PATH = "/api/v1/policy"
NEEDED_SCOPE = "policy:read"
LONGEST_WAIT_S = 30.0
MOST_WAITERS = 5_000
CHALLENGE = {"www-authenticate": 'Bearer realm="TokenOps"'}


class PolicyFeed:
    """Serves the policy to callers with a bearer token; nothing here touches Django's stack."""

    def __init__(self, memory: Memory, *, most_waiters: int = MOST_WAITERS) -> None:
        self._memory = memory
        self._most_waiters = most_waiters
        self._waiting = 0
        self._is_closing = False

    def start(self) -> None:
        self._memory.start()

    def answer_waiters(self) -> None:
        """Let no one wait any longer: the server is about to stop."""
        self._is_closing = True
        self._memory.wake()

    async def stop(self) -> None:
        self.answer_waiters()
        await self._memory.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.start()  # a server without lifespan events has not done it
        try:
            answer = await self._answer(scope, receive)
        except Problem as problem:
            answer = answers.of_problem(problem)
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("policy.feed_without_database", error=str(error))
            answer = answers.of_problem(answers.busy("The policy cannot be read just now."))
        if answer is not None:
            await answers.send(answer, to=send, with_body=scope["method"] != "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        """Return the answer; None where the caller went away while waiting."""
        if scope["method"] not in {"GET", "HEAD"}:
            problem = f"{scope['method']} is not possible here: use GET."
            raise Problem(405, problem, headers={"allow": "GET, HEAD"})
        headers = _headers(scope)
        digest = _digest(headers.get("authorization", ""))
        wait_s, sidecar = _wait_s(scope), _asked(scope, "sidecar")
        await self._check(digest)
        revision = await self._current(sidecar)
        known = headers.get("if-none-match", "")
        if wait_s and answers.is_known(known, revision.etag):
            if not await self._wait(revision, sidecar, for_s=wait_s, receive=receive):
                return None
            await self._check(digest)  # it may have been revoked meanwhile
            revision = await self._current(sidecar)
        if answers.is_known(known, revision.etag):
            return answers.not_modified(revision)
        return answers.document(revision)

    async def _check(self, digest: str) -> None:
        access = await self._memory.access(digest)
        if access is None or access.expires_at <= datetime.now(UTC):
            raise Problem(401, "This token is unknown, revoked or expired.", headers=CHALLENGE)
        _check_rights(access)

    async def _current(self, sidecar: str) -> Revision:
        revision = await self._memory.revision(sidecar)
        if revision is None:
            raise answers.busy("Nothing is published yet.")
        return revision

    async def _wait(
        self, revision: Revision, sidecar: str, *, for_s: float, receive: Receive
    ) -> bool:
        """Wait for another revision; False where the caller went away."""
        if self._waiting >= self._most_waiters:
            raise answers.busy("Too many wait already: ask again without waiting.")
        self._waiting += 1
        leaving = asyncio.ensure_future(_left(receive))
        try:
            until_s = time.monotonic() + for_s
            await self._until_changed(revision, sidecar, leaving, until_s=until_s)
            return not leaving.done()
        finally:
            self._waiting -= 1
            leaving.cancel()

    async def _until_changed(
        self,
        revision: Revision,
        sidecar: str,
        leaving: asyncio.Future[None],
        *,
        until_s: float,
    ) -> None:
        while (left_s := until_s - time.monotonic()) > 0 and not self._is_closing:
            change = self._memory.next_change()
            latest = await self._memory.revision(sidecar)
            if latest is None or latest.etag != revision.etag or leaving.done():
                return
            await _first_of(change, leaving, within_s=self._patience_s(left_s))

    def _patience_s(self, left_s: float) -> float:
        # While no word can come, whoever waits has to look for herself.
        return left_s if self._memory.is_listening else min(left_s, 1.0)


async def _first_of(
    change: asyncio.Event, leaving: asyncio.Future[None], *, within_s: float
) -> None:
    changed = asyncio.ensure_future(_set(change))
    try:
        await asyncio.wait({changed, leaving}, timeout=within_s, return_when="FIRST_COMPLETED")
    finally:
        changed.cancel()


async def _set(event: asyncio.Event) -> None:
    await event.wait()


async def _left(receive: Receive) -> None:
    """Return when the caller has closed the connection."""
    with contextlib.suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers; one that comes several times is one list (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _digest(authorization: str) -> str:
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Problem(401, "Send a token: Authorization: Bearer tok_….", headers=CHALLENGE)
    return hashlib.sha256(secret.strip().encode()).hexdigest()


def _check_rights(access: Access) -> None:
    if NEEDED_SCOPE not in access.scopes:
        held = ", ".join(sorted(access.scopes))
        raise Problem(403, f"This token lacks the scope {NEEDED_SCOPE}; it has {held}.")
    if not access.sees_company:
        raise Problem(
            403, "The policy covers every unit: its reader needs a role for the whole company."
        )


def _asked(scope: Scope, name: str, default: str = "") -> str:
    """Return a parameter of the query; of several the last."""
    query: bytes = scope.get("query_string", b"")
    return parse_qs(query.decode("latin-1")).get(name, [default])[-1]


def _wait_s(scope: Scope) -> float:
    asked = _asked(scope, "wait", "0")
    if not (asked.isascii() and asked.isdecimal() and int(asked) <= LONGEST_WAIT_S):
        limit = int(LONGEST_WAIT_S)
        raise Problem(422, f"wait is whole seconds from 0 to {limit}, not {asked[:20]!r}.")
    return float(asked)
