"""OpenAI's dashboard export of costs: a row for each day, line item, project and person.

Files since 2026 hold e-mail addresses beside OpenAI's own ids. Ids are what usage says, so
the ids are taken and the addresses are not read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ingestion.readers.contract import Chunk, Options
from ingestion.readers.csvtext import check_columns
from ingestion.readers.gathered import Fields, tags_from
from ingestion.readers.openai_days import OPENAI_DAY, read_days
from ingestion.readers.openai_line_items import parted, tokens_of
from ingestion.readers.reports import ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.tiers import tier_of

COLUMNS = ("amount_value", "amount_currency", "line_item")


def detect(head: bytes) -> bool:
    """Test whether a file's first line names times and amounts."""
    first = head.partition(b"\n")[0]
    return b"start_time_iso" in first and b"amount_value" in first


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where the header is not that of an export of costs."""
    check_columns(chunk, *OPENAI_DAY, *COLUMNS, file="an export of costs")


def read(chunk: Chunk, options: Options) -> ReportBatch:
    """Read a chunk of the export; a row with nothing but times is a day without costs."""
    check(chunk, options)
    return read_days(chunk, _line, field="row")


def _line(row: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
    amount = row.get("amount_value")
    if amount is None:
        raise ValueError("amount_value is missing")
    item = parted(str(row.get("line_item") or ""))
    fields = {
        "provider": "openai",
        "line_item": row.get("line_item"),
        "model": item.model,
        "project": row.get("project_id"),
        "key": row.get("api_key_id"),
        "person": row.get("user_id"),
        "service_tier": tier_of(None, batch=item.is_batch),
        "stated_usd": amount,
        "billed_usd": amount,
        "currency": row.get("amount_currency"),
        "quantity": row.get("quantity"),
        "quantity_unit": row.get("quantity_unit"),
        "tags": tags_from(row, ("api_source",)),
    }
    return fields | tokens_of(item, row), ()


SOURCE = Source(
    name="openai-costs-csv",
    kind="cost",
    title="OpenAI dashboard, export of costs",
    detects="the columns start_time_iso and amount_value",
    documentation=f"{DOCUMENTATION}#openai-costs-csv",
    detect=detect,
    check=check,
    read=read,
    provider="openai",
    account="openai",
)
