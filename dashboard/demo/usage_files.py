"""The calls as files of usage records, as an export of the company's gateways would be."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date
from decimal import Decimal

from dashboard.demo.calls import Call, Volume, calls_on
from dashboard.demo.history import History
from dashboard.demo.workflows import WORKLOADS
from finops.periods import ONE_DAY, Period

TOKENS = ("in_text", "in_cache_read", "in_cache_write_5m", "in_cache_write_1h",
          "out_text", "out_reasoning")  # fmt: skip
HEADER = (
    "id,started_at,provider,account,model,key,user,project,workflow,task_type,environment,"
    f"tags.team,task,{','.join(TOKENS)},web_searches,status\n"
)


def volumes(history: History) -> tuple[Volume, ...]:
    """Part the history's calls among the workloads by their shares."""
    shares = [Decimal(str(workload.share)) for workload in WORKLOADS]
    return tuple(
        Volume(workload, history, calls=history.calls * share / sum(shares))
        for workload, share in zip(WORKLOADS, shares, strict=True)
    )


def calls_within(parts: Sequence[Volume], days: Period) -> Iterator[Call]:
    """Yield every workload's calls of the days, in the order in which they started."""
    for step in range(days.days):
        yield from in_order(_all_on(parts, days.start + ONE_DAY * step))


def in_order(calls: Iterable[Call]) -> list[Call]:
    return sorted(calls, key=lambda call: (call.started_at, call.id))


def _all_on(parts: Iterable[Volume], day: date) -> Iterator[Call]:
    for volume in parts:
        yield from calls_on(volume, day)


def as_csv(calls: Iterable[Call], *, extra: str = "") -> bytes:
    """Return the calls as a usage file, with lines as they are after it; empty without calls."""
    lines = "".join(map(_line, calls))
    return f"{HEADER}{lines}{extra}".encode() if lines else b""


def _line(call: Call) -> str:
    work, tokens = call.workload, call.tokens
    at = call.started_at.astimezone(UTC).isoformat(timespec="milliseconds")
    counts = ",".join([str(tokens[name]) for name in TOKENS])
    return (
        f"{call.id},{at.replace('+00:00', 'Z')},{call.model.provider},{call.account},"
        f"{call.model.name},{call.key},{call.person},{work.project},{work.name},"
        f"{work.task_type},{call.environment},{work.team},{call.task},{counts},{call.searches},{call.status}\n"
    )
