"""The company's calls as lines of a FOCUS dataset in Parquet."""

from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.usage_file import Call, calls

FOCUS = (
    "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd",
    "ChargeCategory", "BilledCost", "EffectiveCost", "ListCost", "ContractedCost",
    "BillingCurrency", "ProviderName", "ServiceCategory", "ServiceSubcategory",
    "ConsumedQuantity", "ConsumedUnit", "SubAccountId", "SkuMeter", "x_Model", "x_TokenClass",
    "x_Key",
)  # fmt: skip
FOCUS_GROUP = 100_000


def write_focus(path: Path, *, rows: int) -> None:
    """Write the calls' days as lines of a FOCUS dataset in Parquet, one a call."""
    schema = pa.schema([(name, pa.string()) for name in FOCUS])
    with pq.ParquetWriter(path, schema) as writer:
        lines = map(_focus_line, calls(rows=rows))
        while block := list(islice(lines, FOCUS_GROUP)):
            columns = dict(zip(FOCUS, zip(*block, strict=True), strict=True))
            writer.write_table(pa.table(columns, schema=schema))


def _focus_line(call: Call) -> tuple[str, ...]:
    day = call.at.date().isoformat()
    usd = f"{call.in_text * 3}e-6"
    return (
        "2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z", f"{day}T00:00:00Z", f"{day}T23:59:59Z",
        "Usage", usd, usd, usd, usd, "USD", call.provider, "AI and Machine Learning",
        "Generative AI", str(call.in_text), "Tokens", f"project-{call.person % 40}",
        f"{call.model} Input", call.model, "in_text", f"key-{call.person % 400}",
    )  # fmt: skip
