"""Anthropic's Console export of usage: tokens by day, model, workspace and key."""

from collections.abc import Mapping, Sequence
from typing import Any

from ingestion.readers.anthropic_console import DAY_COLUMN, who_and_when
from ingestion.readers.contract import Chunk, Options
from ingestion.readers.csvtext import check_columns, read_objects
from ingestion.readers.gathered import Fields, gathered_report
from ingestion.readers.reports import ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source

MODEL = "model_version"
COUNTS = {
    "usage_input_tokens_no_cache": "in_text",
    "usage_input_tokens_cache_read": "in_cache_read",
    "usage_input_tokens_cache_write_5m": "in_cache_write_5m",
    "usage_input_tokens_cache_write_1h": "in_cache_write_1h",
    "usage_output_tokens": "out_text",
    "web_search_count": "web_searches",
}
# Early files have one column for writes, of a time when entries lived five minutes only.
UNSPLIT = "usage_input_tokens_cache_write"


def detect(head: bytes) -> bool:
    """Test whether a file's first line names UTC days of usage and tokens."""
    first = head.partition(b"\n")[0]
    return DAY_COLUMN.encode() in first and b"usage_output_tokens" in first


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where the header is not that of an export of usage."""
    file = "a Console export of usage"
    check_columns(
        chunk, DAY_COLUMN, MODEL, "usage_input_tokens_no_cache", "usage_output_tokens", file=file
    )


def read(chunk: Chunk, options: Options) -> ReportBatch:
    """Read a chunk of the export."""
    check(chunk, options)
    return gathered_report(read_objects(chunk), _line, field="row")


def _line(row: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
    counts = {field: row.get(column) for column, field in COUNTS.items()}
    if UNSPLIT in row:
        counts["in_cache_write_5m"] = row[UNSPLIT]
    return {**who_and_when(row, model=str(row.get(MODEL) or "")), **counts}, ()


SOURCE = Source(
    name="anthropic-console-usage",
    kind="usage",
    title="Anthropic Console, export of usage",
    detects="the columns usage_date_utc and usage_output_tokens",
    documentation=f"{DOCUMENTATION}#anthropic-console-usage",
    detect=detect,
    check=check,
    read=read,
    provider="anthropic",
    account="anthropic",
)
