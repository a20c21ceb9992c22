"""Anthropic's Console export of costs: dollars by day, model, workspace, key and token type.

Its amounts are rounded to cents row by row, so that much use of little cost shows as 0.00.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from finops.money import BadAmount, parse_usd
from ingestion.readers.anthropic_console import DAY_COLUMN, who_and_when
from ingestion.readers.anthropic_models import model_id
from ingestion.readers.contract import Chunk, Options
from ingestion.readers.csvtext import check_columns, read_objects
from ingestion.readers.gathered import Fields, gathered_report
from ingestion.readers.reports import ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source

COST = "cost_usd"
# The true cost is anything under half a cent, and is in no other column.
ROUNDED_AWAY = "DQ_ROUNDED_TO_ZERO"


def detect(head: bytes) -> bool:
    """Test whether a file's first line names UTC days of usage and their cost."""
    first = head.partition(b"\n")[0]
    return DAY_COLUMN.encode() in first and COST.encode() in first


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where the header is not that of an export of costs."""
    check_columns(chunk, DAY_COLUMN, COST, file="a Console export of costs")


def read(chunk: Chunk, options: Options) -> ReportBatch:
    """Read a chunk of the export; rows whose cost is 0.00 are taken and doubted."""
    check(chunk, options)
    return gathered_report(read_objects(chunk), _line, field="row")


def _line(row: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
    cost = str(row.get(COST) or "").strip()
    if not cost:
        raise ValueError(f"{COST} is missing")
    model, token_type = str(row.get("model") or ""), row.get("token_type")
    described = (model, token_type or row.get("cost_type"))
    fields = {
        "line_item": ", ".join(str(word) for word in described if word),
        "stated_usd": cost,
        "billed_usd": cost,
        "listed_usd": row.get("list_price_usd"),
    }
    return {**who_and_when(row, model=model_id(model)), **fields}, _doubts(cost)


def _doubts(cost: str) -> Sequence[str]:
    try:
        return () if parse_usd(cost) else (ROUNDED_AWAY,)
    except BadAmount:
        return ()  # the amount is refused, with its reason, when it is read


SOURCE = Source(
    name="anthropic-console-costs",
    kind="cost",
    title="Anthropic Console, export of costs",
    detects="the columns usage_date_utc and cost_usd",
    documentation=f"{DOCUMENTATION}#anthropic-console-costs",
    detect=detect,
    check=check,
    read=read,
    provider="anthropic",
    account="anthropic",
)
