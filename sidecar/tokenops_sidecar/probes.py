"""Calls set apart for a test of a blocked scope: asked of the server a few at a time.

Not safe for threads, as the purses are not; what was granted stands in the tally.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

PREFIX = "probe:"
_MOST_CALLS = 10


@dataclass(frozen=True, slots=True)
class ProbeAsk:
    """A request for calls. It is sent again under its key until an answer comes."""

    cap: str
    calls: int
    key: str

    def as_json(self) -> dict[str, Any]:
        return {"cap": self.cap, "calls": self.calls}


class Probes:
    """Which tests wait for calls, and when they are asked about again."""

    def __init__(self) -> None:
        self._wanted: dict[str, int] = {}
        self._asks: dict[str, ProbeAsk] = {}
        self._asking: set[str] = set()
        self._again_at: dict[str, datetime] = {}

    def want(self, cap: str) -> None:
        """Ask soon for one more call of a test."""
        self._wanted[cap] = min(self._wanted.get(cap, 0) + 1, _MOST_CALLS)

    def asks(self, now: datetime) -> list[ProbeAsk]:
        """Return what to ask for now, each until it is answered."""
        for cap, calls in self._wanted.items():
            if cap not in self._asks:
                self._asks[cap] = ProbeAsk(cap, calls, uuid.uuid4().hex)
        self._wanted.clear()
        due = [
            ask
            for cap, ask in self._asks.items()
            if cap not in self._asking and now >= self._again_at.get(cap, now)
        ]
        self._asking |= {ask.cap for ask in due}
        return due

    def answered(self, ask: ProbeAsk) -> None:
        """Be done with an ask, whatever was said."""
        self._asks.pop(ask.cap, None)
        self._asking.discard(ask.cap)
        self._again_at.pop(ask.cap, None)

    def unanswered(self, ask: ProbeAsk, *, again_at: datetime) -> None:
        """Keep an ask: whether it was granted is not known, its key will tell."""
        self._asking.discard(ask.cap)
        self._again_at[ask.cap] = again_at
