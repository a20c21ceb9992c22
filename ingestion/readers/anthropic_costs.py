"""Anthropic's cost report: pages of daily buckets, amounts written in cents."""

from collections.abc import Mapping, Sequence
from typing import Any

from finops.money import dollars_of_cents
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

TAGS = ("context_window", "cost_type", "inference_geo", "token_type")


def detect(head: bytes) -> bool:
    """Test whether a file's start is a page of costs by workspace."""
    return b'"amount"' in head and b'"workspace_id"' in head and b'"cost_type"' in head


def read(chunk: Chunk, _options: Options) -> ReportBatch:
    """Read the pages of one report; Refused for what is none, and for a bucket twice."""
    pages = pages_of(chunk.content, report="the cost report")
    buckets = buckets_of(pages, ANTHROPIC_TIMES)
    check_once(buckets)
    return report_of(buckets, _line, field="amount", complete=is_complete(pages))


def _line(result: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
    usd = dollars(result, "amount")
    fields = {
        "provider": "anthropic",
        "line_item": result.get("description") or result.get("cost_type"),
        "model": result.get("model"),
        "project": result.get("workspace_id"),
        "tags": tags_from(result, TAGS),
        "stated_usd": usd,
        "billed_usd": usd,
        "currency": result.get("currency"),
    }
    return fields | served(result), ()


def dollars(result: Mapping[str, Any], name: str) -> str:
    """Return the dollars of an amount in cents; raises ValueError where there is none."""
    if result.get(name) is None:
        raise ValueError(f"{name} has no value")
    return dollars_of_cents(str(result[name]))


SOURCE = Source(
    name="anthropic-costs",
    kind="cost",
    title="Anthropic cost report, JSON pages",
    detects="amount, cost_type and workspace_id",
    documentation=f"{DOCUMENTATION}#anthropic-costs",
    detect=detect,
    read=read,
    takes=NOTHING,
    is_document=True,
    provider="anthropic",
    account="anthropic",
)
