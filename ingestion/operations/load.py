"""Loading: a chunk's rows into the ledger, its counts into the delivery, in one go."""

from datetime import datetime
from typing import NamedTuple

import pandas as pd
from django.db import transaction
from django.db.models import Sum

from ingestion import framing
from ingestion.models import Chunk, Delivery
from ingestion.operations.adjust import announce
from ingestion.operations.assignments import hold_rules_still
from ingestion.operations.deliveries import prepared_file
from ingestion.operations.loaded import Loaded, add_counts, keep_rejects
from ingestion.operations.mended import as_first_sent, content_key
from ingestion.operations.plan import options_of
from ingestion.operations.price_changes import hold_prices_still
from ingestion.operations.reports import (
    StagedReport,
    discard_report,
    stage_report,
    store_report,
)
from ingestion.operations.settle import settle_report
from ingestion.operations.store import store
from ingestion.queries.prices import price_book_version
from ingestion.readers import contract
from ingestion.readers.registry import source as source_named
from ingestion.readers.reports import ReportBatch
from ingestion.staging import Mended, stage
from org.operations.calendar import fix_time_zone
from org.operations.first_run import ensure_company
from org.queries.calendar import company, reporting_today


class StagedUsage(NamedTuple):
    """Calls ready for the event table, and the rows that cannot become calls."""

    frame: pd.DataFrame
    problems: list[contract.Problem]
    rows: int
    own_keys: bool
    batch: contract.UsageBatch
    mended: Mended | None
    book: int  # the version of the price book that rated them


def load_chunk(*, chunk_id: int, at: datetime) -> bool:
    """Load a pending chunk; False where another worker holds or has done it.

    Reading and naming its slices is a transaction of its own, short where it locks, so
    that workers on one file never wait for each other's new slices. Storing is another,
    in one with the chunk's row and the delivery's counts.
    """
    readied = _ready(chunk_id, at=at)
    return readied is not None and _load_readied(chunk_id, readied, at=at)


@transaction.atomic
def _ready(chunk_id: int, *, at: datetime) -> StagedUsage | StagedReport | None:
    chunk = _held(chunk_id)
    if chunk is None:
        return None
    delivery = chunk.delivery
    content, mended = as_first_sent(_content(chunk), delivery)
    batch = source_named(delivery.source).read(content, options_of(delivery))
    if isinstance(batch, ReportBatch):
        return stage_report(batch, delivery=delivery, at=at)
    return stage_usage(batch, delivery=delivery, mended=mended, at=at)


@transaction.atomic
def _load_readied(chunk_id: int, readied: StagedUsage | StagedReport, *, at: datetime) -> bool:
    # First of all: a delivery that is cancelled meanwhile must not be added to.
    hold_rules_still()
    chunk = _held(chunk_id)
    if chunk is None:
        _forget(chunk_id)
        return False
    if isinstance(readied, StagedReport):
        loaded = _store_part(readied, chunk)
    else:
        loaded = store_usage(readied, delivery=chunk.delivery, at=at)
    chunk.state, chunk.finished_at, chunk.rows = Chunk.State.DONE, at, readied.rows
    chunk.save()
    _settle(chunk.delivery_id, loaded, is_report=isinstance(readied, StagedReport), at=at)
    return True


def _store_part(readied: StagedReport, chunk: Chunk) -> Loaded:
    """Store a part of a report, unless the delivery was given up meanwhile.

    Parts are stored one after another, for they add to the same buckets; reading and
    staging, which take longer, run side by side.
    """
    delivery = Delivery.objects.select_for_update().get(pk=chunk.delivery_id)
    chunk.left_out, chunk.is_complete = readied.left_out, readied.is_complete
    if delivery.state != Delivery.State.RUNNING:
        return Loaded()
    is_alone = not delivery.chunks.exclude(pk=chunk.pk).exists()
    return store_report(readied, delivery=delivery, is_alone=is_alone)


def _held(chunk_id: int) -> Chunk | None:
    return (
        Chunk.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("delivery")
        .filter(pk=chunk_id, state=Chunk.State.PENDING, delivery__undone_at__isnull=True)
        .first()
    )


def _forget(chunk_id: int) -> None:
    """Drop the buckets that a part opened for a report which was cancelled meanwhile."""
    delivery = Delivery.objects.get(chunks=chunk_id)
    if delivery.undone_at is not None:
        discard_report(delivery)


def stage_usage(
    batch: contract.UsageBatch,
    *,
    delivery: Delivery,
    at: datetime,
    mended: Mended | None = None,
) -> StagedUsage:
    """Make a batch of calls ready to be stored: keys, days, prices, slices."""
    ensure_company(at=at)
    fix_time_zone(at=at)
    book = price_book_version()
    frame = stage(
        batch.frame,
        source=delivery.source,
        account=delivery.account,
        content_key=content_key(delivery),
        zone=company().zone,
        book=book,
        mended=mended,
    )
    # A mended row keeps its key, but may come again with another time.
    own_keys = bool((batch.frame["native_id"] != "").any()) or mended is not None
    return StagedUsage(frame, batch.problems, batch.rows, own_keys, batch, mended, book)


def store_usage(
    staged: StagedUsage, *, delivery: Delivery, at: datetime, is_pushed: bool = False
) -> Loaded:
    """Store staged calls, in the open transaction, and say that spend changed.

    What calls of a file came to on leases goes with that word; who pushes tells it at once.

    Calls that the price book has left behind since they were rated are rated again: the
    re-pricing that followed the change may have passed their day already.
    """
    hold_rules_still()
    hold_prices_still()
    if staged.book != price_book_version():
        staged = stage_usage(staged.batch, delivery=delivery, mended=staged.mended, at=at)
    stored = store(
        staged.frame,
        delivery_id=delivery.pk,
        own_keys=staged.own_keys,
        today=reporting_today(at),
        at=at,
    )
    keep_rejects(delivery, staged.problems)
    if stored.loaded:
        announce(
            stored.unit_ids,
            stored.cost_object_ids,
            at=at,
            leased=() if is_pushed else stored.leased,
            sender=delivery.submitted_by,
        )
    return Loaded(
        staged.rows,
        stored.loaded,
        stored.duplicate,
        stored.conflict,
        len(staged.problems),
        stored.unpriced,
        stored.late,
        stored.late_usd,
        stored.usd,
        tuple(stored.unit_ids),
        tuple(stored.cost_object_ids),
        staged.batch.doubts,
        stored.leased,
    )


def _content(chunk: Chunk) -> contract.Chunk:
    delivery = chunk.delivery
    part = framing.Range(chunk.number, chunk.starts_at_byte, chunk.ends_at_byte, chunk.first_line)
    return contract.Chunk(
        content=framing.read(prepared_file(delivery), part),
        header=delivery.header.encode(),
        shape=delivery.shape,
        first_line=chunk.first_line,
    )


def _settle(delivery_id: int, loaded: Loaded, *, is_report: bool, at: datetime) -> None:
    # Last in the transaction, for other chunks of the delivery wait here.
    delivery = Delivery.objects.select_for_update().get(pk=delivery_id)
    add_counts(delivery, loaded)
    if not delivery.chunks.filter(state=Chunk.State.PENDING).exists():
        _finish(delivery, is_report=is_report, at=at)
    delivery.save()


def _finish(delivery: Delivery, *, is_report: bool, at: datetime) -> None:
    notes: tuple[str, ...] = ()
    if delivery.state == Delivery.State.RUNNING:
        delivery.state = Delivery.State.DONE
        if is_report:
            settled = settle_report(delivery, at=at)
            add_counts(delivery, settled.loaded)
            notes = settled.notes
    delivery.finished_at = at
    delivery.reason = delivery.reason or " ".join([*notes, *_words(delivery)])
    path = prepared_file(delivery)
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def _words(delivery: Delivery) -> list[str]:
    words = []
    left_out = delivery.chunks.aggregate(rows=Sum("left_out"))["rows"]
    if left_out:
        rows = "row is" if left_out == 1 else "rows are"
        words.append(f"{left_out:,} {rows} not about AI models and were left out.")
    if delivery.rows and delivery.duplicate == delivery.rows:
        words.append("Nothing changed: every row was loaded before.")
    return words
