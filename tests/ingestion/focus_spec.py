"""What FOCUS 1.2 says of its columns: levels, nulls, types, allowed values, units."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple


class Column(NamedTuple):
    """What the specification's content constraints say of a column."""

    level: str
    nullable: bool
    kind: str


def _columns(level: str, kind: str, nullable: str = "", never_null: str = "") -> dict[str, Column]:
    return {name: Column(level, kind=kind, nullable=True) for name in nullable.split()} | {
        name: Column(level, kind=kind, nullable=False) for name in never_null.split()
    }


COLUMNS: Mapping[str, Column] = {
    **_columns(
        "Mandatory",
        "String",
        "BillingAccountName ChargeClass ChargeDescription PricingUnit",
        "BillingAccountId BillingCurrency ChargeCategory InvoiceIssuerName ProviderName "
        "PublisherName ServiceCategory ServiceName",
    ),
    **_columns(
        "Mandatory",
        "Date/Time",
        "",
        "BillingPeriodEnd BillingPeriodStart ChargePeriodEnd ChargePeriodStart",
    ),
    **_columns(
        "Mandatory",
        "Decimal",
        "PricingQuantity",
        "BilledCost ContractedCost EffectiveCost ListCost",
    ),
    **_columns(
        "Recommended", "String", "AvailabilityZone InvoiceId", "ChargeFrequency ServiceSubcategory"
    ),
    **_columns(
        "Conditional",
        "String",
        "CapacityReservationId CapacityReservationStatus CommitmentDiscountCategory "
        "CommitmentDiscountId CommitmentDiscountName CommitmentDiscountStatus "
        "CommitmentDiscountType CommitmentDiscountUnit ConsumedUnit PricingCategory "
        "PricingCurrency RegionId RegionName ResourceId ResourceName ResourceType SkuId SkuMeter "
        "SkuPriceId SubAccountId SubAccountName SubAccountType",
        "BillingAccountType",
    ),
    **_columns(
        "Conditional",
        "Decimal",
        "CommitmentDiscountQuantity ConsumedQuantity ContractedUnitPrice ListUnitPrice "
        "PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost "
        "PricingCurrencyListUnitPrice",
    ),
    **_columns("Conditional", "JSON", "SkuPriceDetails Tags"),
}
# Conditional columns whose condition holds for whoever meters usage at published prices.
METERED = ("ConsumedQuantity", "ConsumedUnit")
PRICED = (
    "ContractedUnitPrice", "ListUnitPrice", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId"
)  # fmt: skip

ALLOWED: Mapping[str, frozenset[str]] = {
    "ChargeCategory": frozenset({"Usage", "Purchase", "Tax", "Credit", "Adjustment"}),
    "ChargeClass": frozenset({"Correction"}),
    "ChargeFrequency": frozenset({"One-Time", "Recurring", "Usage-Based"}),
    "CommitmentDiscountStatus": frozenset({"Used", "Unused"}),
    "PricingCategory": frozenset({"Standard", "Dynamic", "Committed", "Other"}),
    "ServiceCategory": frozenset(
        {
            "AI and Machine Learning", "Analytics", "Business Applications", "Compute",
            "Databases", "Developer Tools", "Multicloud", "Identity", "Integration",
            "Internet of Things", "Management and Governance", "Media", "Migration", "Mobile",
            "Networking", "Security", "Storage", "Web", "Other",
        }
    ),
}  # fmt: skip
# Of the subcategories, those whose parent our rows can have.
AI_SUBCATEGORIES = frozenset(
    {
        "AI Platforms", "Bots", "Generative AI", "Machine Learning",
        "Natural Language Processing", "Other (AI and Machine Learning)",
    }
)  # fmt: skip
SKU_PRICE_PROPERTIES = frozenset(
    {
        "CoreCount", "DiskMaxIops", "DiskSpace", "DiskType", "GpuCount", "InstanceType",
        "InstanceSeries", "MemorySize", "NetworkMaxIops", "NetworkMaxThroughput",
        "OperatingSystem", "Redundancy", "StorageClass",
    }
)  # fmt: skip
PLACEHOLDERS = frozenset({"null", "none", "n/a", "na", "not applicable", "-", "unknown"})

NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)(E-?\d+)?")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CURRENCY = re.compile(r"[A-Z]{3}")
PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*")
COUNTED = r"[A-Z][A-Za-z]*s"
SIZE = r"(?:b|B|[KMGTPE]i?[bB])"
UNIT = re.compile(
    rf"(?:\d+ )?(?:{COUNTED}|{SIZE})"
    rf"(?:-(?:Year|Month|Day|Hour|Minute|Second)s"
    rf"|/(?:Year|Month|Day|Hour|Minute|Second)"
    rf"|/\d+ (?:Year|Month|Day|Hour|Minute|Second)s)?"
)
# The spelling that UnitFormat lists, singular and plural; anything else is a new noun.
LISTED = {
    word.lower(): word
    for noun in ("Count", "Unit", "Request", "Token", "Connection", "Certificate", "Domain", "Core",
                 "Year", "Month", "Day", "Hour", "Minute", "Second")
    for word in (noun, f"{noun}s")
}  # fmt: skip
# FOCUS asks that price × quantity match the cost; costs are published to this place.
COST_PLACES = Decimal(1).scaleb(-12)
