"""Google Cloud's billing export to BigQuery: Gemini, and the other models of Vertex AI.

A line stands in its invoice's month, which is a month of California. The export has no
ids of rows and adds corrections for weeks, so that a month is always read whole.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from ingestion.readers.contract import Chunk, Options
from ingestion.readers.convert import Column, Texts
from ingestion.readers.distinct import (
    by_distinct,
    chosen,
    for_cells,
    taken,
    texts_of,
    with_columns,
    without_faults,
)
from ingestion.readers.exports import check_columns, export_texts, named
from ingestion.readers.gcp_credits import Credit, credits_of, effective_cost
from ingestion.readers.google_skus import PROVIDER, parse_sku
from ingestion.readers.metered import (
    buckets_of,
    merged_tags,
    meter_columns,
    number,
    report_of,
    whole,
)
from ingestion.readers.meters import UNKNOWN_METER, UNKNOWN_UNIT, Meter
from ingestion.readers.reports import REPORT_TEXT_LIMITS, ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source

SPELLINGS = {
    "account": ("billing_account_id",),
    "invoice": ("invoice.month",),
    "cost_type": ("cost_type",),
    "service": ("service.description",),
    "sku": ("sku.description",),
    "used_at": ("usage_start_time",),
    "project": ("project.id",),
    "cost": ("cost",),
    "list_cost": ("cost_at_list",),
    "currency": ("currency",),
    "amount": ("usage.amount",),
    "unit": ("usage.unit",),
    "credits": ("credits",),
    "credited": ("credits.amount", "credits_total"),
    "region": ("location.region",),
    "project_labels": ("project.labels",),
    "resource_tags": ("tags",),
    "labels": ("labels",),
}
NEEDED = ("account", "invoice", "service", "sku", "cost", "currency", "amount", "unit")
BAGS = ("credits", "project_labels", "resource_tags", "labels")
TAGS = ("project_labels", "resource_tags", "labels")
PERIOD = ("bucket_starts_at", "bucket_ends_at")
WHAT = "A billing export of Google Cloud"

CALIFORNIA = ZoneInfo("America/Los_Angeles")
CATEGORIES = {"regular": "usage", "": "usage", "tax": "tax"}
UNITS = ("count", "requests", "request", "tokens", "token")
# Services that sell models alone; Vertex AI sells machines and pipelines as well.
MODEL_SERVICES = re.compile(r"^(?:gemini api|generative language api)$|claude|anthropic")
MODELS = re.compile(
    r"gemini|imagen|\bveo\b|lyria|\bpalm\b|claude|gemma|llama|mistral|codestral|jamba|deepseek|qwen"
    r"|grok|gpt-oss|embedding|grounding|provisioned throughput|\btokens?\b"
)


def detect(head: bytes) -> bool:
    """Test whether a file's start has the columns of a billing export, flat or nested."""
    flat = named(head, ("billing_account_id", "invoice.month", "sku.description"))
    return flat or named(head, ("billing_account_id", "invoice", "sku", "usage_start_time"))


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where a column is missing."""
    check_columns(chunk, SPELLINGS, NEEDED, WHAT)


def read(chunk: Chunk, options: Options) -> ReportBatch:
    """Read the lines of models out of a chunk of an export; the others are left out."""
    check(chunk, options)
    everything = _in_months(export_texts(chunk, SPELLINGS, bags=BAGS))
    texts = chosen(
        everything, np.array(for_cells(everything, _is_model, "service", "sku"), dtype=bool)
    )
    left_out = len(everything.lines) - len(texts.lines)
    given = for_cells(texts, credits_of, "credits", "credited")
    texts = without_faults(texts, [each.fault for each in given], "credits")
    given = [each for each in given if not each.fault]
    meters = for_cells(texts, _meter, "sku", "unit", "cost_type")
    counting = texts_of(meter.token_class or meter.counter for meter in meters)
    pieces = by_distinct([texts.columns["amount"], texts.columns["unit"], counting], _piece)
    tags = for_cells(texts, merged_tags, *TAGS)
    effective = map(effective_cost, texts.columns["cost"].to_pylist(), given)
    columns = (
        _lines(texts)
        | meter_columns(meters, [piece for piece, _ in pieces])
        | {"stated_usd": texts_of(effective), "tags": texts_of(found for found, _ in tags)}
    )
    doubts = {
        "line_item": ["" if meter.is_known else UNKNOWN_METER for meter in meters],
        "quantity_unit": [doubt for _, doubt in pieces],
        "tags": [doubt for _, doubt in tags],
    }
    lines = with_columns(texts, columns)
    credited = [(row, credit) for row, each in enumerate(given) for credit in each.items]
    return report_of(
        _with_credits(lines, credited),
        buckets=buckets_of(*(everything.columns[name] for name in PERIOD)),
        doubts={name: [*codes, *([""] * len(credited))] for name, codes in doubts.items()},
        left_out=left_out,
    )


def _is_model(service: str, sku: str) -> bool:
    """Test whether a line is for a language model or what belongs to one."""
    service = service.strip().lower()
    if MODEL_SERVICES.search(service):
        return True
    return service == "vertex ai" and bool(MODELS.search(sku.lower()))


def _in_months(texts: Texts) -> Texts:
    """Add the invoice's month of each line, as the two moments it lies between."""
    months = for_cells(texts, _month, "invoice")
    period = zip(PERIOD, (texts_of(ends) for ends in zip(*months, strict=True)), strict=True)
    return with_columns(texts, dict(texts.columns) | dict(period)) if months else texts


def _month(text: str) -> tuple[str, str]:
    """Return where a month of California begins and ends; a text that is none stays."""
    found = re.fullmatch(r"(\d{4})(0[1-9]|1[0-2])", text.strip())
    if found is None:
        return text, text
    year, month = int(found[1]), int(found[2])
    next_year, next_month = divmod(year * 12 + month, 12)
    return _midnight(year, month), _midnight(next_year, next_month + 1)


def _midnight(year: int, month: int) -> str:
    return datetime(year, month, 1, tzinfo=CALIFORNIA).astimezone(UTC).isoformat()


def _meter(sku: str, unit: str, cost_type: str) -> Meter:
    """Read the meter of a line; a tax or a correction counts nothing."""
    meter = parse_sku(sku)
    if _category(cost_type) != "usage":
        return replace(meter, token_class="", counter="", is_known=True)
    if meter.token_class and unit.strip().lower() == "characters":
        return replace(meter, token_class="", counter="characters")
    return meter


def _category(cost_type: str) -> str:
    return CATEGORIES.get(cost_type.strip().lower(), "adjustment")


def _piece(amount: str, unit: str, counts: str) -> tuple[int, str]:
    """Return how many tokens an amount is: units of 'count' or 'requests' are tokens."""
    if not counts:
        return 0, ""
    if counts.startswith(("in_", "out_")) and unit.strip().lower() not in UNITS:
        return 0, UNKNOWN_UNIT
    return whole(number(amount), 1), ""


def _lines(texts: Texts) -> dict[str, Column]:
    """Return whose a line is, when and what it is, apart from its credits and its count."""
    columns = texts.columns
    return {
        "provider": pa.repeat(PROVIDER, len(texts.lines)),
        **{name: columns[name] for name in PERIOD},
        "started_at": texts_of(for_cells(texts, _moment, "used_at", PERIOD[0])),
        "account": columns["account"],
        "project": columns["project"],
        "charge_category": texts_of(for_cells(texts, _category, "cost_type")),
        "line_item": texts_of(for_cells(texts, _shortened, "sku")),
        "billed_usd": columns["cost"],
        "listed_usd": columns["list_cost"],
        "quantity": columns["amount"],
        "quantity_unit": columns["unit"],
        "currency": columns["currency"],
        "invoice": columns["invoice"],
        "tags.x_region": columns["region"],
    }


def _moment(used_at: str, month_starts_at: str) -> str:
    """Return when usage began; BigQuery writes UTC behind its times."""
    return re.sub(r" UTC$", "Z", used_at.strip()) or month_starts_at


def _shortened(text: str) -> str:
    return text.strip()[: REPORT_TEXT_LIMITS["line_item"]]


def _with_credits(texts: Texts, credited: Sequence[tuple[int, Credit]]) -> Texts:
    """Add a line for each credit, of the same who and what; its line keeps what it counts.

    A discount is in its line's effective cost already, so that its own is nothing.
    """
    if not credited:
        return texts
    count = len(texts.lines)
    at = np.array([row for row, _ in credited], dtype=np.int64)
    doubled = taken(texts, np.concatenate((np.arange(count), at)))
    items = [credit for _, credit in credited]
    skus = texts.columns["line_item"].take(pa.array(at)).to_pylist()
    own = {
        "charge_category": ["credit"] * len(items),
        "line_item": [
            _shortened(f"{sku} ({credit.name})") for sku, credit in zip(skus, items, strict=True)
        ],
        "billed_usd": [credit.amount for credit in items],
        "stated_usd": ["0" if credit.is_discount else credit.amount for credit in items],
        **dict.fromkeys(("listed_usd", "quantity", "quantity_unit"), [""] * len(items)),
    }
    columns = {
        name: _ended_by(column, count, own.get(name, [0] * len(items)))
        if name in own or pa.types.is_integer(column.type)
        else column
        for name, column in doubled.columns.items()
    }
    return with_columns(doubled, columns)


def _ended_by(column: Column, count: int, cells: Sequence[object]) -> Column:
    """Return a column whose cells from `count` on are these."""
    return pa.concat_arrays([column.slice(0, count), pa.array(cells, type=column.type)])


SOURCE = Source(
    name="gcp-billing",
    kind="cost",
    title="Google Cloud billing export (BigQuery), CSV or NDJSON: Gemini and Vertex AI's models",
    detects="billing_account_id, invoice.month and sku.description",
    documentation=f"{DOCUMENTATION}#gcp-billing",
    detect=detect,
    check=check,
    read=read,
    provider=PROVIDER,
)
