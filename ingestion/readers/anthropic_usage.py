"""Anthropic's usage report of messages: pages of buckets, tokens in disjoint classes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from finops.usage.anthropic import from_anthropic_report
from ingestion.readers.anthropic_served import served
from ingestion.readers.contract import Chunk, Options
from ingestion.readers.gathered import Fields, tags_from
from ingestion.readers.pages import (
    ANTHROPIC_TIMES,
    buckets_of,
    check_once,
    is_complete,
    pages_of,
    report_of,
)
from ingestion.readers.reports import ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.takes import NOTHING

# As a field: a cost report names it too, but as the value of a token type.
COUNTED = re.compile(rb'"uncached_input_tokens"\s*:')
# What changes a price beside the tier; a report's line is no call, so nobody can tell a
# long context from many short ones without being told.
TAGS = ("context_window", "inference_geo", "speed")


def detect(head: bytes) -> bool:
    """Test whether a file's start is a page of usage by workspace."""
    return COUNTED.search(head) is not None and b'"workspace_id"' in head


def read(chunk: Chunk, _options: Options) -> ReportBatch:
    """Read the pages of one report; Refused for what is none, and for a bucket twice."""
    pages = pages_of(chunk.content, report="the usage report of messages")
    buckets = buckets_of(pages, ANTHROPIC_TIMES)
    check_once(buckets)
    return report_of(buckets, _line, field="usage", complete=is_complete(pages))


def _line(result: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
    normalised = from_anthropic_report(result)
    (part,) = normalised.parts
    fields = {
        "provider": "anthropic",
        "model": result.get("model"),
        "project": result.get("workspace_id"),
        "key": result.get("api_key_id"),
        "person": result.get("account_id") or result.get("service_account_id"),
        "tags": tags_from(result, TAGS),
    }
    return fields | served(result) | part.tokens | part.counters, normalised.problems


SOURCE = Source(
    name="anthropic-usage",
    kind="usage",
    title="Anthropic usage report of messages, JSON pages",
    detects="uncached_input_tokens and workspace_id",
    documentation=f"{DOCUMENTATION}#anthropic-usage",
    detect=detect,
    read=read,
    takes=NOTHING,
    is_document=True,
    provider="anthropic",
    account="anthropic",
)
