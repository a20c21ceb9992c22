"""The columns of our FOCUS 1.2 export, in the specification's order, then our own."""

from collections.abc import Mapping
from typing import Literal

# What x_CostStatus says of rows whose costs stand at 0 because nobody knows them.
UNPRICED = "Unpriced"

Kind = Literal["text", "json", "time", "cost", "price", "quantity"]

# Columns whose condition the ledger never meets are left out: availability zones and
# regions, capacity reservations, what a commitment discount is. Its status stays, for the
# rules of ConsumedQuantity look at it.
FOCUS_COLUMNS: Mapping[str, Kind] = {
    "BilledCost": "cost",
    "BillingAccountId": "text",
    "BillingAccountName": "text",
    "BillingCurrency": "text",
    "BillingPeriodEnd": "time",
    "BillingPeriodStart": "time",
    "ChargeCategory": "text",
    "ChargeClass": "text",
    "ChargeDescription": "text",
    "ChargeFrequency": "text",
    "ChargePeriodEnd": "time",
    "ChargePeriodStart": "time",
    "CommitmentDiscountStatus": "text",
    "ConsumedQuantity": "quantity",
    "ConsumedUnit": "text",
    "ContractedCost": "cost",
    "ContractedUnitPrice": "price",
    "EffectiveCost": "cost",
    "InvoiceId": "text",
    "InvoiceIssuerName": "text",
    "ListCost": "cost",
    "ListUnitPrice": "price",
    "PricingCategory": "text",
    "PricingCurrency": "text",
    "PricingCurrencyContractedUnitPrice": "price",
    "PricingCurrencyEffectiveCost": "cost",
    "PricingCurrencyListUnitPrice": "price",
    "PricingQuantity": "quantity",
    "PricingUnit": "text",
    "ProviderName": "text",
    "PublisherName": "text",
    "ResourceId": "text",
    "ResourceName": "text",
    "ResourceType": "text",
    "ServiceCategory": "text",
    "ServiceName": "text",
    "ServiceSubcategory": "text",
    "SkuId": "text",
    "SkuMeter": "text",
    "SkuPriceDetails": "json",
    "SkuPriceId": "text",
    "SubAccountId": "text",
    "SubAccountName": "text",
    "Tags": "json",
}
OWN_COLUMNS: Mapping[str, Kind] = {
    "x_CostObject": "text",
    "x_CostStatus": "text",
    "x_Environment": "text",
    "x_Model": "text",
    "x_Person": "text",
    "x_Provider": "text",
    "x_ReportingDay": "text",
    "x_Slice": "text",
    "x_Source": "text",
    "x_TaskType": "text",
    "x_TokenClass": "text",
    "x_Unit": "text",
    "x_UnitPriceBasis": "text",
    "x_Workflow": "text",
}
COLUMNS: Mapping[str, Kind] = {**FOCUS_COLUMNS, **OWN_COLUMNS}
