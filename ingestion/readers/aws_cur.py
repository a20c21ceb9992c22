"""AWS' cost and usage reports: the lines of Bedrock, the Marketplace's models among them.

CUR 2.0 (line_item_usage_type) and the older reports (lineItem/UsageType) are read alike.
A line belongs to its billing period, which every delivery tells whole.
"""

import json
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa

from ingestion.readers.aws_charges import Charge, charge_of
from ingestion.readers.aws_principals import caller_of, profile_of
from ingestion.readers.bedrock_usage_types import parse_usage_type, region_of
from ingestion.readers.contract import Chunk, Options
from ingestion.readers.convert import Column, Texts
from ingestion.readers.csvtext import header_names
from ingestion.readers.distinct import by_distinct, chosen, for_cells, texts_of, with_columns
from ingestion.readers.exports import check_columns, export_texts, named, plain
from ingestion.readers.metered import (
    buckets_of,
    merged_tags,
    meter_columns,
    number,
    pairs_of,
    report_of,
    whole,
)
from ingestion.readers.meters import UNKNOWN_METER, UNKNOWN_UNIT, Meter
from ingestion.readers.reports import REPORT_TEXT_LIMITS, ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source

SPELLINGS = {
    "kind": ("line_item_line_item_type",),
    "product_code": ("line_item_product_code",),
    "service_code": ("product_servicecode",),
    "product_name": ("product_product_name",),
    "product": ("product",),
    "usage_type": ("line_item_usage_type",),
    "description": ("line_item_line_item_description",),
    "amount": ("line_item_usage_amount",),
    "unit": ("pricing_unit",),
    "cost": ("line_item_unblended_cost",),
    "net_cost": ("line_item_net_unblended_cost",),
    "plan_cost": ("savings_plan_net_savings_plan_effective_cost",
                  "savings_plan_savings_plan_effective_cost"),
    "reserved_cost": ("reservation_net_effective_cost", "reservation_effective_cost"),
    "list_cost": ("pricing_public_on_demand_cost",),
    "currency": ("line_item_currency_code",),
    "from": ("bill_billing_period_start_date",),
    "to": ("bill_billing_period_end_date",),
    "used_at": ("line_item_usage_start_date",),
    "account": ("line_item_usage_account_id",),
    "resource": ("line_item_resource_id",),
    "principal": ("line_item_iam_principal",),
    "region": ("product_region_code", "product_region"),
    "invoice": ("bill_invoice_id",),
    "resource_tags": ("resource_tags",),
    "tags": ("tags",),
}  # fmt: skip
NEEDED = ("kind", "product_code", "usage_type", "amount", "cost", "currency", "from", "to")
DETECTED = tuple(SPELLINGS[name][0] for name in ("kind", "usage_type", "product_code", "from"))
WHAT = "A cost and usage report"
BAGS = ("product", "resource_tags", "tags")
PRODUCT = ("product_code", "service_code", "product_name")
# What a unit of usage is in tokens; the Marketplace's plain unit is a million of them.
BLOCKS = {
    "1k tokens": 1000,
    "1000 tokens": 1000,
    "1m tokens": 10**6,
    "1000000 tokens": 10**6,
    "units": 10**6,
    "unit": 10**6,
    "tokens": 1,
    "token": 1,
}
COUNTED = ("usage", "discountedusage", "savingsplancoveredusage")
_TAG_COLUMN = re.compile(r"^resource_?tags[/_](?:user[:_])?(.+)$", re.IGNORECASE)
_TAG_NAME = re.compile(r"^(?:.*/)?(?:user[:_])?")


def detect(head: bytes) -> bool:
    """Test whether a file's start has the columns of a cost and usage report."""
    return named(head, DETECTED)


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where a column is missing."""
    check_columns(chunk, SPELLINGS, NEEDED, WHAT)


def read(chunk: Chunk, options: Options) -> ReportBatch:
    """Read Bedrock's lines out of a chunk of a report; the others are left out."""
    check(chunk, options)
    tag_columns = _tag_columns(chunk)
    everything = _with_product(export_texts(chunk, SPELLINGS | tag_columns, bags=BAGS))
    are_ours = for_cells(everything, _is_bedrocks, *PRODUCT)
    texts = chosen(everything, np.array(are_ours, dtype=bool))
    meters = for_cells(texts, _meter, "kind", "usage_type", "product_name")
    counting = texts_of("tokens" if meter.token_class else meter.counter for meter in meters)
    amounts = [texts.columns[name] for name in ("amount", "unit", "usage_type")]
    pieces = by_distinct([*amounts, counting], _piece)
    tags = for_cells(texts, _tags, "tags", "resource_tags")
    columns = (
        _lines(texts)
        | _charged(texts, has_net=_has_net(chunk, everything))
        | meter_columns(meters, [piece for piece, _ in pieces])
        | {"tags": texts_of(found for found, _ in tags)}
        | {name: texts.columns[name] for name in tag_columns}
    )
    return report_of(
        with_columns(texts, columns),
        buckets=buckets_of(everything.columns["from"], everything.columns["to"]),
        doubts={
            "line_item": ["" if meter.is_known else UNKNOWN_METER for meter in meters],
            "quantity_unit": [doubt for _, doubt in pieces],
            "tags": [doubt for _, doubt in tags],
        },
        left_out=len(everything.lines) - len(texts.lines),
    )


def _tag_columns(chunk: Chunk) -> dict[str, tuple[str, ...]]:
    """Return the columns that older reports have for each tag; of two alike, the first."""
    if chunk.shape != "csv":
        return {}
    columns: dict[str, tuple[str, ...]] = {}
    for name in header_names(chunk.header):
        if found := _TAG_COLUMN.match(name):
            taken = {plain(column) for column, *_ in columns.values()}
            if plain(name) not in taken:
                columns[f"tags.{found[1]}"] = (name,)
    return columns


def _with_product(texts: Texts) -> Texts:
    """Add the product's name, which the newer report has in a map."""
    names = texts_of(for_cells(texts, _product_name, "product_name", "product"))
    return with_columns(texts, dict(texts.columns) | {"product_name": names})


def _product_name(name: str, product: str) -> str:
    return name.strip() or _bag(product).get("product_name", "")


def _bag(text: str) -> dict[str, str]:
    """Return a map's pairs; one that cannot be read has none."""
    try:
        return pairs_of(json.loads(text)) if text.strip() else {}
    except ValueError:
        return {}


def _is_bedrocks(*product: str) -> bool:
    """Test whether a product is Bedrock, or a Claude that the Marketplace sells."""
    text = " ".join(product).lower()
    return "bedrock" in text or "claude" in text


def _meter(kind: str, usage_type: str, product_name: str) -> Meter:
    """Read the meter of a line; a tax or a credit has none that counts."""
    meter = parse_usage_type(usage_type, product_name)
    if kind.strip().lower() in COUNTED:
        return meter
    return replace(meter, token_class="", counter="", is_known=True)


def _piece(amount: str, unit: str, usage_type: str, counts: str) -> tuple[int, str]:
    if not counts:
        return 0, ""
    if counts != "tokens":
        return whole(number(amount), 1), ""
    unit = unit.strip().lower() or ("units" if usage_type.endswith("-Units") else "")
    block = BLOCKS.get(unit)
    return (0, UNKNOWN_UNIT) if block is None else (whole(number(amount), block), "")


def _has_net(chunk: Chunk, texts: Texts) -> bool:
    if chunk.shape == "csv":
        return "lineitemnetunblendedcost" in map(plain, header_names(chunk.header))
    return any(texts.columns["net_cost"].to_pylist())


def _charged(texts: Texts, *, has_net: bool) -> dict[str, Column]:
    fields = "kind", "cost", "net_cost", "plan_cost", "reserved_cost"
    charges = for_cells(texts, lambda *cells: _charge(*cells, has_net=has_net), *fields)
    return {
        "charge_category": texts_of(charge.category for charge in charges),
        "billed_usd": texts_of(charge.billed for charge in charges),
        "stated_usd": texts_of(charge.effective for charge in charges),
    }


def _charge(
    kind: str, cost: str, net_cost: str, plan_cost: str, reserved_cost: str, *, has_net: bool
) -> Charge:
    return charge_of(
        kind=kind,
        cost=cost.strip(),
        net_cost=net_cost.strip(),
        has_net=has_net,
        covered_cost=plan_cost.strip() or reserved_cost.strip(),
    )


def _lines(texts: Texts) -> dict[str, Column]:
    """Return whose a line is, when and what it is, apart from what it costs and counts."""
    columns = texts.columns
    callers = for_cells(texts, caller_of, "principal")
    return {
        "provider": pa.repeat("aws", len(texts.lines)),
        "bucket_starts_at": columns["from"],
        "bucket_ends_at": columns["to"],
        "started_at": texts_of(for_cells(texts, _first, "used_at", "from")),
        "account": columns["account"],
        "key": texts_of(key for key, _ in callers),
        "person": texts_of(person for _, person in callers),
        "project": texts_of(for_cells(texts, profile_of, "resource")),
        "line_item": texts_of(
            for_cells(texts, _line_item, "kind", "usage_type", "product_name", "description")
        ),
        "listed_usd": columns["list_cost"],
        "quantity": columns["amount"],
        "quantity_unit": columns["unit"],
        "currency": columns["currency"],
        "invoice": columns["invoice"],
        "tags.x_region": texts_of(for_cells(texts, _region, "region", "usage_type")),
    }


def _first(*cells: str) -> str:
    return next((cell for cell in cells if cell.strip()), "")


def _line_item(kind: str, usage_type: str, product_name: str, description: str) -> str:
    """Return what is charged; the Marketplace's usage types do not name the model."""
    name = usage_type.strip()
    if ":" in name or name.endswith("-Units"):
        name = f"{product_name} {name}".strip()
    name = name or description.strip() or product_name
    kind = kind.strip()
    name = name if kind.lower() in {"", "usage"} else f"{name} ({kind})"
    return name[: REPORT_TEXT_LIMITS["line_item"]]


def _tags(tags: str, resource_tags: str) -> tuple[str, str]:
    """Return tags by their names alone; those of the resource stand over all others."""
    return merged_tags(tags, resource_tags, called=lambda name: _TAG_NAME.sub("", name))


def _region(code: str, usage_type: str) -> str:
    return code.strip() or region_of(usage_type)


SOURCE = Source(
    name="aws-cur",
    kind="cost",
    title="AWS cost and usage report (CUR 2.0 or older): Bedrock",
    detects="line_item_line_item_type, line_item_usage_type and bill_billing_period_start_date",
    documentation=f"{DOCUMENTATION}#aws-cur",
    detect=detect,
    check=check,
    read=read,
    provider="aws",
)
