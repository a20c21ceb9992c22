"""The ASGI callable: check the token, compare the ETag, wait if asked to."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime

import psycopg
import structlog

from policy.feed import answers
from policy.feed.answers import Answer, Problem, Send
from policy.feed.asked import CHALLENGE, Asked, Receive, Scope, read
from policy.feed.memory import Access, Memory, Revision

log = structlog.get_logger()

NEEDED_SCOPE = "policy:read"
MOST_WAITERS = 5_000


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
            answer = await self._answer(read(scope), receive)
        except Problem as problem:
            answer = answers.of_problem(problem)
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("policy.feed_without_database", error=str(error))
            answer = answers.of_problem(answers.busy("The policy cannot be read just now."))
        if answer is not None:
            await answers.send(answer, to=send, with_body=scope["method"] != "HEAD")

    async def _answer(self, asked: Asked, receive: Receive) -> Answer | None:
        """Return the answer; None where the caller went away while waiting."""
        await self._check(asked.digest)
        revision = await self._current(asked.sidecar)
        is_known = answers.is_known(asked.known, revision.etag)
        if is_known and asked.wait_s:
            if not await self._wait(revision, asked, receive=receive):
                return None
            await self._check(asked.digest)  # it may have been revoked meanwhile
            revision = await self._current(asked.sidecar)
            is_known = answers.is_known(asked.known, revision.etag)
        return answers.not_modified(revision) if is_known else answers.document(revision)

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

    async def _wait(self, revision: Revision, asked: Asked, *, receive: Receive) -> bool:
        """Wait for another revision; False where the caller went away."""
        if self._waiting >= self._most_waiters:
            raise answers.busy("Too many wait already: ask again without waiting.")
        self._waiting += 1
        leaving = asyncio.ensure_future(_left(receive))
        try:
            until_s = time.monotonic() + asked.wait_s
            await self._until_changed(revision, asked.sidecar, leaving, until_s=until_s)
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


def _check_rights(access: Access) -> None:
    if NEEDED_SCOPE not in access.scopes:
        held = ", ".join(sorted(access.scopes))
        raise Problem(403, f"This token lacks the scope {NEEDED_SCOPE}; it has {held}.")
    if not access.sees_company:
        raise Problem(
            403, "The policy covers every unit: its reader needs a role for the whole company."
        )
