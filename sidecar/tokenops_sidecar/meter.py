"""What this sidecar spends on its own word: since the policy was confirmed, calls under way too."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from threading import Lock

_NOTHING = Decimal(0)


class BlindMeter(Mapping[str, Decimal]):
    """Sums by scope, read live; an allowance is measured by them, and nothing else is."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._spent: dict[str, Decimal] = defaultdict(Decimal)
        self._held: dict[str, Decimal] = defaultdict(Decimal)

    def __getitem__(self, scope: str) -> Decimal:
        # A scope that is not there spent nothing.
        return self._spent.get(scope, _NOTHING) + self._held.get(scope, _NOTHING)

    def __iter__(self) -> Iterator[str]:
        return iter({**self._spent, **self._held})

    def __len__(self) -> int:
        return len({**self._spent, **self._held})

    def add(self, scopes: Iterable[str], usd: Decimal) -> None:
        """Count what a call cost."""
        with self._lock:
            for scope in scopes:
                self._spent[scope] += usd

    def hold(self, scopes: Iterable[str], usd: Decimal) -> None:
        """Count what a call under way may cost."""
        with self._lock:
            for scope in scopes:
                self._held[scope] += usd

    def let_go(self, scopes: Iterable[str], usd: Decimal) -> None:
        """Count a call no longer among those under way."""
        with self._lock:
            for scope in scopes:
                self._held[scope] -= usd

    def confirm(self) -> None:
        """Begin anew: the server was heard. What is under way stays under way."""
        with self._lock:
            self._spent.clear()
