"""The list of breakers in plain values, as a file tells it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from policy.queries.breakers import Breaker

COLUMNS = (
    "scope", "name", "state", "reason_code", "reason", "since", "until", "overridden_until",
    "signal", "binding_cap", "of_scope", "mode", "window", "spent_usd", "limit_usd", "resets_at",
    "last_change", "owner", "contact",
)  # fmt: skip


def csv_rows(found: Iterable[Breaker]) -> Iterator[list[object]]:
    """Yield a row for each breaker, amounts exact and instants in UTC; empty is not known."""
    for each in found:
        scope, last = each.scope, each.last
        yield [
            scope.slug,
            scope.name,
            scope.state,
            scope.reason_code,
            scope.reason_text,
            _instant(scope.since),
            _instant(scope.until),
            _instant(each.overridden_until),
            "none" if each.is_silent else "heard",
            *_binding(each),
            _instant(last.at if last else None),
            scope.owner,
            scope.contact,
        ]


def _binding(each: Breaker) -> list[object]:
    if each.binding is None:
        return [None] * 7
    cap, verdict = each.binding.cap, each.binding.verdict
    return [
        cap.public_id,
        next(rung.scope.slug for rung in each.path if rung.is_binding),
        cap.mode,
        cap.window,
        f"{verdict.spent_usd:f}",
        f"{verdict.limit_usd:f}",
        _instant(each.binding.resets_at),
    ]


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
