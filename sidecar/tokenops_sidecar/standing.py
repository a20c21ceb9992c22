"""Where a sidecar stands: the policy it obeys, since when, what it refused.

The one place that the router's threads and the background share. Values are replaced whole,
so that a decision sees one of them or the next, never a mixture.
"""

from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from tokenops_sidecar.acceptance import Received, accept
from tokenops_sidecar.clock import SteadyClock, wall
from tokenops_sidecar.policy import Policy
from tokenops_sidecar.reading import Unacceptable
from tokenops_sidecar.signature import Key
from tokenops_sidecar.store import Store


class Nack(NamedTuple):
    """A document that is not obeyed, and why."""

    revision: int
    code: str
    detail: str


class Standing:
    """The policy in force, kept on disk as soon as it is obeyed."""

    def __init__(self, store: Store, *, pinned: Mapping[str, Key], clock: SteadyClock) -> None:
        self._store, self._pinned, self._clock = store, pinned, clock
        self._lock = Lock()
        self.nack: Nack | None = None
        self.applied_at: datetime | None = None
        kept = store.load(pinned=pinned, at=wall())
        self._accepted = kept.accepted if kept else None
        self.keys: Mapping[str, Key] = pinned or (kept.keys if kept else {})
        self.confirmed_at = kept.confirmed_at if kept else None

    @property
    def policy(self) -> Policy | None:
        accepted = self._accepted
        return accepted.policy if accepted else None

    @property
    def revision(self) -> int:
        policy = self.policy
        return policy.revision if policy else 0

    @property
    def received(self) -> Received | None:
        """The document obeyed, as it came."""
        accepted = self._accepted
        return accepted.received if accepted else None

    @property
    def etag(self) -> str:
        received = self.received
        return received.etag if received else ""

    def take(self, received: Received) -> None:
        """Obey a document, or remember why not and raise; the last one then still holds."""
        with self._lock:
            try:
                accepted = accept(received, keys=self.keys, last=self._accepted, at=wall())
            except Unacceptable as problem:
                self.nack = Nack(received.announced, problem.code, str(problem))
                raise
            now = self._clock()
            is_news = self.revision != accepted.policy.revision
            self._accepted, self.nack, self.confirmed_at = accepted, None, now
            self.applied_at = now if is_news or self.applied_at is None else self.applied_at
            self._store.keep(accepted, keys=self.keys, at=now)

    def confirm(self) -> None:
        """Take the server's word that the document obeyed is still the current one."""
        with self._lock:
            self.nack, self.confirmed_at = None, self._clock()
            self.applied_at = self.applied_at or self.confirmed_at
            self._store.confirm(at=self.confirmed_at)

    def believe(self, keys: Mapping[str, Key]) -> None:
        """Believe the keys the server lists now, and no longer others; pinned ones stand alone."""
        if not self._pinned:
            self.keys = dict(keys)
