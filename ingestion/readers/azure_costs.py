"""Azure Cost Management's exports of cost and usage: the lines of language models.

EA and MCA name their columns differently and mean the same. A line belongs to the billing
period it stands in, so that an export of the month, sent again, replaces the month.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from finops.money import EXACT, calculated_in
from ingestion.readers.azure_charges import ACTUAL, ACTUAL_FOUND, AMORTIZED, Charge, charge_of
from ingestion.readers.azure_meters import block_of, parse_meter
from ingestion.readers.contract import Chunk, Options, Refused
from ingestion.readers.convert import Column, Mask, Texts
from ingestion.readers.distinct import (
    by_distinct,
    chosen,
    for_cells,
    texts_of,
    with_columns,
    without_faults,
)
from ingestion.readers.exports import check_columns, export_texts, named
from ingestion.readers.metered import (
    buckets_of,
    merged_tags,
    meter_columns,
    number,
    report_of,
    whole,
)
from ingestion.readers.meters import UNKNOWN_METER, UNKNOWN_UNIT, Meter
from ingestion.readers.reports import ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.takes import SHEET, Setting, Takes

EXPORT = Setting(
    "export",
    "Kind of export",
    "Needed where the export holds purchases or use that a reservation covered.",
    choices=(ACTUAL, AMORTIZED),
)
SPELLINGS = {
    "category": ("MeterCategory",),
    "subcategory": ("MeterSubCategory",),
    "meter": ("MeterName",),
    "product": ("ProductName", "Product"),
    "order": ("ProductOrderName",),
    "publisher_type": ("PublisherType",),
    "publisher": ("PublisherName",),
    "date": ("Date", "UsageDateTime", "UsageDate"),
    "from": ("BillingPeriodStartDate",),
    "to": ("BillingPeriodEndDate",),
    "unit": ("UnitOfMeasure",),
    "quantity": ("Quantity", "UsageQuantity", "ConsumedQuantity"),
    "cost": ("CostInBillingCurrency", "Cost", "PreTaxCost"),
    "list_cost": ("PayGCostInBillingCurrency",),
    "list_price": ("PayGPrice",),
    "currency": ("BillingCurrencyCode", "BillingCurrency", "Currency"),
    "charge_type": ("ChargeType",),
    "pricing_model": ("PricingModel",),
    "subscription": ("SubscriptionId", "SubscriptionGuid"),
    "group": ("ResourceGroup", "ResourceGroupName"),
    "resource": ("ResourceId", "InstanceId"),
    "region": ("ResourceLocation", "MeterRegion"),
    "invoice": ("InvoiceId",),
    "tags": ("Tags",),
}
NEEDED = ("category", "meter", "date", "from", "to", "unit", "quantity", "cost", "currency")
DETECTED = ("MeterCategory", "MeterName", "UnitOfMeasure", "ChargeType", "BillingPeriodEndDate")
PERIOD = ("bucket_starts_at", "bucket_ends_at")
WHAT = "An export of Azure's cost and usage details"

# Categories that hold models alone, and those that hold Speech, Vision and the like as well.
MODEL_CATEGORIES = ("foundry models", "azure openai", "azure openai service")
MIXED_CATEGORIES = ("cognitive services", "azure ai services", "ai services", "foundry tools")
MODEL_PRODUCTS = re.compile(r"openai|foundry|\bmodels\b|\bkimi\b|provisioned throughput")
COMMITMENTS = re.compile(r"openai|foundry|provisioned throughput")
MAKERS = re.compile(r"anthropic|claude|mistral|cohere|llama|deepseek|\bxai\b|grok|ai21|jamba")


def detect(head: bytes) -> bool:
    """Test whether a file's start has the columns of Cost Management's cost details."""
    return named(head, DETECTED)


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where a column is missing."""
    check_columns(chunk, SPELLINGS, NEEDED, WHAT)


def read(chunk: Chunk, options: Options) -> ReportBatch:
    """Read the lines of models out of a chunk of an export; the others are left out.

    Raises Refused where the export shows itself to be of actual cost and nobody said so.
    """
    check(chunk, options)
    everything = _in_periods(export_texts(chunk, SPELLINGS, bags=("tags",)))
    texts = chosen(everything, _are_models(everything))
    left_out = len(everything.lines) - len(texts.lines)
    texts = _charged(texts, options.set.get(EXPORT.name, ""))
    meters = for_cells(texts, _meter, "meter", "product", "subcategory")
    pieces, unit_doubts = _pieces(texts, meters)
    tags = for_cells(texts, merged_tags, "tags")
    columns = (
        _names(texts)
        | meter_columns(meters, pieces)
        | {"tags": texts_of(found for found, _ in tags)}
    )
    doubts = {
        "line_item": ["" if meter.is_known else UNKNOWN_METER for meter in meters],
        "quantity_unit": unit_doubts,
        "tags": [doubt for _, doubt in tags],
    }
    return report_of(
        with_columns(texts, columns),
        buckets=buckets_of(*(everything.columns[name] for name in PERIOD)),
        doubts=doubts,
        left_out=left_out,
    )


def _in_periods(texts: Texts) -> Texts:
    """Add the billing period of each line; its last day is part of it."""
    starts, ends = for_cells(texts, _day, "from"), for_cells(texts, _day_after, "to")
    period = dict(zip(PERIOD, (texts_of(starts), texts_of(ends)), strict=True))
    return with_columns(texts, dict(texts.columns) | period)


def _are_models(texts: Texts) -> Mask:
    fields = "category", "subcategory", "product", "order", "publisher_type", "publisher", "meter"
    return np.array(for_cells(texts, _is_model, *fields), dtype=bool)


def _is_model(  # noqa: PLR0917 — the cells of a line in their order
    category: str,
    subcategory: str,
    product: str,
    order: str,
    seller: str,
    publisher: str,
    meter: str,
) -> bool:
    """Test whether a line is for a language model, or for capacity bought for one."""
    category = category.strip().lower()
    if category in MODEL_CATEGORIES:
        return True
    if category in MIXED_CATEGORIES:
        return bool(MODEL_PRODUCTS.search(f"{subcategory} {product}".lower()))
    if seller.strip().lower() == "marketplace":
        return bool(MAKERS.search(f"{publisher} {product} {meter}".lower()))
    return bool(COMMITMENTS.search(f"{order} {product}".lower()))


def _charged(texts: Texts, export: str) -> Texts:
    """Add what each line charges; a line that contradicts `export` becomes a problem."""
    fields = "charge_type", "pricing_model", "cost", "quantity"
    charges = for_cells(texts, lambda *cells: _charge(*cells, export=export), *fields)
    for row, charge in enumerate(charges):
        if charge.evidence:
            line = int(texts.lines[row])
            raise Refused(f"Line {line:,} {charge.evidence}, {ACTUAL_FOUND}")
    texts = with_columns(
        texts,
        dict(texts.columns)
        | {
            "charge_category": texts_of(charge.category for charge in charges),
            "billed_usd": texts_of(charge.billed for charge in charges),
            "stated_usd": texts_of(charge.effective for charge in charges),
        },
    )
    return without_faults(texts, [charge.fault for charge in charges], "cost")


def _charge(
    charge_type: str, pricing_model: str, cost: str, quantity: str, *, export: str
) -> Charge:
    return charge_of(
        charge_type=charge_type,
        pricing_model=pricing_model,
        cost=cost.strip(),
        is_used=(number(quantity) or 0) > 0,
        export=export,
    )


def _meter(name: str, product: str, subcategory: str) -> Meter:
    return parse_meter(name, f"{product} {subcategory}")


def _pieces(texts: Texts, meters: Sequence[Meter]) -> tuple[list[int], list[str]]:
    """Return how many tokens or other pieces each line counts, and doubts about units."""
    counting = texts_of("yes" if meter.token_class or meter.counter else "" for meter in meters)
    columns = texts.columns["quantity"], texts.columns["unit"], texts.columns["charge_category"]
    found = by_distinct([*columns, counting], _piece)
    return [piece for piece, _ in found], [doubt for _, doubt in found]


def _piece(quantity: str, unit: str, category: str, counts: str) -> tuple[int, str]:
    if not counts or category != "usage":
        return 0, ""
    block = block_of(unit)
    return (0, UNKNOWN_UNIT) if block is None else (whole(number(quantity), block), "")


def _names(texts: Texts) -> dict[str, Column]:
    columns = texts.columns
    return {
        "provider": texts_of(["azure"] * len(texts.lines)),
        "charge_category": columns["charge_category"],
        "stated_usd": columns["stated_usd"],
        "billed_usd": columns["billed_usd"],
        "listed_usd": texts_of(
            for_cells(texts, _listed, "list_cost", "list_price", "quantity", "charge_type")
        ),
        "started_at": texts_of(for_cells(texts, _day, "date")),
        **{name: columns[name] for name in PERIOD},
        "account": texts_of(for_cells(texts, str.lower, "subscription")),
        "project": texts_of(for_cells(texts, str.lower, "group")),
        "key": texts_of(for_cells(texts, _resource, "resource")),
        "line_item": texts_of(for_cells(texts, _line_item, "meter", "product", "charge_type")),
        "quantity": columns["quantity"],
        "quantity_unit": columns["unit"],
        "currency": columns["currency"],
        "invoice": columns["invoice"],
        "tags.x_region": columns["region"],
    }


@calculated_in(EXACT)
def _listed(cost: str, price: str, quantity: str, charge_type: str) -> str:
    """Return what use would cost at the retail price; one of 0 is a price nobody keeps."""
    if cost.strip():
        return cost
    each, amount = number(price), number(quantity)
    if charge_type.strip().lower() != "usage" or not each or amount is None:
        return ""
    return f"{each * amount:f}"


def _day(text: str) -> str:
    """Return M/D/YYYY as ISO writes it; other texts as they are."""
    found = re.fullmatch(r"(0?[1-9]|1[0-2])/(\d{1,2})/(\d{4})", text.strip())
    return f"{found[3]}-{int(found[1]):02}-{int(found[2]):02}" if found else text


def _day_after(text: str) -> str:
    """Return the day after a period's last, where the next one begins."""
    try:
        return (date.fromisoformat(_day(text).strip()[:10]) + timedelta(days=1)).isoformat()
    except ValueError:
        return text


def _resource(resource_id: str) -> str:
    """Return the name of the account a deployment stands in, which holds the keys."""
    parts = [part for part in resource_id.strip().lower().split("/") if part]
    if "accounts" in parts[:-1]:
        return parts[parts.index("accounts") + 1]
    return parts[-1] if parts else ""


def _line_item(meter: str, product: str, charge_type: str) -> str:
    name = meter.strip() or product.strip()
    kind = charge_type.strip()
    return f"{name} ({kind})" if kind.lower() not in {"", "usage"} else name


SOURCE = Source(
    name="azure-costs",
    kind="cost",
    title="Azure Cost Management, export of cost and usage details (EA or MCA)",
    detects="MeterCategory, MeterName, UnitOfMeasure, ChargeType and BillingPeriodEndDate",
    documentation=f"{DOCUMENTATION}#azure-costs",
    detect=detect,
    check=check,
    read=read,
    takes=Takes(settings=(SHEET, EXPORT)),
    provider="azure",
)
