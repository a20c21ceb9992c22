"""Storing bucketed reports: lines under building buckets, which replace whole versions.

Parts of a file write their lines in any order. With the last part the buckets are
settled: each becomes the current version of its stretch of time, or changes nothing.
"""

import io
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from django.db.models import F
from django.db.models.functions import Least
from pyarrow import csv

from finops.tokens import TOKEN_CLASSES
from ingestion.models import Delivery, ReportBucket, ReportLine
from ingestion.operations.loaded import Loaded, keep_rejects
from ingestion.queries.prices import price_book_version
from ingestion.readers.contract import Problem
from ingestion.readers.reports import Bucket, ReportBatch
from ingestion.report_staging import BucketSum, bucket_sums, stage_lines
from org.operations.calendar import fix_time_zone
from org.operations.first_run import ensure_company
from org.queries.calendar import company

State = ReportBucket.State

_COLUMNS = (
    "bucket_id", "line", "slice_id", "started_at", "utc_day", "reporting_day",
    "charge_category", "status", "requests", "web_searches", *TOKEN_CLASSES,
    "cost_usd", "list_usd", "billed_usd", "stated_usd", "listed_usd", "line_item", "quantity",
    "quantity_unit", "invoice", "counters", "tags", "service_tier", "region",
)  # fmt: skip
_DAYS = frozenset({"utc_day", "reporting_day"})
_NULL_IF_BLANK = frozenset(
    {"stated_usd", "listed_usd", "quantity", "counters", "tags", "service_tier", "region"}
)

_SOURCE_LOCK = 7_305_030


class StagedReport(NamedTuple):
    """A part of a report ready for the line table, and what it says of its buckets."""

    lines: pd.DataFrame
    sums: dict[Bucket, BucketSum]
    problems: list[Problem]
    doubts: list[Problem]
    rows: int
    left_out: int
    is_complete: bool
    book: int  # the version of the price book that rated the lines


def stage_report(batch: ReportBatch, *, delivery: Delivery, at: datetime) -> StagedReport:
    """Make a part of a report ready to be stored, and open the buckets it speaks of."""
    ensure_company(at=at)
    fix_time_zone(at=at)
    _open_buckets(delivery, [*batch.buckets, *_buckets_of(batch.frame)])
    lines, book = pd.DataFrame(), price_book_version()
    if not batch.frame.empty:
        lines = stage_lines(
            batch.frame,
            source=delivery.source,
            account=delivery.account,
            zone=company().zone,
            book=book,
        )
    return StagedReport(
        lines=lines,
        sums=bucket_sums(lines),
        problems=batch.problems,
        doubts=batch.doubts,
        rows=batch.rows,
        left_out=batch.left_out,
        is_complete=batch.complete,
        book=book,
    )


def store_report(staged: StagedReport, *, delivery: Delivery, is_alone: bool) -> Loaded:
    """Store a part's lines under the buckets of a delivery that the caller has locked.

    The lines themselves are counted when the buckets are settled. `is_alone` says that
    the part is the whole file, so that a bucket known to be unchanged needs no lines.
    """
    keep_rejects(delivery, staged.problems)
    lines = staged.lines
    if is_alone and not lines.empty:
        hold_source_still(delivery)
        lines = _without_unchanged(lines, staged.sums, delivery)
    ids = {(row.starts_at, row.ends_at): row.pk for row in delivery.buckets.all()}
    if not lines.empty:
        _copy(lines, ids)
    for span, added in staged.sums.items():
        ReportBucket.objects.filter(pk=ids[span]).update(
            line_count=F("line_count") + added.lines,
            content_hash=F("content_hash") + added.hashes,
            rated_by=Least(F("rated_by"), staged.book),
        )
    rejected = len(staged.problems)
    return Loaded(rows=rejected, rejected=rejected, doubts=staged.doubts)


def discard_report(delivery: Delivery) -> None:
    """Drop what a delivery that failed had written: nothing of it ever counted."""
    building = delivery.buckets.filter(state=State.BUILDING)
    ReportLine.objects.filter(bucket__in=building).delete()
    building.delete()


def hold_source_still(delivery: Delivery) -> None:
    """Let no other report of the delivery's source and account settle until the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))",
            [_SOURCE_LOCK, f"{delivery.source} {delivery.account}"],
        )


def current_buckets(delivery: Delivery) -> dict[Bucket, ReportBucket]:
    """Return the current versions of the stretches that the delivery's buckets speak of."""
    starts = delivery.buckets.values("starts_at")
    rows = ReportBucket.objects.filter(
        source=delivery.source,
        account=delivery.account,
        state=State.CURRENT,
        starts_at__in=starts,
    )
    return {(row.starts_at, row.ends_at): row for row in rows}


def _open_buckets(delivery: Delivery, spans: Iterable[Bucket]) -> None:
    ReportBucket.objects.bulk_create(
        (
            ReportBucket(
                source=delivery.source,
                account=delivery.account,
                delivery=delivery,
                starts_at=starts_at,
                ends_at=ends_at,
            )
            for starts_at, ends_at in sorted(set(spans))
        ),
        ignore_conflicts=True,
        batch_size=2000,
    )


def _buckets_of(frame: pd.DataFrame) -> list[Bucket]:
    spans = frame[["bucket_starts_at", "bucket_ends_at"]].drop_duplicates()
    return [
        (start.to_pydatetime(), end.to_pydatetime())
        for start, end in spans.itertuples(index=False, name=None)
    ]


def _without_unchanged(
    lines: pd.DataFrame, sums: dict[Bucket, BucketSum], delivery: Delivery
) -> pd.DataFrame:
    current = current_buckets(delivery)
    unchanged = [
        span
        for span, told in sums.items()
        if span in current
        and (current[span].line_count, int(current[span].content_hash)) == (told.lines, told.hashes)
    ]
    spans = pd.MultiIndex.from_frame(lines[["starts_at", "ends_at"]])
    return lines[~spans.isin(unchanged)] if unchanged else lines


def _copy(lines: pd.DataFrame, ids: dict[Bucket, int]) -> None:
    spans = lines.groupby(["starts_at", "ends_at"], sort=False).ngroup()
    firsts = lines.loc[~spans.duplicated(), ["starts_at", "ends_at"]]
    by_span = [
        ids[start.to_pydatetime(), end.to_pydatetime()]
        for start, end in firsts.itertuples(index=False, name=None)
    ]
    lines = lines.assign(bucket_id=np.array(by_span, dtype=np.int64)[spans.to_numpy()])
    text = io.BytesIO()
    csv.write_csv(
        pa.table({name: _arrow(name, lines[name]) for name in _COLUMNS}),
        text,
        csv.WriteOptions(include_header=False),
    )
    statement = f"COPY ingestion_reportline ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT csv)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(text.getbuffer())


def _arrow(name: str, values: pd.Series) -> pa.Array:
    if name in _DAYS:
        return pa.array(values, type=pa.timestamp("us"), from_pandas=True).cast(pa.date32())
    if name in _NULL_IF_BLANK:
        column = pa.array(values, type=pa.string())
        return pc.if_else(pc.equal(column, ""), None, column)
    if name.endswith("_usd"):
        return pa.array(values.to_numpy(dtype=object), type=pa.string(), from_pandas=True)
    return pa.array(values)
