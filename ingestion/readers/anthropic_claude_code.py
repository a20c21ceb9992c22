"""Claude Code's analytics: what each person's sessions used in a day, model by model.

What a subscription pays for is no spend by the token: such lines are adjustments of 0
dollars that show tokens and what they would have cost.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from finops.usage.reading import first_count, first_mapping
from ingestion.readers.anthropic_costs import dollars
from ingestion.readers.contract import Chunk, Options
from ingestion.readers.gathered import Fields, gathered_report, tags_from
from ingestion.readers.instants import instant
from ingestion.readers.jsontext import Objects, objects_in
from ingestion.readers.pages import ENDS, STARTS, is_complete, pages_of
from ingestion.readers.reports import Bucket, ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.takes import NOTHING

DAY = timedelta(days=1)
TAGS = ("customer_type", "subscription_type", "terminal_type")
ESTIMATE_UNIT = "USD, estimated"
CUSTOMERS = ("api", "subscription")


def detect(head: bytes) -> bool:
    """Test whether a file's start is a page of sessions by model."""
    return b'"model_breakdown"' in head and b'"customer_type"' in head


def read(chunk: Chunk, _options: Options) -> ReportBatch:
    """Read the pages of one day or of several; a problem's line is its record's number.

    A record whose day, customer or models cannot be read is one problem; else each of its
    models is a line.
    """
    pages = pages_of(chunk.content, report="Claude Code's analytics")
    objects = objects_in([record for page in pages for record in page["data"]], first_line=1)
    days = [day for record in objects.values if (day := _day(record))]
    return gathered_report(
        _by_model(objects),
        _line,
        field="record",
        buckets=list(dict.fromkeys(days)),
        complete=is_complete(pages),
    )


def _by_model(records: Objects) -> Objects:
    """Return an object for each model of each record; records stay whole for what is raw."""
    rows = [
        (row, {**record, "model_breakdown": used})
        for row, record in enumerate(records.values)
        for used in _models(record)
    ]
    lines = np.array([records.lines[row] for row, _ in rows], dtype=np.int64)
    values = [value for _, value in rows]
    return Objects(values, lines, lambda index: records.raw(rows[index][0]), records.problems)


def _models(record: Mapping[str, Any]) -> Iterator[dict[str, Any] | None]:
    """Yield each model's use, and None for what is no object: its line refuses it."""
    used = record.get("model_breakdown")
    for one in used if isinstance(used, list) else [used]:
        yield one if isinstance(one, dict) else None


def _day(record: Mapping[str, Any]) -> Bucket | None:
    at = instant(str(record.get("date") or ""))
    if at is None:
        return None
    starts_at = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return starts_at, starts_at + DAY


def _line(record: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
    used, day = record["model_breakdown"], _day(record)
    if day is None:
        raise ValueError(f"date is {record.get('date')!r}, which is no day")
    if used is None:
        raise ValueError("model_breakdown is no list of objects")
    if record.get("customer_type") not in CUSTOMERS:
        raise ValueError(f"customer_type is not {' or '.join(CUSTOMERS)}")
    fields = {
        STARTS: day[0].isoformat(),
        ENDS: day[1].isoformat(),
        "provider": "anthropic",
        "model": used.get("model"),
        "workflow": "Claude Code",
        "tags": tags_from(record, TAGS),
    }
    return fields | _actor(record) | _tokens(used) | _charge(record, used), ()


def _actor(record: Mapping[str, Any]) -> dict[str, Any]:
    actor = first_mapping(record, "actor")
    return {"person": actor.get("email_address"), "key": actor.get("api_key_name")}


def _tokens(used: Mapping[str, Any]) -> dict[str, Any]:
    tokens = first_mapping(used, "tokens")
    return {
        "in_text": first_count(tokens, "input"),
        "in_cache_read": first_count(tokens, "cache_read"),
        # How long they live is not told; five minutes is what is written by default.
        "in_cache_write_5m": first_count(tokens, "cache_creation"),
        "out_text": first_count(tokens, "output"),
    }


def _charge(record: Mapping[str, Any], used: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the tokens are charged as.

    The estimate, out of cents, is kept as a quantity: where tokens are billed it is no list
    cost, for the difference to what they cost would pass for a discount.
    """
    estimate = first_mapping(used, "estimated_cost")
    usd = dollars(estimate, "amount") if estimate.get("amount") is not None else ""
    unit = ESTIMATE_UNIT if usd else ""
    charge = {"currency": estimate.get("currency"), "quantity": usd, "quantity_unit": unit}
    if record["customer_type"] == "api":
        return charge | {"charge_category": "usage", "line_item": "Claude Code"}
    return charge | {
        "charge_category": "adjustment",
        "line_item": "Claude Code, paid by subscription",
        "stated_usd": "0",
        "billed_usd": "0",
        "listed_usd": usd,
    }


SOURCE = Source(
    name="anthropic-claude-code",
    # A part of what the usage report counts, so never by itself the meter of the account.
    kind="cost",
    title="Claude Code analytics, JSON pages",
    detects="customer_type and model_breakdown",
    documentation=f"{DOCUMENTATION}#anthropic-claude-code",
    detect=detect,
    read=read,
    takes=NOTHING,
    is_document=True,
    provider="anthropic",
    account="anthropic",
)
