"""Pages of buckets, as the admin APIs of OpenAI and Anthropic answer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingestion.readers.contract import Refused
from ingestion.readers.documents import values_in
from ingestion.readers.gathered import Fields, ReadFields, gathered_report
from ingestion.readers.instants import instant
from ingestion.readers.jsontext import Objects, objects_in
from ingestion.readers.reports import Bucket, ReportBatch

STARTS, ENDS = "bucket_starts_at", "bucket_ends_at"
# The names of a bucket's ends: OpenAI counts seconds, Anthropic writes ISO 8601.
OPENAI_TIMES = ("start_time", "end_time")
ANTHROPIC_TIMES = ("starting_at", "ending_at")

Page = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PageBucket:
    """One bucket of a page, with its results as they came."""

    starts_at: datetime
    ends_at: datetime
    results: list[Any]

    @property
    def span(self) -> Bucket:
        return self.starts_at, self.ends_at


def pages_of(content: bytes, *, report: str) -> list[Page]:
    """Decode one page, a list of pages, or pages that follow one another.

    Numbers keep their own text, so that no digit is lost. Raises Refused for what is not
    pages, saying what `report` they should be of.
    """
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
    try:
        pages = list(values_in(content.decode(), decoder.raw_decode))
    except (ValueError, RecursionError) as error:
        raise Refused(f"The file is not JSON: {error}.") from error
    if not all(isinstance(page, dict) and isinstance(page.get("data"), list) for page in pages):
        raise Refused(f"This is no page of {report}: it has no list 'data'.")
    return pages


def is_complete(pages: Sequence[Page]) -> bool:
    """Test whether the last page says that no more follow."""
    return bool(pages) and pages[-1].get("has_more") is False


def buckets_of(pages: Iterable[Page], times: tuple[str, str]) -> list[PageBucket]:
    """Return the buckets of all pages in their order; raise Refused for what is none."""
    buckets: list[PageBucket] = []
    for value in (value for page in pages for value in page["data"]):
        buckets.append(_bucket(value, times, after=len(buckets)))
    return buckets


def _bucket(value: Any, times: tuple[str, str], *, after: int) -> PageBucket:
    value = value if isinstance(value, dict) else {}
    starts_at, ends_at = (instant(str(value.get(name) or "")) for name in times)
    results = value.get("results")
    if starts_at is None or ends_at is None or not isinstance(results, list):
        raise Refused(
            f"Bucket {after + 1} cannot be read: it needs {times[0]}, {times[1]} and results."
        )
    if ends_at <= starts_at:
        raise Refused(f"Bucket {after + 1} does not end after {starts_at:%Y-%m-%d %H:%M}.")
    return PageBucket(starts_at, ends_at, results)


def check_once(buckets: Iterable[PageBucket], *, of: str = "") -> None:
    """Raise Refused for a bucket that stands twice, whose lines would count twice."""
    seen: set[Bucket] = set()
    for bucket in buckets:
        if bucket.span in seen:
            starts = f"{bucket.starts_at:%Y-%m-%d %H:%M}"
            raise Refused(f"The bucket{of} that starts at {starts} stands twice.")
        seen.add(bucket.span)


def report_of(
    buckets: Sequence[PageBucket], fields_of: ReadFields, *, field: str, complete: bool
) -> ReportBatch:
    """Read every result of the buckets; a problem's line is its number in the file, from 1."""

    def in_bucket(value: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
        fields, codes = fields_of(value)
        return {**fields, STARTS: value[STARTS], ENDS: value[ENDS]}, codes

    spans = list(dict.fromkeys(bucket.span for bucket in buckets))
    return gathered_report(
        _results(buckets), in_bucket, field=field, buckets=spans, complete=complete
    )


def _results(buckets: Iterable[PageBucket]) -> Objects:
    """Return all results as objects that know their bucket."""
    values = []
    for bucket in buckets:
        span = {STARTS: bucket.starts_at.isoformat(), ENDS: bucket.ends_at.isoformat()}
        values += [
            {**value, **span} if isinstance(value, dict) else value for value in bucket.results
        ]
    return objects_in(values, first_line=1)
