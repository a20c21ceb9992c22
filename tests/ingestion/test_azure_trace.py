"""8,819 real calls of a production service: loaded, priced to the digit, loaded once."""

import csv
from decimal import Decimal
from pathlib import Path

from ingestion.models import Delivery, Event
from ingestion.queries import proof
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast
from tests.shared_data import shared_data

MAP = {"started_at": "TIMESTAMP", "in_text": "ContextTokens", "out_text": "GeneratedTokens"}
FIXED = {"provider": "openai", "model": "gpt-4o"}
IN_USD_PER_MTOK, OUT_USD_PER_MTOK = Decimal("2.5"), Decimal(10)


def test_a_real_trace_costs_what_its_rows_cost_and_loads_once(cast: Cast, deliver: Deliver) -> None:
    path = shared_data("azure-llm-traces/AzureLLMInferenceTrace_code.csv")

    first = deliver(path.read_bytes(), source="csv", column_map=MAP, fixed_values=FIXED)
    again = deliver(path.read_bytes(), source="csv", column_map=MAP, fixed_values=FIXED)

    assert first.state == again.state == Delivery.State.DONE
    assert (first.rows, first.loaded, first.rejected, first.unpriced) == (8819, 8819, 0, 0)
    assert (again.rows, again.loaded, again.duplicate) == (8819, 0, 8819)
    assert first.usd == row_by_row(path)
    assert Event.objects.count() == 8819
    assert proof.rollups_equal_detail() is None
    assert proof.unit_days_equal_slice_days() is None


def row_by_row(path: Path) -> Decimal:
    """Return the dollars of the trace, added up one call at a time."""
    total = Decimal(0)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            total += Decimal(row["ContextTokens"]) * IN_USD_PER_MTOK / 1_000_000
            total += Decimal(row["GeneratedTokens"]) * OUT_USD_PER_MTOK / 1_000_000
    return total
