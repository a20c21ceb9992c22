"""What the feed remembers: the current revision, whole and in parts, and who may read it.

One connection listens for words of new revisions and changed tokens. While it listens,
what is remembered is current; while it does not, everything expires after a second.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import structlog

from policy.keys import signature_header

log = structlog.get_logger()

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Connect = Callable[[str], Awaitable[Connection]]
RawHeaders = tuple[tuple[bytes, bytes], ...]

POLICY_WORD, TOKEN_WORD, EVERY_TOKEN = "tokenops_policy", "tokenops_token", "*"
LISTENER, READER = "tokenops-feed-listener", "tokenops-feed-reader"
UNHEARD_FOR_S = 1.0  # how long an entry holds while nobody listens
KNOWN_FOR_S = 60.0  # roles change without a word
UNKNOWN_FOR_S = 5.0
MOST_TOKENS = 10_000
HEARTBEAT_S = 5.0
PATIENCE_S = 2.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0

CURRENT = """
    SELECT r.number, r.body, r.etag, r.signature, k.key_id,
           ARRAY(SELECT s.name FROM policy_sidecardocument d
                 JOIN policy_sidecar s ON s.id = d.sidecar_id)
    FROM policy_policyrevision r JOIN policy_signingkey k ON k.id = r.key_id
    ORDER BY r.number DESC LIMIT 1
"""
SUBSET = """
    SELECT d.revision_id, d.body, d.etag, d.signature, k.key_id
    FROM policy_sidecardocument d JOIN policy_sidecar s ON s.id = d.sidecar_id
    JOIN policy_signingkey k ON k.id = d.key_id
    WHERE s.name = %s
"""
ACCESS = """
    SELECT t.scopes, t.expires_at,
           EXISTS (SELECT FROM org_membership m WHERE m.user_id = u.id AND m.unit_id IS NULL)
    FROM org_apitoken t JOIN org_user u ON u.id = t.user_id
    WHERE t.digest = %s AND t.revoked_at IS NULL AND u.is_active
"""


class Revision(NamedTuple):
    """A published document as it is sent, with the headers that every answer about it has."""

    body: bytes
    etag: str
    headers: RawHeaders


class Access(NamedTuple):
    """What an alive token may do; `sees_company` says that its user reads across all units."""

    scopes: frozenset[str]
    expires_at: datetime
    sees_company: bool


class _Remembered(NamedTuple):
    access: Access | None
    since_s: float


class Memory:
    """Answers from memory, and from the database where it must; `psycopg.Error` where it cannot."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._revision: Revision | None = None
        self._revision_since_s = float("-inf")
        # Routers that serve some scopes alone, and what of the revision each is told.
        self._bound: frozenset[str] = frozenset()
        self._subsets: dict[str, Revision] = {}
        self._tokens: OrderedDict[str, _Remembered] = OrderedDict()
        self._words = 0  # how often tokens were forgotten: an answer read before is not kept
        self._is_listening = False
        self._reader: Connection | None = None
        self._reading = asyncio.Lock()
        self._changed = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._listener is None:
            self._listener = asyncio.create_task(self._keep_listening())

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        if self._reader is not None:
            await self._reader.close()

    @property
    def is_listening(self) -> bool:
        return self._is_listening

    def next_change(self) -> asyncio.Event:
        """Return the event that is set when the revision changes next."""
        return self._changed

    def wake(self) -> None:
        """Let everybody who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def revision(self, sidecar: str = "") -> Revision | None:
        """Return the current revision, as a router is told it; None before any was published."""
        if not self._holds(self._revision_since_s):
            async with self._reading:
                if not self._holds(self._revision_since_s):
                    await self._read_revision()
        if sidecar not in self._bound:
            return self._revision
        if sidecar not in self._subsets:
            async with self._reading:
                await self._read_subset(sidecar)
        return self._subsets.get(sidecar, self._revision)

    async def access(self, digest: str) -> Access | None:
        """Return what the token of a digest may do; None for one that is not alive."""
        known = self._known(digest)
        if known is None:
            async with self._reading:
                known = self._known(digest) or await self._read_token(digest)
        return known.access

    def _holds(self, since_s: float, *, for_s: float = float("inf")) -> bool:
        longest = for_s if self._is_listening else min(for_s, UNHEARD_FOR_S)
        return time.monotonic() - since_s < longest

    def _known(self, digest: str) -> _Remembered | None:
        known = self._tokens.get(digest)
        if known is None:
            return None
        for_s = UNKNOWN_FOR_S if known.access is None else KNOWN_FOR_S
        return known if self._holds(known.since_s, for_s=for_s) else None

    async def _read_revision(self) -> None:
        since_s = time.monotonic()
        row = await self._fetch(CURRENT, ())
        before = self._revision
        self._revision = _revision(row[:5]) if row else None
        self._bound, self._subsets = frozenset(row[5] if row else ()), {}
        self._revision_since_s = since_s
        if before != self._revision:
            self.wake()

    async def _read_subset(self, sidecar: str) -> None:
        row = await self._fetch(SUBSET, (sidecar,))
        if row:
            self._subsets[sidecar] = _revision(row)

    async def _read_token(self, digest: str) -> _Remembered:
        words, since_s = self._words, time.monotonic()
        row = await self._fetch(ACCESS, (digest,))
        access = Access(frozenset(row[0]), row[1], row[2]) if row else None
        read = _Remembered(access, since_s)
        if words == self._words:
            self._tokens[digest] = read
            self._tokens.move_to_end(digest)
        if len(self._tokens) > MOST_TOKENS:
            self._tokens.popitem(last=False)
        return read

    async def _fetch(self, query: str, parameters: tuple[object, ...]) -> tuple[Any, ...] | None:
        """Read one row over the connection kept for it, opened anew where it broke."""
        try:
            if self._reader is None or self._reader.closed:
                self._reader = await self._connect(READER)
            async with asyncio.timeout(PATIENCE_S):
                return await (await self._reader.execute(query, parameters)).fetchone()
        except (psycopg.Error, OSError, TimeoutError):
            if self._reader is not None:
                await self._reader.close()
                self._reader = None
            raise

    async def _keep_listening(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async for word in self._words_heard():
                    pause_s = FIRST_PAUSE_S
                    await self._take(word)
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("policy.feed_not_listening", error=str(error), retry_in_s=pause_s)
            finally:
                self._is_listening = False
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _words_heard(self) -> AsyncIterator[psycopg.Notify | None]:
        """Listen until the connection breaks; a None says that nothing came for a while."""
        connection = await self._connect(LISTENER)
        async with connection:
            await connection.execute(f"LISTEN {POLICY_WORD}")
            await connection.execute(f"LISTEN {TOKEN_WORD}")
            # What changed while nobody listened is read anew: only from here on is memory true.
            self._forget(EVERY_TOKEN)
            async with self._reading:
                await self._read_revision()
            self._is_listening = True
            yield None
            while True:
                async for word in connection.notifies(timeout=HEARTBEAT_S):
                    yield word
                # A network may lose a connection without a sign: only an answer proves it.
                async with asyncio.timeout(PATIENCE_S):
                    await connection.execute("SELECT 1")

    async def _take(self, word: psycopg.Notify | None) -> None:
        if word is None:
            return
        if word.channel == TOKEN_WORD:
            self._forget(word.payload)
        else:
            async with self._reading:
                await self._read_revision()

    def _forget(self, digest: str) -> None:
        self._words += 1
        if digest == EVERY_TOKEN:
            self._tokens.clear()
        else:
            self._tokens.pop(digest, None)


def encoded(headers: Mapping[str, str]) -> RawHeaders:
    """Return headers as ASGI sends them."""
    return tuple((name.encode(), value.encode()) for name, value in headers.items())


def _revision(row: tuple[Any, ...]) -> Revision:
    number, body, digest, signature, key_id = row
    etag = f'"{digest}"'
    headers = {
        "etag": etag,
        "cache-control": "private, no-cache",
        "vary": "Authorization",
        "tokenops-revision": str(number),
        "tokenops-signature": signature_header(signature, key_id=key_id),
    }
    return Revision(bytes(body), etag, encoded(headers))
