"""LiteLLM's proxy: its SpendLogs table as JSON or CSV, and StandardLoggingPayload.

`prompt_tokens` includes what the cache gave and took. `spend` is LiteLLM's own estimate,
not the provider's statement, so it is left out: the price book rates these calls. Only a
call of an MCP tool has no other price than the fee that the gateway sets for it.
"""

from collections.abc import Sequence
from typing import Any

from ingestion.readers.calls import calls_batch
from ingestion.readers.contract import Chunk, Options, Refused, UsageBatch
from ingestion.readers.csvtext import header_names, read_objects
from ingestion.readers.jsontext import objects_in
from ingestion.readers.litellm_calls import calls_of, check_is_log
from ingestion.readers.litellm_lines import read_lines
from ingestion.readers.source import DOCUMENTATION, Source


def detect(head: bytes) -> bool:
    """Test whether a file's start has LiteLLM's column names."""
    named = b"startTime" in head and b"prompt_tokens" in head
    return named and (b"request_id" in head or b"litellm_call_id" in head)


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where a CSV lacks the columns that every call needs."""
    if chunk.shape != "csv":
        return
    names = header_names(chunk.header)
    check_is_log(names)
    missing = [name for name in ("request_id", "startTime", "model") if name not in names]
    if missing:
        raise Refused(f"A CSV of SpendLogs has no column {' or '.join(missing)} here.")


def read(chunk: Chunk, options: Options) -> UsageBatch:
    """Read a chunk of SpendLogs rows or logging payloads."""
    check(chunk, options)
    return calls_batch(read_objects(chunk), calls_of) if chunk.shape == "csv" else read_lines(chunk)


def read_records(records: Sequence[Any], *, first_line: int = 0) -> UsageBatch:
    """Read rows or payloads that were parsed already; a line is the index in the list."""
    return calls_batch(objects_in(records, first_line=first_line), calls_of)


SOURCE = Source(
    name="litellm",
    kind="usage",
    title="LiteLLM SpendLogs (JSON, CSV) or StandardLoggingPayload",
    detects="startTime, prompt_tokens and request_id or litellm_call_id",
    documentation=f"{DOCUMENTATION}#litellm",
    detect=detect,
    check=check,
    read=read,
    rows_path="data",
    is_mendable=True,
)
