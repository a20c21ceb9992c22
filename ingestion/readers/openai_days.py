"""The days of OpenAI's dashboard exports: each row says when its bucket starts and ends."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ingestion.readers.contract import Chunk
from ingestion.readers.csvtext import read_objects
from ingestion.readers.gathered import Fields, ReadFields, gathered_report
from ingestion.readers.instants import instant
from ingestion.readers.reports import Bucket, ReportBatch

OPENAI_DAY = ("start_time", "end_time")
# The exports also write them as text, some with and some without an offset.
TIMES = frozenset({*OPENAI_DAY, "start_time_iso", "end_time_iso"})
# What a day says that has nothing to tell.
BESIDE = frozenset({"organization_id", "organization_name"})


def read_days(chunk: Chunk, fields_of: ReadFields, *, field: str) -> ReportBatch:
    """Read the rows that say more than their day, and name the days of the others."""

    def in_bucket(row: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
        fields, codes = fields_of(row)
        starts, ends = (row.get(name) for name in OPENAI_DAY)
        return {**fields, "bucket_starts_at": starts, "bucket_ends_at": ends}, codes

    objects = read_objects(chunk)
    told, buckets = [], []
    for index, row in enumerate(objects.values):
        bucket = None if row.keys() - TIMES - BESIDE else _bucket(row)
        if bucket is None:
            told.append(index)
        else:
            buckets.append(bucket)
    return gathered_report(objects.chosen(told), in_bucket, field=field, buckets=buckets)


def _bucket(row: Mapping[str, str]) -> Bucket | None:
    """Return a day without anything, or None where its times cannot be read."""
    starts, ends = (instant(row.get(name, "").strip()) for name in OPENAI_DAY)
    return (starts, ends) if isinstance(starts, datetime) and ends and ends > starts else None
