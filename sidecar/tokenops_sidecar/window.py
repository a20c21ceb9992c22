"""Sums over time that forget: sliding windows, and tables that stay small."""

from collections import OrderedDict
from collections.abc import Hashable
from decimal import Decimal
from typing import Generic, TypeVar

SLOTS = 60
MOST = 10_000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Amount = Decimal | int


class Window:
    """A sum over the last `span_s` seconds, kept in sixty slots.

    An amount counts for at least the span and for at most a sixtieth more, as it goes with the
    slot it fell into. Reading changes nothing.
    """

    __slots__ = ("_slots", "_sum", "_width_s", "span_s")

    def __init__(self, span_s: float) -> None:
        self.span_s = span_s
        self._width_s = span_s / SLOTS
        # In the order of time, for nobody adds to a slot before the newest.
        self._slots: dict[int, Decimal] = {}
        self._sum = Decimal(0)

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, amount: Amount, *, at_s: float) -> None:
        """Count an amount now."""
        number = self._number(at_s)
        self._slots[number] = self._slots.get(number, Decimal(0)) + amount
        self._sum += amount
        while (first := next(iter(self._slots))) < number - SLOTS:
            self._sum -= self._slots.pop(first)

    def correct(self, amount: Amount, *, taken_s: float) -> None:
        """Add to what was counted at an earlier instant, or take off it, while it counts."""
        number = self._number(taken_s)
        if number in self._slots:
            self._slots[number] += amount
            self._sum += amount

    def total(self, at_s: float) -> Decimal:
        """Return what counts at this instant."""
        total, oldest = self._sum, self._number(at_s) - SLOTS
        for number, amount in self._slots.items():
            if number >= oldest:
                break
            total -= amount
        return total

    def frees_s(self, amount: Amount, *, at_s: float) -> float:
        """Return in how many seconds so much will have gone, or all there is; 0 for nothing."""
        gone, wait_s, oldest = Decimal(0), 0.0, self._number(at_s) - SLOTS
        for number, each in self._slots.items():
            if gone >= amount:
                break
            if number >= oldest and each:
                gone += each
                wait_s = (number + SLOTS + 1) * self._width_s - at_s
        return wait_s

    def _number(self, at_s: float) -> int:
        return int(at_s // self._width_s)


class Recent(Generic[K, V]):
    """A table of at most `most` entries, each forgotten when nobody touched it for `keep_s`.

    Where it is full, the entry goes that was touched longest ago.
    """

    def __init__(self, *, keep_s: float, most: int = MOST) -> None:
        self._keep_s, self._most = keep_s, most
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K, *, at_s: float) -> V | None:
        """Return an entry that is not forgotten; reading does not touch it."""
        found = self._entries.get(key)
        return None if found is None or at_s - found[0] > self._keep_s else found[1]

    def put(self, key: K, value: V, *, at_s: float) -> None:
        self._entries[key] = (at_s, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._most or self._has_old(at_s):
            self._entries.popitem(last=False)

    def _has_old(self, at_s: float) -> bool:
        touched_s, _ = next(iter(self._entries.values()))
        return at_s - touched_s > self._keep_s
