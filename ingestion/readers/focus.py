"""FOCUS 1.0 to 1.3: a cloud's or a vendor's bill in the FinOps Foundation's columns.

A billing period is a bucket: its next export replaces it whole. Rows of other services
than AI are left out and counted.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.exports import unharmed
from ingestion.focus.columns import UNPRICED
from ingestion.focus.providers import provider_named
from ingestion.readers.contract import TEXT_LIMITS, Chunk, Options, Problem, Refused
from ingestion.readers.convert import Column, Texts
from ingestion.readers.csvtext import header_names
from ingestion.readers.distinct import decided
from ingestion.readers.focus_columns import (
    amounts,
    chosen,
    first_of,
    is_virtual,
    per_text,
    read_columns,
    times,
    version_of,
)
from ingestion.readers.focus_counts import Counted, count_rows
from ingestion.readers.instants import instant
from ingestion.readers.reports import REPORT_TEXT_LIMITS, Bucket, ReportBatch, report_batch
from ingestion.readers.source import DOCUMENTATION, Source

REQUIRED = ("ChargeCategory", "BillingPeriodStart", "BillingPeriodEnd")
COSTS = ("EffectiveCost", "BilledCost")
PROVIDERS = ("x_Provider", "ServiceProviderName", "ProviderName", "PublisherName")
COLUMNS = (
    *REQUIRED, *COSTS, *PROVIDERS,
    "BillingAccountId", "BillingCurrency", "ChargeClass", "ChargeDescription",
    "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "InvoiceId", "ListCost",
    "PricingCurrency", "PricingCurrencyEffectiveCost", "PricingQuantity", "PricingUnit",
    "ResourceId", "ResourceName", "ServiceCategory", "ServiceName", "ServiceSubcategory",
    "SkuMeter",
    "SkuPriceDetails", "SubAccountId", "SubAccountName", "Tags",
    # Azure's, AWS' and our own columns beside the specification's.
    "x_BilledCostInUsd", "x_EffectiveCostInUsd", "x_ListCostInUsd",
    "x_SkuMeterName", "x_UsageType",
    "x_CostStatus", "x_Environment", "x_Model", "x_Person", "x_Slice", "x_TaskType",
    "x_TokenClass", "x_Workflow",
)  # fmt: skip
TOKEN_UNIT = r"(?i)^(?:\d[\d,]*\s*)?(?:[kmb]\s+|thousand |million |billion )?tokens?$"  # noqa: S105 — a unit


def detect(head: bytes) -> bool:
    """Test whether a file's start has the columns that every FOCUS version has."""
    return all(name in head for name in (b"ChargeCategory", b"BillingPeriodStart", b"BilledCost"))


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where a CSV lacks a column without which no row can be placed."""
    if chunk.shape != "csv":
        return
    names = header_names(chunk.header)
    there = {name.lower() for name in names}
    missing = [name for name in REQUIRED if name.lower() not in there]
    if not there & {name.lower() for name in COSTS}:
        missing.append(" nor ".join(COSTS))
    if missing:
        raise Refused(f"This FOCUS {version_of(names)} dataset has no column {missing[0]}.")


def read(chunk: Chunk, options: Options) -> ReportBatch:
    """Read a chunk of a FOCUS dataset."""
    check(chunk, options)
    texts, there = read_columns(chunk, COLUMNS)
    if chunk.shape == "csv" and "x_Slice" in there:
        texts = _unharmed(texts)
    is_ours = _is_ours(texts)
    kept = chosen(texts, is_ours)
    provider = per_text(first_of(kept.columns, *PROVIDERS), provider_named)
    counted = count_rows(kept, provider)
    batch = report_batch(
        _report_texts(kept, provider, counted),
        buckets=_buckets(texts),
        left_out=int((~is_ours).sum()),
    )
    return replace(batch, doubts=_doubts(kept, counted, batch))


def _is_ours(texts: Texts) -> npt.NDArray[np.bool_]:
    """Test which rows are AI: by their category, or because they count tokens.

    A row without a category cannot be judged, so it is taken rather than lost.
    """
    columns = texts.columns
    category = pc.utf8_lower(columns["ServiceCategory"])
    ours = pc.is_in(category, value_set=pa.array(["", "ai and machine learning"]))
    generative = pc.equal(pc.utf8_lower(columns["ServiceSubcategory"]), "generative ai")
    ours = pc.or_(ours, generative)
    for name in ("ConsumedUnit", "PricingUnit"):
        ours = pc.or_(ours, pc.match_substring_regex(columns[name], TOKEN_UNIT))
    return np.array(ours, dtype=bool)


def _unharmed(texts: Texts) -> Texts:
    """Undo what our own CSV does to texts that a spreadsheet would run."""
    columns = {name: per_text(column, unharmed) for name, column in texts.columns.items()}
    return Texts(columns, texts.lines, texts.raw, texts.problems)


def _report_texts(kept: Texts, provider: Column, counted: Counted) -> Texts:
    cells = kept.columns
    columns = {
        **counted.columns,
        "provider": provider,
        "account": cells["BillingAccountId"],
        "key": per_text(first_of(cells, "ResourceName", "ResourceId"), _short_key),
        "project": first_of(cells, "SubAccountName", "SubAccountId"),
        "person": cells["x_Person"],
        "workflow": cells["x_Workflow"],
        "task_type": cells["x_TaskType"],
        "environment": cells["x_Environment"],
        "tags": per_text(cells["Tags"], _braced),
        "started_at": times(first_of(cells, "ChargePeriodStart", "BillingPeriodStart")),
        "bucket_starts_at": times(cells["BillingPeriodStart"]),
        "bucket_ends_at": times(cells["BillingPeriodEnd"]),
        "charge_category": cells["ChargeCategory"],
        "line_item": pc.utf8_slice_codeunits(
            cells["ChargeDescription"], 0, REPORT_TEXT_LIMITS["line_item"]
        ),
        "invoice": cells["InvoiceId"],
        **_money(kept),
        **_quantities(kept),
    }
    if pc.any(pc.not_equal(cells["ChargeClass"], ""), min_count=0).as_py():
        columns["tags.x_ChargeClass"] = cells["ChargeClass"]
    return Texts(columns, kept.lines, kept.raw, kept.problems)


def _money(kept: Texts) -> dict[str, Column]:
    """Return the costs, in dollars where Azure states them beside another currency."""
    cells = kept.columns
    in_usd = pc.and_(
        pc.invert(pc.is_in(cells["BillingCurrency"], value_set=pa.array(["", "USD"]))),
        pc.not_equal(cells["x_EffectiveCostInUsd"], ""),
    )
    known = pc.not_equal(cells["x_CostStatus"], UNPRICED)

    def cost(name: str) -> Column:
        amount = pc.if_else(in_usd, cells[f"x_{name}InUsd"], cells[name])
        return pc.if_else(known, amounts(amount), "")

    return {
        "stated_usd": cost("EffectiveCost"),
        "billed_usd": cost("BilledCost"),
        "listed_usd": cost("ListCost"),
        "currency": pc.if_else(in_usd, "USD", cells["BillingCurrency"]),
    }


def _quantities(kept: Texts) -> dict[str, Column]:
    """Return quantity and unit; what is priced in credits counts these, and keeps what it used."""
    cells = kept.columns
    consumed = pc.not_equal(cells["ConsumedQuantity"], "")
    quantity = pc.if_else(consumed, cells["ConsumedQuantity"], cells["PricingQuantity"])
    unit = pc.if_else(consumed, cells["ConsumedUnit"], cells["PricingUnit"])
    in_credits = pc.and_(is_virtual(kept), pc.not_equal(cells["PricingCurrencyEffectiveCost"], ""))
    columns = {
        "quantity": pc.if_else(in_credits, cells["PricingCurrencyEffectiveCost"], quantity),
        "quantity_unit": pc.if_else(in_credits, cells["PricingCurrency"], unit),
    }
    columns["quantity"] = amounts(columns["quantity"])
    if pc.any(in_credits, min_count=0).as_py():
        used = pc.binary_join_element_wise(quantity, unit, " ")
        columns["tags.x_Consumed"] = pc.if_else(in_credits, used, "")
    return columns


def _buckets(texts: Texts) -> list[Bucket]:
    """Return the billing periods that the dataset speaks of, with rows of ours or without."""
    spans = [times(texts.columns[name]) for name in ("BillingPeriodStart", "BillingPeriodEnd")]
    told, _ = decided(spans, lambda start, end: (start, end))
    read = ((instant(start), instant(end)) for start, end in sorted(told))
    return [(start, end) for start, end in read if start and end and start < end]


def _doubts(kept: Texts, counted: Counted, batch: ReportBatch) -> list[Problem]:
    """Name the rows whose figure is odd, but for those that could not be taken at all."""
    is_odd = (counted.doubts != "") & np.isin(kept.lines, batch.frame["line"])
    return [
        Problem(int(kept.lines[row]), "ConsumedQuantity", counted.doubts[row], kept.raw(row))
        for row in np.flatnonzero(is_odd).tolist()
    ]


def _short_key(resource: str) -> str:
    """Return a resource's name; of a path too long to keep, its last part."""
    most = TEXT_LIMITS["key"]
    return resource if len(resource) <= most else resource.rpartition("/")[2][-most:]


def _braced(tags: str) -> str:
    """Return tags as a JSON object, for some exports leave the braces out."""
    return f"{{{tags}}}" if tags.startswith('"') else tags


SOURCE = Source(
    name="focus",
    kind="cost",
    title="FinOps FOCUS 1.0 to 1.3, CSV or Parquet",
    detects="ChargeCategory, BillingPeriodStart and BilledCost",
    documentation=f"{DOCUMENTATION}#focus",
    detect=detect,
    check=check,
    read=read,
)
