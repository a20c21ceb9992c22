"""What this sidecar spent itself, until the server's meter holds it."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from threading import Lock
from typing import NamedTuple


class Entry(NamedTuple):
    """A call that was recorded: its place in the spool, the scopes it counts for, its cost."""

    place: int
    scopes: tuple[str, ...]
    usd: Decimal


class OwnMeter:
    """Running sums by scope of the calls that the server may not have counted yet."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: deque[Entry] = deque()
        self._own: Mapping[str, Decimal] = {}
        self._blind: Mapping[str, Decimal] = {}

    @property
    def own_usd(self) -> Mapping[str, Decimal]:
        """What is not in the server's counters; the mapping never changes, another replaces it."""
        return self._own

    @property
    def blind_usd(self) -> Mapping[str, Decimal]:
        """What was spent since the policy was confirmed."""
        return self._blind

    def add(self, entries: Iterable[Entry]) -> None:
        with self._lock:
            added = list(entries)
            self._entries.extend(added)
            self._own = _plus(self._own, added)
            self._blind = _plus(self._blind, added)

    def settle(self, place: int) -> None:
        """Take out what stands before a place: the counters just read hold it."""
        with self._lock:
            gone = []
            while self._entries and self._entries[0].place < place:
                gone.append(self._entries.popleft())
            if gone:
                self._own = _plus({}, self._entries)

    def confirm(self) -> None:
        """Begin the allowance anew: the server was heard."""
        with self._lock:
            self._blind = {}


def _plus(sums: Mapping[str, Decimal], entries: Iterable[Entry]) -> Mapping[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal, sums)
    for entry in entries:
        for scope in entry.scopes:
            found[scope] += entry.usd
    return dict(found)
