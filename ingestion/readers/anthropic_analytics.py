"""Claude Enterprise's analytics: costs and usage by product and model, whole or by person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from finops.usage.anthropic import from_anthropic_report
from finops.usage.reading import first_mapping
from ingestion.readers.anthropic_costs import dollars
from ingestion.readers.anthropic_served import served
from ingestion.readers.anthropic_usage import COUNTED
from ingestion.readers.contract import Chunk, Options, Problem, Refused
from ingestion.readers.gathered import Fields, ReadFields, tags_from
from ingestion.readers.pages import (
    ANTHROPIC_TIMES,
    Page,
    PageBucket,
    buckets_of,
    check_once,
    is_complete,
    pages_of,
    report_of,
)
from ingestion.readers.reports import ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.takes import NOTHING

TAGS = ("context_window", "cost_type", "inference_geo", "slack_channel_id", "speed", "token_type")
# A bucket has at most so many groups, and no row tells what the others amount to.
MOST_GROUPS = 100
GROUPS_CUT = "DQ_GROUPS_CUT"


def detect_costs(head: bytes) -> bool:
    """Test whether a file's start is a page of costs by product."""
    return b'"list_amount"' in head and b'"product"' in head


def detect_usage(head: bytes) -> bool:
    """Test whether a file's start is a page of tokens by product."""
    return COUNTED.search(head) is not None and b'"product"' in head


def read_costs(chunk: Chunk, _options: Options) -> ReportBatch:
    """Read pages of the cost report or of the user cost report."""
    return _read(chunk, _cost_line, field="amount")


def read_usage(chunk: Chunk, _options: Options) -> ReportBatch:
    """Read pages of the usage report or of the user usage report."""
    return _read(chunk, _usage_line, field="usage")


def _read(chunk: Chunk, fields_of: ReadFields, *, field: str) -> ReportBatch:
    """Read every line; a bucket that may lack groups is taken and doubted.

    Raises Refused for rows by group of people, which overlap and would count twice.
    """
    pages = pages_of(chunk.content, report="Claude Enterprise's analytics")
    buckets = _by_person(pages)
    if not buckets:
        buckets = buckets_of(pages, ANTHROPIC_TIMES)
        check_once(buckets)
    if any(result.get("rbac_group_id") for result in _objects(buckets)):
        raise Refused(
            "These rows are grouped by rbac_group_id: people in two groups stand in both, "
            "and would count twice. Ask for the report without that grouping."
        )
    batch = report_of(buckets, fields_of, field=field, complete=is_complete(pages))
    return replace(batch, doubts=[*batch.doubts, *_cut(buckets)])


def _by_person(pages: Sequence[Page]) -> list[PageBucket]:
    """Return each row of a report by person in a bucket of its own; none for other reports."""
    rows = [row for page in pages for row in page["data"]]
    if not all(isinstance(row, dict) and "results" not in row for row in rows):
        return []
    return buckets_of([{"data": [{**row, "results": [row]} for row in rows]}], ANTHROPIC_TIMES)


def _objects(buckets: Sequence[PageBucket]) -> Iterator[Mapping[str, Any]]:
    yield from (row for bucket in buckets for row in bucket.results if isinstance(row, dict))


def _cut(buckets: Sequence[PageBucket]) -> list[Problem]:
    """Return a doubt for the last line of every bucket with as many groups as there can be."""
    doubts, line = [], 0
    for bucket in buckets:
        line += len(bucket.results)
        if len(bucket.results) >= MOST_GROUPS:
            starts = f"the bucket that starts at {bucket.starts_at:%Y-%m-%d %H:%M}"
            doubts.append(Problem(line, "results", GROUPS_CUT, starts))
    return doubts


def _cost_line(result: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
    usd = dollars(result, "amount")
    listed = dollars(result, "list_amount") if result.get("list_amount") is not None else ""
    fields = {
        "line_item": result.get("product") or result.get("cost_type"),
        "stated_usd": usd,
        "billed_usd": usd,
        "listed_usd": listed,
        "currency": result.get("currency"),
    }
    return {**_who(result), **fields}, ()


def _usage_line(result: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
    normalised = from_anthropic_report(result)
    (part,) = normalised.parts
    fields = {"line_item": result.get("product"), **part.tokens, **part.counters}
    return {**_who(result), **fields}, normalised.problems


def _who(result: Mapping[str, Any]) -> Fields:
    actor = first_mapping(result, "actor")
    fields = {
        "provider": "anthropic",
        "model": result.get("model"),
        "workflow": result.get("product"),
        "person": actor.get("email") or actor.get("user_id"),
        "requests": result.get("requests"),
        "tags": tags_from(result, TAGS),
    }
    return fields | served(result)


COSTS = Source(
    name="anthropic-analytics-costs",
    kind="cost",
    title="Claude Enterprise analytics, cost reports",
    detects="list_amount and product",
    documentation=f"{DOCUMENTATION}#anthropic-analytics-costs",
    detect=detect_costs,
    read=read_costs,
    takes=NOTHING,
    is_document=True,
    provider="anthropic",
    account="claude-enterprise",
)

USAGE = Source(
    name="anthropic-analytics-usage",
    kind="usage",
    title="Claude Enterprise analytics, usage reports",
    detects="uncached_input_tokens and product",
    documentation=f"{DOCUMENTATION}#anthropic-analytics-usage",
    detect=detect_usage,
    read=read_usage,
    takes=NOTHING,
    is_document=True,
    provider="anthropic",
    account="claude-enterprise",
)
