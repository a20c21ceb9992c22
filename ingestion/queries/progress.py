"""How far a delivery is: its stages, its parts, how fast it loads and how long it still takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from django.db.models import Prefetch, QuerySet

from ingestion.models import Chunk, Delivery
from ingestion.queries.deliveries import UNFINISHED

# The pace is that of the last parts: what a file's first ones took says little later on.
PACE_PARTS = 8
# One part says how long a part takes, but not yet how many are worked on side by side.
FEWEST_PARTS = 2
MINUTE, HOUR, DAY = 60, 3_600, 86_400
MOST_HOURS = 48

StageName = Literal["detect", "split", "load", "settle"]
STAGES: tuple[StageName, ...] = ("detect", "split", "load", "settle")
StageState = Literal["done", "now", "next", "stopped"]


class Stage(NamedTuple):
    """One of the four stages, and whether it is behind, under way, ahead or where it ended."""

    name: StageName
    state: StageState


class Pace(NamedTuple):
    """What was loaded within a stretch of time."""

    rows: int
    size_bytes: int
    seconds: Decimal


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a delivery is. `share` is of its bytes; None where a figure is not known yet."""

    stages: tuple[Stage, ...]
    parts: int
    parts_done: int
    share: Decimal
    rows_per_second: int | None
    seconds: Decimal | None
    seconds_left: int | None
    is_over: bool

    @property
    def left_in_words(self) -> str:
        return left_in_words(self.seconds_left)


def with_pace(found: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Fetch with each running delivery of `deliveries()` the last parts that were loaded."""
    last = Chunk.objects.filter(
        state=Chunk.State.DONE, delivery__state=Delivery.State.RUNNING, claimed_at__isnull=False
    )
    last = last.order_by("-claimed_at", "-number")[:PACE_PARTS]
    return found.prefetch_related(Prefetch("chunks", queryset=last, to_attr="last_parts"))


def progress_of(delivery: Delivery, *, at: datetime) -> Progress:
    """Return how far a delivery of `with_pace(deliveries())` is at a moment."""
    is_over = delivery.state not in UNFINISHED
    seconds = _seconds(delivery, at=at)
    pace = Pace(delivery.rows, 0, seconds or Decimal(0)) if is_over else _pace(delivery, at=at)
    return Progress(
        stages=_stages(delivery),
        parts=getattr(delivery, "chunk_count", 0),
        parts_done=getattr(delivery, "chunks_done", 0),
        share=share_done(delivery),
        rows_per_second=_rows_per_second(pace),
        seconds=seconds,
        seconds_left=None if is_over else _seconds_left(delivery, pace),
        is_over=is_over,
    )


def share_done(delivery: Delivery) -> Decimal:
    """Return how much of a delivery of `deliveries()` is read, from 0 to 1."""
    if delivery.state not in UNFINISHED:
        return Decimal(1)
    total = getattr(delivery, "bytes_all", 0)
    return (
        (Decimal(getattr(delivery, "bytes_done", 0)) / total).quantize(Decimal("0.0001"))
        if total
        else Decimal(0)
    )


def left_in_words(seconds: int | None) -> str:
    """Say an estimated time in the unit in which it is worth saying."""
    if seconds is None:
        return "measuring…"
    if seconds < MINUTE:
        return "less than a minute left"
    minutes, hours, days = (round(seconds / length) for length in (MINUTE, HOUR, DAY))
    if minutes < HOUR // MINUTE:
        return _about(minutes, "minute")
    return _about(hours, "hour") if hours <= MOST_HOURS else _about(days, "day")


def _about(count: int, unit: str) -> str:
    return f"about {count:,} {unit}{'' if count == 1 else 's'} left"


def _stages(delivery: Delivery) -> tuple[Stage, ...]:
    """Return the stages; what a delivery is, is known before there is one."""
    here = 1 if delivery.started_at is None else 2
    if delivery.state in {Delivery.State.DONE, Delivery.State.UNDONE}:
        here = len(STAGES)
    at_work: StageState = "now" if delivery.state in UNFINISHED else "stopped"
    return tuple(
        Stage(name, "done" if place < here else at_work if place == here else "next")
        for place, name in enumerate(STAGES)
    )


def _seconds(delivery: Delivery, *, at: datetime) -> Decimal | None:
    if delivery.started_at is None:
        return None
    return _span(delivery.started_at, delivery.finished_at or at)


def _pace(delivery: Delivery, *, at: datetime) -> Pace | None:
    """Return what was loaded since the first of the last parts was taken up.

    Where no worker comes any more the time goes on and the pace falls, as it should.
    """
    last: Sequence[Chunk] = getattr(delivery, "last_parts", ())
    begun = [part.claimed_at for part in last if part.claimed_at]
    if len(begun) < FEWEST_PARTS:
        return None
    rows = sum(part.rows for part in last)
    size = sum(part.ends_at_byte - part.starts_at_byte for part in last)
    return Pace(rows, size, _span(min(begun), at))


def _rows_per_second(pace: Pace | None) -> int | None:
    return round(pace.rows / pace.seconds) if pace and pace.seconds and pace.rows else None


def _seconds_left(delivery: Delivery, pace: Pace | None) -> int | None:
    if pace is None or not pace.seconds or not pace.size_bytes:
        return None
    left = getattr(delivery, "bytes_all", 0) - getattr(delivery, "bytes_done", 0)
    return round(left * pace.seconds / pace.size_bytes)


def _span(starts_at: datetime, ends_at: datetime) -> Decimal:
    tenths = max(ends_at - starts_at, timedelta()) // timedelta(milliseconds=100)
    return Decimal(tenths) / 10
