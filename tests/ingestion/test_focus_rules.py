"""The rules bite: a sound row breaks none, and every fault is found by its own rule."""

import json
import re
from decimal import Decimal

import pytest

from tests.ingestion.focus_rules import Broken, Row, broken
from tests.ingestion.focus_spec import (
    AI_SUBCATEGORIES,
    ALLOWED,
    COLUMNS,
    SKU_PRICE_PROPERTIES,
)
from tests.shared_data import shared_data

SOUND: dict[str, str | None] = {
    "BilledCost": "0.0025",
    "BillingAccountId": "main",
    "BillingAccountName": None,
    "BillingCurrency": "USD",
    "BillingPeriodEnd": "2026-12-01T00:00:00Z",
    "BillingPeriodStart": "2026-11-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeClass": None,
    "ChargeDescription": "gpt-5: Input Tokens",
    "ChargeFrequency": "Usage-Based",
    "ChargePeriodEnd": "2026-11-02T00:00:00Z",
    "ChargePeriodStart": "2026-11-01T00:00:00Z",
    "ConsumedQuantity": "2000",
    "ConsumedUnit": "Tokens",
    "ContractedCost": "0.0025",
    "ContractedUnitPrice": "1.25",
    "EffectiveCost": "0.0025",
    "InvoiceId": None,
    "InvoiceIssuerName": "OpenAI",
    "ListCost": "0.0025",
    "ListUnitPrice": "1.25",
    "PricingCategory": "Standard",
    "PricingQuantity": "0.002",
    "PricingUnit": "1000000 Tokens",
    "ProviderName": "OpenAI",
    "PublisherName": "OpenAI",
    "ResourceId": "k1",
    "ResourceName": None,
    "ResourceType": "API Key",
    "ServiceCategory": "AI and Machine Learning",
    "ServiceName": "OpenAI",
    "ServiceSubcategory": "Generative AI",
    "SkuId": "openai/gpt-5/in_text",
    "SkuMeter": "Input Tokens",
    "SkuPriceDetails": '{"x_Model": "gpt-5"}',
    "SkuPriceId": "openai/gpt-5/in_text",
    "SubAccountId": None,
    "SubAccountName": None,
    "Tags": '{"team": "cx"}',
    "x_Model": "gpt-5",
}


def faults(row: Row) -> set[tuple[str, str]]:
    return {(fault.column, fault.rule) for fault in broken(list(row), [row])}


def test_a_sound_row_breaks_no_rule() -> None:
    assert broken(list(SOUND), [SOUND]) == []


@pytest.mark.parametrize(
    ("changes", "column", "rule"),
    [
        ({"BilledCost": None}, "BilledCost", "MUST NOT be null"),
        ({"ProviderName": "  "}, "ProviderName", "MUST NOT use empty strings"),
        ({"InvoiceId": "NULL"}, "InvoiceId", "MUST NOT use placeholder values"),
        ({"ChargeCategory": "usage"}, "ChargeCategory", "MUST be one of the allowed values"),
        ({"EffectiveCost": "$0.0025"}, "EffectiveCost", "MUST conform to NumericFormat"),
        ({"EffectiveCost": "2.5E+3"}, "EffectiveCost", "MUST conform to NumericFormat"),
        ({"EffectiveCost": "1,000"}, "EffectiveCost", "MUST conform to NumericFormat"),
        (
            {"ChargePeriodStart": "2026-11-01 00:00:00"},
            "ChargePeriodStart",
            "MUST conform to DateTimeFormat",
        ),
        (
            {"ChargePeriodStart": "2026-11-31T00:00:00Z"},
            "ChargePeriodStart",
            "MUST conform to DateTimeFormat",
        ),
        ({"BillingCurrency": "Tokens"}, "BillingCurrency", "MUST be a code of ISO 4217"),
        ({"ConsumedUnit": "tokens"}, "ConsumedUnit", "MUST conform to UnitFormat"),
        ({"PricingUnit": "1M Tokens"}, "PricingUnit", "MUST conform to UnitFormat"),
        ({"Tags": '{"a": {}}'}, "Tags", "values MUST NOT be an object or an array"),
        ({"Tags": '{"a": 1, "a": 2}'}, "Tags", "keys MUST be unique"),
        ({"Tags": "team=cx"}, "Tags", "MUST contain a serialized JSON object"),
        ({"Tags": "[]"}, "Tags", "MUST contain a serialized JSON object"),
        (
            {"ConsumedQuantity": None, "ConsumedUnit": None},
            "ConsumedQuantity",
            "MUST NOT be null when ChargeCategory is Usage",
        ),
        (
            {"ChargeCategory": "Credit"},
            "ConsumedQuantity",
            "MUST be null when ChargeCategory is not Usage",
        ),
        (
            {"ConsumedUnit": None},
            "ConsumedUnit",
            "MUST be null exactly when ConsumedQuantity is null",
        ),
        ({"PricingUnit": None}, "PricingUnit", "MUST be null exactly when PricingQuantity is null"),
        ({"ChargeCategory": "Tax"}, "PricingQuantity", "MUST be null when ChargeCategory is Tax"),
        (
            {"PricingQuantity": None, "PricingUnit": None},
            "PricingQuantity",
            "MUST NOT be null when ChargeCategory is Usage",
        ),
        (
            {"ListUnitPrice": None},
            "ListUnitPrice",
            "MUST NOT be null when ChargeCategory is Usage or Purchase",
        ),
        (
            {"ContractedUnitPrice": "-1.25"},
            "ContractedUnitPrice",
            "MUST be a non-negative decimal value",
        ),
        ({"ChargeCategory": "Tax"}, "ListUnitPrice", "MUST be null when ChargeCategory is Tax"),
        (
            {"ListCost": "0.0026"},
            "ListCost",
            "MUST be the product of unit price and PricingQuantity",
        ),
        (
            {"ContractedCost": "0.002500000001"},
            "ContractedCost",
            "MUST be the product of unit price and PricingQuantity",
        ),
        (
            {"ContractedUnitPrice": None, "ContractedCost": "7"},
            "ContractedCost",
            "MUST match the BilledCost when there is no unit price",
        ),
        (
            {"PricingCategory": None},
            "PricingCategory",
            "MUST NOT be null when ChargeCategory is Usage or Purchase",
        ),
        ({"ChargeCategory": "Tax"}, "PricingCategory", "MUST be null when ChargeCategory is Tax"),
        (
            {"ChargeCategory": "Purchase"},
            "ChargeFrequency",
            "MUST NOT be Usage-Based when ChargeCategory is Purchase",
        ),
        (
            {"ChargeCategory": "Credit", "EffectiveCost": "1"},
            "EffectiveCost",
            "MUST match the BilledCost of an unrelated charge",
        ),
        (
            {"ServiceCategory": "Compute"},
            "ServiceSubcategory",
            "MUST have the parent that is listed",
        ),
        ({"PricingCurrency": None}, "PricingCurrency", "MUST NOT be null"),
        (
            {"PricingCurrencyEffectiveCost": None},
            "PricingCurrencyEffectiveCost",
            "MUST NOT be null",
        ),
        (
            {"SkuId": None},
            "SkuId",
            "MUST NOT be null when ChargeCategory is Usage or Purchase",
        ),
        ({"SkuId": None}, "SkuMeter", "MUST be null when SkuId is null"),
        ({"SkuPriceId": None}, "SkuPriceDetails", "MUST be null when SkuPriceId is null"),
        (
            {"SkuPriceDetails": '{"Model": "gpt-5"}'},
            "SkuPriceDetails",
            "keys MUST begin with x_ unless FOCUS defines them",
        ),
        ({"ResourceType": None}, "ResourceType", "MUST be null exactly when ResourceId is null"),
        ({"ResourceName": "k1"}, "ResourceName", "MUST NOT duplicate ResourceId"),
        (
            {"ResourceName": "Key", "ResourceId": None, "ResourceType": None},
            "ResourceName",
            "MUST be null when ResourceId is null",
        ),
        (
            {"SubAccountId": "p"},
            "SubAccountName",
            "MUST be null exactly when SubAccountId is null",
        ),
        (
            {"ChargePeriodEnd": "2026-11-01T00:00:00Z"},
            "ChargePeriodEnd",
            "MUST be the exclusive end of the period",
        ),
    ],
)
def test_a_fault_is_found_by_its_rule(
    changes: dict[str, str | None], column: str, rule: str
) -> None:
    assert (column, rule) in faults(SOUND | changes)


def test_columns_are_there_named_and_ordered() -> None:
    names = [name for name in SOUND if name not in {"ListCost", "ConsumedUnit"}]

    found = broken([*names, "Id", "x_the_model", "Tags", f"x_{'A' * 49}"], [])

    assert set(found) == {
        Broken("ListCost", "MUST be present"),
        Broken("ConsumedUnit", "MUST be present"),
        Broken("Id", "custom columns MUST be prefixed with x_"),
        Broken("x_the_model", "column ids MUST use Pascal case"),
        Broken("x_Model", "custom columns SHOULD be listed after all FOCUS columns"),
        Broken(f"x_{'A' * 49}", "column ids SHOULD NOT exceed 50 characters"),
        Broken("Tags", "stands twice"),
    }


def test_a_correction_may_lack_quantities_and_prices() -> None:
    gone = ("ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit", "ListUnitPrice")
    row = SOUND | dict.fromkeys(gone) | {"ChargeClass": "Correction"}

    assert broken(list(row), [row]) == []


def test_what_belongs_to_a_sku_is_the_same_in_all_its_rows() -> None:
    other = SOUND | {
        "SkuId": "openai/gpt-5/out_text",
        "SkuPriceDetails": None,
        "ServiceCategory": "Other",
        "ServiceSubcategory": None,
    }
    third = SOUND | {"SkuMeter": "Output Tokens"}

    found = broken(list(SOUND), [SOUND, other, third])

    assert [fault for fault in found if fault.row is None] == [
        Broken("SkuPriceDetails", "MUST be the same for all charges of a SkuPriceId"),
        Broken("SkuId", "MUST be the one parent of a SkuPriceId"),
        Broken("SkuMeter", "SHOULD remain consistent for a SkuId"),
        Broken("ServiceCategory", "MUST be the one category of a ServiceName"),
    ]


def test_rows_of_an_invoice_make_its_amount() -> None:
    rows = [SOUND | {"InvoiceId": "INV-1"}, SOUND | {"InvoiceId": "INV-1"}, SOUND]

    assert broken(list(SOUND), rows, invoices={"INV-1": Decimal("0.005")}) == []
    assert broken(list(SOUND), rows, invoices={"INV-1": Decimal("0.0075")}) == [
        Broken("BilledCost", "the sum for an InvoiceId MUST match the invoice's amount")
    ]


def test_the_columns_are_those_of_the_specification() -> None:
    path = shared_data("focus-spec/focus_columns_1.0_1.1_1.2.json")

    found = {
        name: dict(versions)["v1.2"]
        for name, versions in json.loads(path.read_text()).items()
        if "v1.2" in dict(versions)
    }

    assert {
        name: (column.level, column.nullable, column.kind) for name, column in COLUMNS.items()
    } == {
        name: (said["feature_level"], said["allows_nulls"] == "True", said["data_type"])
        for name, said in found.items()
    }


def first_cells(name: str) -> list[list[str]]:
    text = (shared_data("focus-spec/v1.2-columns") / f"{name}.md").read_text()
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows]


@pytest.mark.parametrize(
    "column",
    ["ChargeCategory", "ChargeClass", "ChargeFrequency", "PricingCategory", "ServiceCategory"],
)
def test_the_allowed_values_are_those_of_the_specification(column: str) -> None:
    two_cells = [row[0] for row in first_cells(column.lower()) if len(row) == 2]
    start = next(n for n, cell in enumerate(two_cells) if cell in {"Value", "Service Category"})

    listed = {cell for cell in two_cells[start + 1 :] if not re.fullmatch(r":?-+:?", cell)}

    assert ALLOWED[column] == listed


def test_subcategories_and_price_properties_are_those_of_the_specification() -> None:
    subcategories = {
        row[1] for row in first_cells("servicesubcategory") if row[0] == "AI and Machine Learning"
    }
    properties = {row[0] for row in first_cells("skupricedetails") if len(row) == 4}

    assert subcategories == AI_SUBCATEGORIES
    assert {p for p in properties if re.fullmatch(r"[A-Z][A-Za-z]+", p)} - {
        "Key"
    } == SKU_PRICE_PROPERTIES
