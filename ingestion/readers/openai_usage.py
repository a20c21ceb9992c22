"""OpenAI's usage API: pages of buckets for each kind of request, counted and not priced.

A bucket's lines are those of every kind together, so a delivery should hold the pages of
all kinds, one kind after another.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from finops.usage.openai import from_openai_report
from ingestion.readers.contract import Chunk, Options
from ingestion.readers.gathered import Fields, tags_from
from ingestion.readers.pages import (
    OPENAI_TIMES,
    Page,
    PageBucket,
    buckets_of,
    check_once,
    pages_of,
    report_of,
)
from ingestion.readers.reports import ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.takes import NOTHING
from ingestion.readers.tiers import tier_of

OBJECT = "organization.usage."
COMPLETIONS = "completions"
# What each kind counts beside tokens → where it is kept: a counter, or else the quantity,
# in the unit named here.
KINDS: Mapping[str, Mapping[str, str]] = {
    COMPLETIONS: {"num_model_requests": "requests"},
    "embeddings": {"num_model_requests": "requests"},
    "moderations": {"num_model_requests": "requests"},
    "images": {"num_model_requests": "requests", "images": "images_generated"},
    "audio_speeches": {"num_model_requests": "requests", "characters": "characters"},
    "audio_transcriptions": {"num_model_requests": "requests", "seconds": "audio_seconds"},
    "vector_stores": {"usage_bytes": "bytes"},
    "code_interpreter_sessions": {"num_sessions": "tool_sessions"},
    "file_searches": {"num_requests": "file searches"},
    # The request that searched stands among the completions; here it would count twice.
    "web_searches": {"num_requests": "web_searches"},
}
UNITS = frozenset({"bytes", "file searches"})
TAGS = ("api_source", "context_level", "size", "source", "vector_store_id")


def detect(head: bytes) -> bool:
    """Test whether a file's start is a page of usage buckets."""
    return b'"bucket"' in head and OBJECT.encode() in head


def read(chunk: Chunk, _options: Options) -> ReportBatch:
    """Read the pages of one kind or of several.

    Raises Refused for what is not such a page, and for a bucket that one kind has twice.
    """
    pages = pages_of(chunk.content, report="the usage API")
    buckets = buckets_of(pages, OPENAI_TIMES)
    for kind in _kinds(buckets):
        check_once((one for one in buckets if _kind_of(one) == kind), of=f" of {kind}")
    return report_of(buckets, _line, field="usage", complete=is_whole(pages))


def is_whole(pages: Sequence[Page]) -> bool:
    """Test whether nothing is missing of what the delivery's buckets hold.

    Every kind's pages must go on to one that says no more follow. What holds a single
    kind that is not completions is taken for a part: it must not stand for the whole.
    """
    ended = sum(page.get("has_more") is False for page in pages)
    cut = any(
        page.get("has_more") is not False and not _goes_on(page, following)
        for page, following in pairwise([*pages, {"data": []}])
    )
    has_main = COMPLETIONS in _kinds(buckets_of(pages, OPENAI_TIMES))
    return not cut and (has_main or ended >= len(KINDS))


def _goes_on(page: Page, following: Page) -> bool:
    """Test whether a page's buckets come after those of the one before it."""
    ends = [bucket.ends_at for bucket in buckets_of([page], OPENAI_TIMES)]
    starts = [bucket.starts_at for bucket in buckets_of([following], OPENAI_TIMES)]
    return bool(ends and starts) and ends[-1] <= starts[0]


def _kinds(buckets: Sequence[PageBucket]) -> Iterator[str]:
    """Yield each kind once that has results."""
    yield from dict.fromkeys(kind for bucket in buckets if (kind := _kind_of(bucket)))


def _kind_of(bucket: PageBucket) -> str:
    return next((kind_of(value) for value in bucket.results if isinstance(value, dict)), "")


def kind_of(result: Mapping[str, Any]) -> str:
    """Return what kind of request a result counts."""
    return str(result.get("object")).removeprefix(OBJECT).removesuffix(".result")


def _line(result: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
    return fields_of(result, kind=kind_of(result))


def fields_of(result: Mapping[str, Any], *, kind: str) -> tuple[Fields, Sequence[str]]:
    """Return a line's fields, and the codes of what is odd about its tokens.

    Raises ValueError for a kind that is not known.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of usage that is known")
    normalised = from_openai_report(result)
    (part,) = normalised.parts
    batch = str(result.get("batch")).lower() == "true"
    fields = {
        "provider": "openai",
        "line_item": kind,
        "model": result.get("model"),
        "project": result.get("project_id"),
        "key": result.get("api_key_id"),
        "person": result.get("user_id"),
        "service_tier": tier_of(result.get("service_tier"), batch=batch),
        "tags": tags_from(result, TAGS),
    }
    return fields | part.tokens | _counted(result, kind), normalised.problems


def _counted(result: Mapping[str, Any], kind: str) -> dict[str, Any]:
    counted: dict[str, Any] = {}
    for name, kept_as in KINDS[kind].items():
        if kept_as in UNITS:
            counted |= {"quantity": result.get(name), "quantity_unit": kept_as}
        else:
            counted[kept_as] = result.get(name)
    return counted


SOURCE = Source(
    name="openai-usage",
    kind="usage",
    title="OpenAI usage API, JSON pages",
    detects="buckets of organization.usage.….result",
    documentation=f"{DOCUMENTATION}#openai-usage",
    detect=detect,
    read=read,
    takes=NOTHING,
    is_document=True,
    provider="openai",
    account="openai",
)
