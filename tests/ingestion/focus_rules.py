"""The rules of FOCUS 1.2 over the rows of a dataset, each said in the specification's words.

A row is a mapping of column to text, as a CSV has it; None or "" is null. Rules that only
the provider can judge (is the charge related to a resource?) are not here.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import NamedTuple

from tests.ingestion.focus_formats import FORMATS, is_unit, json_fault
from tests.ingestion.focus_spec import (
    AI_SUBCATEGORIES,
    ALLOWED,
    COLUMNS,
    COST_PLACES,
    CURRENCY,
    METERED,
    NUMBER,
    PASCAL,
    PLACEHOLDERS,
    PRICED,
    SKU_PRICE_PROPERTIES,
)

Row = Mapping[str, str | None]
# Whether a rule is broken, the column it belongs to, the rule.
Check = tuple[bool, str, str]


class Broken(NamedTuple):
    """A rule that does not hold, for a column, in a row (counted from 0; None: all of them)."""

    column: str
    rule: str
    row: int | None = None


def broken(
    names: Sequence[str], rows: Sequence[Row], *, invoices: Mapping[str, Decimal] | None = None
) -> list[Broken]:
    """Return every rule that the dataset breaks.

    `invoices` are the payable amounts of the invoices that the rows name, by their ids.
    """
    with localcontext() as context:
        context.prec = 60
        found = [*_of_columns(names), *_of_all(rows, invoices or {})]
        for number, row in enumerate(rows):
            found += [fault._replace(row=number) for fault in _of_row(row)]
    return found


def _of_columns(names: Sequence[str]) -> Iterator[Broken]:
    for name, column in COLUMNS.items():
        wanted = column.level == "Mandatory" or name in METERED + PRICED
        if wanted and name not in names:
            yield Broken(name, "MUST be present")
    own = [name for name in names if name not in COLUMNS]
    yield from _faults(check for name in names for check in _of_name(name, names, name in own))
    if list(names[len(names) - len(own) :]) != own:
        yield Broken(own[0], "custom columns SHOULD be listed after all FOCUS columns")


def _of_name(name: str, names: Sequence[str], is_own: bool) -> list[Check]:  # noqa: FBT001 — of the name
    has_prefix = name.startswith("x_")
    is_pascal = PASCAL.fullmatch(name.removeprefix("x_")) is not None
    return [
        (is_own and not has_prefix, name, "custom columns MUST be prefixed with x_"),
        (not is_pascal, name, "column ids MUST use Pascal case"),
        (len(name) > 50, name, "column ids SHOULD NOT exceed 50 characters"),
        (list(names).count(name) > 1, name, "stands twice"),
    ]


def _of_row(row: Row) -> Iterator[Broken]:
    values = {name: text or None for name, text in row.items()}
    for name, text in values.items():
        column = COLUMNS.get(name)
        if text is not None:
            yield from _faults(_of_text(name, text))
        elif column and not column.nullable:
            yield Broken(name, "MUST NOT be null")
    for rule in RULES:
        yield from _faults(rule(values))


def _of_text(name: str, text: str) -> list[Check]:
    checks = [(not text.strip(), name, "MUST NOT use empty strings")]
    if name not in COLUMNS:
        return checks
    allowed, fault = ALLOWED.get(name, {text}), FORMATS[COLUMNS[name].kind](text)
    is_currency = name != "BillingCurrency" or CURRENCY.fullmatch(text) is not None
    return [
        *checks,
        (text.strip().lower() in PLACEHOLDERS, name, "MUST NOT use placeholder values"),
        (text not in allowed, name, "MUST be one of the allowed values"),
        (bool(fault), name, fault),
        (not is_currency, name, "MUST be a code of ISO 4217"),
        (name.endswith("Unit") and not is_unit(text), name, "MUST conform to UnitFormat"),
    ]


def _faults(checks: Iterable[Check]) -> Iterator[Broken]:
    return (Broken(column, rule) for is_broken, column, rule in checks if is_broken)


def _is_correction(row: Row) -> bool:
    return row.get("ChargeClass") == "Correction"


def _charged(row: Row) -> bool:
    return row.get("ChargeCategory") in {"Usage", "Purchase"} and not _is_correction(row)


def _quantities(row: Row) -> list[Check]:
    category, correction = row.get("ChargeCategory"), _is_correction(row)
    consumed, priced = row.get("ConsumedQuantity"), row.get("PricingQuantity")
    metered = category == "Usage" and row.get("CommitmentDiscountStatus") != "Unused"
    return [
        (
            not metered and consumed is not None,
            "ConsumedQuantity",
            "MUST be null when ChargeCategory is not Usage",
        ),
        (
            metered and not correction and consumed is None,
            "ConsumedQuantity",
            "MUST NOT be null when ChargeCategory is Usage",
        ),
        (
            category == "Tax" and priced is not None,
            "PricingQuantity",
            "MUST be null when ChargeCategory is Tax",
        ),
        (
            _charged(row) and priced is None,
            "PricingQuantity",
            "MUST NOT be null when ChargeCategory is Usage",
        ),
        _only_together(row, "ConsumedUnit", "ConsumedQuantity"),
        _only_together(row, "PricingUnit", "PricingQuantity"),
    ]


def _only_together(row: Row, column: str, other: str) -> Check:
    alone = column in row and (row.get(column) is None) != (row.get(other) is None)
    return alone, column, f"MUST be null exactly when {other} is null"


def _prices(row: Row) -> list[Check]:
    checks = []
    for price in ("ListUnitPrice", "ContractedUnitPrice"):
        checks += [
            check
            for name in (price, f"PricingCurrency{price}")
            if name in row
            for check in _price(name, row)
        ]
        checks += _product(price, price.replace("UnitPrice", "Cost"), row)
    return checks


def _price(name: str, row: Row) -> list[Check]:
    usd = _number(row, name)
    is_tax = row.get("ChargeCategory") == "Tax"
    return [
        (usd is not None and usd < 0, name, "MUST be a non-negative decimal value"),
        (usd is not None and is_tax, name, "MUST be null when ChargeCategory is Tax"),
        (
            usd is None and _charged(row),
            name,
            "MUST NOT be null when ChargeCategory is Usage or Purchase",
        ),
    ]


def _product(price: str, cost: str, row: Row) -> list[Check]:
    usd, quantity, total = (_number(row, name) for name in (price, "PricingQuantity", cost))
    if usd is None:
        differs = total != _number(row, "BilledCost") and row.get("ChargeCategory") != "Tax"
        return [(differs, cost, "MUST match the BilledCost when there is no unit price")]
    if quantity is None or _is_correction(row):
        return []
    is_off = (usd * quantity).quantize(COST_PLACES) != total
    return [(is_off, cost, "MUST be the product of unit price and PricingQuantity")]


def _number(row: Row, name: str) -> Decimal | None:
    text = row.get(name)
    return Decimal(text) if text and NUMBER.fullmatch(text) else None


def _categories(row: Row) -> list[Check]:
    category, pricing = row.get("ChargeCategory"), row.get("PricingCategory")
    unrelated = category in {"Credit", "Adjustment"}
    usage_based = row.get("ChargeFrequency") == "Usage-Based"
    return [
        (
            category == "Tax" and pricing is not None,
            "PricingCategory",
            "MUST be null when ChargeCategory is Tax",
        ),
        (
            _charged(row) and pricing is None,
            "PricingCategory",
            "MUST NOT be null when ChargeCategory is Usage or Purchase",
        ),
        (
            category == "Purchase" and usage_based,
            "ChargeFrequency",
            "MUST NOT be Usage-Based when ChargeCategory is Purchase",
        ),
        (
            unrelated and row.get("EffectiveCost") != row.get("BilledCost"),
            "EffectiveCost",
            "MUST match the BilledCost of an unrelated charge",
        ),
    ]


def _services(row: Row) -> list[Check]:
    is_ai = row.get("ServiceCategory") == "AI and Machine Learning"
    is_ai_kind = row.get("ServiceSubcategory") in AI_SUBCATEGORIES
    misplaced = "ServiceSubcategory" in row and is_ai != is_ai_kind
    never_null = ("PricingCurrency", "PricingCurrencyEffectiveCost")
    return [
        (misplaced, "ServiceSubcategory", "MUST have the parent that is listed"),
        *((name in row and row[name] is None, name, "MUST NOT be null") for name in never_null),
    ]


def _skus(row: Row) -> list[Check]:
    sku, price, details = (row.get(n) for n in ("SkuId", "SkuPriceId", "SkuPriceDetails"))
    rule = "MUST NOT be null when ChargeCategory is Usage or Purchase"
    keys = json.loads(details) if details and not json_fault(details) else {}
    foreign = [k for k in keys if not k.startswith("x_") and k not in SKU_PRICE_PROPERTIES]
    has_meter = row.get("SkuMeter") is not None
    return [
        (_charged(row) and sku is None, "SkuId", rule),
        (_charged(row) and price is None, "SkuPriceId", rule),
        (sku is None and has_meter, "SkuMeter", "MUST be null when SkuId is null"),
        (
            price is None and details is not None,
            "SkuPriceDetails",
            "MUST be null when SkuPriceId is null",
        ),
        (bool(foreign), "SkuPriceDetails", "keys MUST begin with x_ unless FOCUS defines them"),
    ]


def _names(row: Row) -> list[Check]:
    name, resource = row.get("ResourceName"), row.get("ResourceId")
    return [
        _only_together(row, "ResourceType", "ResourceId"),
        _only_together(row, "SubAccountName", "SubAccountId"),
        (
            name is not None and resource is None,
            "ResourceName",
            "MUST be null when ResourceId is null",
        ),
        (
            name is not None and name == resource,
            "ResourceName",
            "MUST NOT duplicate ResourceId",
        ),
    ]


def _periods(row: Row) -> list[Check]:
    return [
        (
            (row.get(f"{period}End") or "") <= (row.get(f"{period}Start") or ""),
            f"{period}End",
            "MUST be the exclusive end of the period",
        )
        for period in ("BillingPeriod", "ChargePeriod")
    ]


RULES: Sequence[Callable[[Row], list[Check]]] = (
    _quantities, _prices, _categories, _services, _skus, _names, _periods
)  # fmt: skip
# Column → the column that decides its one value.
CONSTANT_PER: Sequence[tuple[str, str, str]] = (
    ("SkuPriceDetails", "SkuPriceId", "MUST be the same for all charges of a SkuPriceId"),
    ("SkuId", "SkuPriceId", "MUST be the one parent of a SkuPriceId"),
    ("SkuMeter", "SkuId", "SHOULD remain consistent for a SkuId"),
    ("ServiceCategory", "ServiceName", "MUST be the one category of a ServiceName"),
)


def _of_all(rows: Sequence[Row], invoices: Mapping[str, Decimal]) -> Iterator[Broken]:
    for column, key, rule in CONSTANT_PER:
        if any(len(values) > 1 for values in _values(rows, column, key).values()):
            yield Broken(column, rule)
    billed: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if invoice := row.get("InvoiceId"):
            billed[invoice] += _number(row, "BilledCost") or 0
    if any(billed[invoice] != invoices.get(invoice) for invoice in billed):
        yield Broken("BilledCost", "the sum for an InvoiceId MUST match the invoice's amount")


def _values(rows: Iterable[Row], column: str, key: str) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = defaultdict(set)
    for row in rows:
        if row.get(key):
            found[row[key] or ""].add(row.get(column))
    return found
