"""Deliveries as people and machines watch them: how many, and what went wrong."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from finops.money import usd_of
from ingestion.models import Chunk, Delivery, Reject
from ingestion.readers.doubts import sentence_of

REJECT_COLUMNS = ("line", "field", "reason", "raw")
MOST_CONFLICTS = 50
UNFINISHED = frozenset({Delivery.State.QUEUED, Delivery.State.RUNNING})
PROBLEMS = frozenset({Delivery.State.FAILED, Delivery.State.QUARANTINED})


class ConflictLine(NamedTuple):
    """A call that came again with other content; None where it had no price."""

    line: int
    utc_day: date
    first_utc_day: date
    first_delivery_id: int
    first_usd: Decimal | None
    usd: Decimal | None


class Doubted(NamedTuple):
    """What is odd about some rows, and the first of them; line 0 is the whole file."""

    code: str
    rows: int
    sentence: str
    line: int
    field: str
    text: str


def deliveries(state: str = "") -> QuerySet[Delivery]:
    """Return the deliveries, the newest first, with what their progress is computed from."""
    chunks = Chunk.objects.filter(delivery=OuterRef("pk")).order_by().values("delivery")
    size = F("ends_at_byte") - F("starts_at_byte")
    done = Q(state=Chunk.State.DONE)
    found = Delivery.objects.select_related("submitted_by__person").annotate(
        chunk_count=Coalesce(Subquery(chunks.annotate(n=Count("pk")).values("n")), 0),
        chunks_done=Coalesce(Subquery(chunks.annotate(n=Count("pk", filter=done)).values("n")), 0),
        bytes_all=Coalesce(Subquery(chunks.annotate(n=Sum(size)).values("n")), 0),
        mended_by=ArraySubquery(
            Delivery.objects.filter(mends=OuterRef("pk")).order_by("pk").values("pk")
        ),
        bytes_done=Coalesce(Subquery(chunks.annotate(n=Sum(size, filter=done)).values("n")), 0),
    )
    return (found.filter(state=state) if state else found).order_by("-pk")


def counts_by_state() -> dict[str, int]:
    counted = Delivery.objects.order_by().values_list("state").annotate(n=Count("pk"))
    return dict(counted)


def reasons_of(delivery: Delivery) -> list[tuple[str, str, int]]:
    """Return why rows were rejected, as (field, reason, rows), the most frequent first."""
    counted = delivery.rejects.order_by().values_list("field", "reason").annotate(n=Count("pk"))
    return list(counted.order_by("-n", "field", "reason")[:20])


def rejected_rows(delivery: Delivery) -> Iterator[tuple[int, str, str, str]]:
    """Yield each rejected row as (line, field, reason, raw), in the order of the file."""
    rows = Reject.objects.filter(delivery=delivery).order_by("line", "pk")
    yield from rows.values_list("line", "field", "reason", "raw").iterator(chunk_size=2000)


def doubts_of(delivery: Delivery) -> list[Doubted]:
    """Return what is odd about rows that were taken, the most frequent first."""
    rows = sorted(delivery.doubts.all(), key=lambda row: (-row.rows, row.code))
    return [
        Doubted(
            row.code,
            row.rows,
            sentence_of(row.code, row.rows),
            row.first_line,
            row.first_field,
            row.first_text,
        )
        for row in rows
    ]


def conflicts_of(delivery: Delivery) -> list[ConflictLine]:
    """Return the first conflicts of a delivery, with what each side says the call cost."""
    rows = delivery.conflicts.order_by("line", "pk")[:MOST_CONFLICTS]
    return [
        ConflictLine(
            row.line,
            row.utc_day,
            row.first_utc_day,
            row.first_delivery_id,
            _usd(row.first_cost_pico),
            _usd(row.cost_pico),
        )
        for row in rows
    ]


def _usd(pico: int | None) -> Decimal | None:
    return None if pico is None else usd_of(pico)
