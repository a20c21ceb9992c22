"""Writing staged calls into a table by COPY, in the order of their keys."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from finops.tokens import TOKEN_CLASSES
from ingestion.pricing import UNPRICED

EVENT_COLUMNS = (
    "utc_day", "reporting_day", "key", "content_hash", "started_at", "slice_id",
    "generation", "status", "cost_pico", "list_pico", *TOKEN_CLASSES, "requests",
    "web_searches", "stated_usd", "counters", "tags", "service_tier", "region", "outcome", "task",
    "delivery_id",
)  # fmt: skip
_ALWAYS_GIVEN = frozenset(
    {"in_text", "in_cache_read", "in_cache_write_5m", "in_cache_write_1h", "out_text",
     "out_reasoning"}
)  # fmt: skip
_RARE = (*(name for name in TOKEN_CLASSES if name not in _ALWAYS_GIVEN), "web_searches")
_TEXTS = frozenset(
    {"stated_usd", "counters", "tags", "service_tier", "region", "outcome", "task",
     "lease"}
)  # fmt: skip
_DAYS = frozenset({"utc_day", "reporting_day"})
_PICO = frozenset({"cost_pico", "list_pico"})


def in_key_order(staged: pd.DataFrame) -> pd.DataFrame:
    """Sort calls by the primary key.

    The index then grows page by page, and two loads of the same calls wait for each other
    instead of locking crosswise.
    """
    return staged.sort_values(["utc_day", "key", "line"])


def with_content(rows: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Leave out the columns of calls that hold nothing: most calls have few token classes."""
    return [name for name in names if _has_content(name, rows[name])]


def copy_rows(cursor: Any, table: str, rows: pd.DataFrame, names: Sequence[str]) -> None:
    """Copy columns of a frame into a table."""
    text = io.BytesIO()
    csv.write_csv(
        pa.table({name: _arrow(name, rows[name]) for name in names}),
        text,
        csv.WriteOptions(include_header=False),
    )
    with cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(text.getbuffer())


def _has_content(name: str, values: pd.Series) -> bool:
    if name in _RARE:
        return bool(values.any())
    return name not in _TEXTS or bool((values != "").any())


def _arrow(name: str, values: pd.Series) -> pa.Array:
    if name in _DAYS:
        return pa.array(values, type=pa.timestamp("us"), from_pandas=True).cast(pa.date32())
    if name in _PICO:
        return pa.array(values.to_numpy(), mask=(values == UNPRICED).to_numpy())
    if name in _TEXTS:
        column = pa.array(values, type=pa.string())
        return pc.if_else(pc.equal(column, ""), None, column)
    return pa.array(values)
