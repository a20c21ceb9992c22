"""FOCUS rows are counted by the column as they are counted one by one."""

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.readers.convert import Texts
from ingestion.readers.focus_counts import count_rows
from ingestion.readers.focus_meters import (
    TOKENS,
    UNKNOWN_METER,
    Count,
    Says,
    block_of,
    counted_as,
    meter_of,
    pieces_of,
    unit_of,
)

UNITS: tuple[str, ...] = (
    "",
    "Tokens",
    "1K tokens",
    "1000 Tokens",
    "1M",
    "Unit",
    "Units",
    "Requests",
    "GB",
)
UNITS += ("Images", "99999999999999 Tokens", "2000 Million tokens")
QUANTITIES = (
    "",
    "0",
    "5",
    "12.5",
    "-3",
    "007",
    "999999999",
    "1234567890",
    "1e3",
    "0.5",
    "x",
    "10.0",
)
COLUMNS: dict[str, tuple[str, ...]] = {
    "provider": ("openai", "aws", "azure"),
    "x_TokenClass": ("", "in_text", "out_text", "odd"),
    "SkuMeter": (
        "",
        "gpt-4o Input",
        "Output Tokens",
        "Web Searches",
        "Rent",
        "Cached Input Tokens",
    ),
    "x_UsageType": ("", "USE1-Claude4.5Sonnet-input-tokens", "odd"),
    "x_SkuMeterName": ("", "gpt 4o Inp glbl Tokens", "odd"),
    "ServiceName": ("", "Amazon Bedrock"),
    "ChargeDescription": ("", "10 cached tokens", "completion"),
    "SkuPriceDetails": ("", '{"Model":"m-1"}', "{", "[]"),
    "ConsumedUnit": UNITS,
    "PricingUnit": UNITS,
    "ConsumedQuantity": QUANTITIES,
    "PricingQuantity": QUANTITIES,
    "ChargeCategory": ("Usage", "usage", "Tax"),
    "PricingCurrency": ("", "USD", "Tokens", "Credits"),
    "x_Model": ("", "own"),
}
ROWS = st.fixed_dictionaries({name: st.sampled_from(cells) for name, cells in COLUMNS.items()})


def one_by_one(row: dict[str, str]) -> tuple[str, str, str, int, str]:
    """Return a row's model, tier, meter, pieces and doubt."""
    named = meter_of(
        Says(
            row["provider"],
            row["x_TokenClass"],
            row["SkuMeter"],
            row["x_UsageType"] or row["x_SkuMeterName"],
            row["ServiceName"],
            row["ChargeDescription"],
        )
    )
    model = named.model or ("m-1" if "m-1" in row["SkuPriceDetails"] else "")
    meter, count = "", Count(0)
    is_virtual = row["PricingCurrency"] in {"Tokens", "Credits"}
    if row["ChargeCategory"].lower() == "usage" and (named.is_sure or not is_virtual):
        for name in ("Consumed", "Pricing"):
            unit, quantity = unit_of(row[f"{name}Unit"]), row[f"{name}Quantity"]
            if unit is None or not quantity:
                continue
            meter = counted_as(named, unit)
            if meter:
                count = pieces_of(quantity, block_of(named, unit))
                break
            if unit.noun in TOKENS:
                count = Count(0, UNKNOWN_METER)
    return row["x_Model"] or model, named.service_tier, meter, count.pieces, count.doubt


@settings(max_examples=150)
@given(st.lists(ROWS, min_size=1, max_size=20))
def test_rows_are_counted_as_each_is_by_itself(rows: list[dict[str, str]]) -> None:
    columns = {name: pa.array([row[name] for row in rows], type=pa.string()) for name in COLUMNS}
    texts = Texts(columns, pa.array(range(len(rows))).to_numpy(), str)

    counted = count_rows(texts, columns["provider"])

    found: list[tuple[Any, ...]] = []
    counts = {name: column.to_pylist() for name, column in counted.columns.items()}
    models, tiers = counts.pop("model"), counts.pop("service_tier")
    for row in range(len(rows)):
        some = [(name, cells[row]) for name, cells in counts.items() if cells[row]]
        found.append((models[row], tiers[row], some, counted.doubts[row]))
    assert found == [
        (model, tier, [(meter, min(pieces, 2**62))] if pieces else [], doubt)
        for model, tier, meter, pieces, doubt in map(one_by_one, rows)
    ]
