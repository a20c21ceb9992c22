"""What happened, counted; written as Prometheus reads it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from threading import Lock

HELP = {
    "decisions": "Decisions by outcome and code.",
    "pulls": "Pulls of the policy by result.",
    "records": "Usage records by what the server made of them.",
    "pushes": "Pushes of usage by result.",
    "lease_asks": "Requests for a lease by what the server said.",
    "settlements": "Settlements of leases by result.",
    "holds": "Admitted calls by how they ended.",
    "waits": "Calls that waited for a lease, by what came of it.",
}
GAUGES = {
    "policy_revision": "The revision that is obeyed; 0 without one.",
    "policy_age_seconds": "How long ago the server confirmed the policy.",
    "spool_records": "Usage records that wait to be counted.",
    "spool_full": "1 while usage cannot be kept.",
    "calls_under_way": "Calls that were admitted and have not ended.",
    "leases": "Leases that calls may still draw on.",
    "lease_free_usd": "Dollars on lease that no call holds.",
    "lease_held_usd": "Dollars on lease that calls under way hold.",
    "homes_refused": "Scopes to which the server leases nothing now.",
}
_PREFIX = "tokenops_sidecar"
# A code comes out of the document: a document with a thousand of them must not cost memory.
_MOST_SERIES = 500


class Metrics:
    """Counters by family and labels, safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, Counter[tuple[tuple[str, str], ...]]] = {
            family: Counter() for family in HELP
        }

    def count(self, family: str, by: int = 1, **labels: str) -> None:
        series = tuple(sorted(labels.items()))
        with self._lock:
            counts = self._counts[family]
            if series not in counts and len(counts) >= _MOST_SERIES:
                series = tuple((name, "other") for name, _ in series)
            counts[series] += by

    def of(self, family: str, **labels: str) -> int:
        with self._lock:
            return self._counts[family][tuple(sorted(labels.items()))]

    def text(self, gauges: Mapping[str, float | Decimal | None]) -> str:
        """Return everything in Prometheus' text format; a gauge that is unknown is left out."""
        with self._lock:
            counted = {family: dict(counts) for family, counts in self._counts.items()}
        lines: list[str] = []
        for family, counts in counted.items():
            lines += _head(f"{family}_total", "counter", HELP[family])
            lines += sorted(_series(f"{family}_total", labels, n) for labels, n in counts.items())
        for name, value in gauges.items():
            if value is not None:
                lines += [*_head(name, "gauge", GAUGES[name]), _series(name, (), value)]
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str, words: str) -> list[str]:
    return [f"# HELP {_PREFIX}_{name} {words}", f"# TYPE {_PREFIX}_{name} {kind}"]


def _series(name: str, labels: Iterable[tuple[str, str]], value: float | Decimal) -> str:
    inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
    return f"{_PREFIX}_{name}{{{inner}}} {value}" if inner else f"{_PREFIX}_{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
