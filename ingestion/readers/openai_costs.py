"""OpenAI's costs API: pages of daily buckets, what the provider says it costs."""

from collections.abc import Mapping, Sequence
from typing import Any

from finops.usage.reading import first_mapping
from ingestion.readers.contract import Chunk, Options
from ingestion.readers.gathered import Fields, tags_from
from ingestion.readers.openai_line_items import parted, tokens_of
from ingestion.readers.pages import (
    OPENAI_TIMES,
    buckets_of,
    check_once,
    is_complete,
    pages_of,
    report_of,
)
from ingestion.readers.reports import ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.takes import NOTHING
from ingestion.readers.tiers import tier_of


def detect(head: bytes) -> bool:
    """Test whether a file's start is a page of cost buckets."""
    return b'"bucket"' in head and (
        b"organization.costs.result" in head or b"organization_costs_result" in head
    )


def read(chunk: Chunk, _options: Options) -> ReportBatch:
    """Read the pages of one report; Refused for what is none, and for a bucket twice."""
    pages = pages_of(chunk.content, report="the costs API")
    buckets = buckets_of(pages, OPENAI_TIMES)
    check_once(buckets)
    return report_of(buckets, _line, field="amount", complete=is_complete(pages))


def _line(result: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
    amount = first_mapping(result, "amount")
    if amount.get("value") in (None, ""):
        raise ValueError("the amount has no value")
    item = parted(str(result.get("line_item") or ""))
    fields = {
        "provider": "openai",
        "line_item": result.get("line_item"),
        "model": item.model,
        "project": result.get("project_id"),
        "key": result.get("api_key_id"),
        "person": result.get("user_id"),
        "service_tier": tier_of(None, batch=item.is_batch),
        "stated_usd": amount["value"],
        "billed_usd": amount["value"],
        "currency": amount.get("currency"),
        "quantity": result.get("quantity"),
        "quantity_unit": result.get("quantity_unit"),
        "tags": tags_from(result, ("api_source",)),
    }
    return fields | tokens_of(item, result), ()


SOURCE = Source(
    name="openai-costs",
    kind="cost",
    title="OpenAI costs API, JSON pages",
    detects="buckets of organization.costs.result",
    documentation=f"{DOCUMENTATION}#openai-costs",
    detect=detect,
    read=read,
    takes=NOTHING,
    is_document=True,
    provider="openai",
    account="openai",
)
