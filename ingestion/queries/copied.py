"""Usage read back from the ledger by COPY, as a frame that rating takes."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from django.db import connection
from pyarrow import csv

_DAYS = ("utc_day", "reporting_day")


def copied_frame(
    statement: str,
    parameters: Sequence[Any] | Mapping[str, Any],
    columns: Sequence[str],
    *,
    texts: Sequence[str],
) -> pd.DataFrame:
    """Return what a COPY … TO STDOUT writes, its columns named.

    Those of `texts` are str, days are dates, all others whole numbers. A column
    `started_us`, of microseconds, makes a `started_at`, and each row gets a `line`.
    """
    text = io.BytesIO()
    with connection.cursor() as cursor, cursor.copy(statement, parameters) as copy:
        for part in copy:
            text.write(part)
    text.seek(0)
    return _frame(text, columns, texts)


def _frame(text: io.BytesIO, columns: Sequence[str], texts: Sequence[str]) -> pd.DataFrame:
    if not text.getbuffer().nbytes:
        return pd.DataFrame(columns=list(columns))
    types = dict.fromkeys(columns, pa.int64()) | dict.fromkeys(texts, pa.string())
    types |= {name: pa.date32() for name in _DAYS if name in columns}
    table = csv.read_csv(
        text,
        read_options=csv.ReadOptions(column_names=list(columns)),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=False),
    )
    frame: pd.DataFrame = table.to_pandas(date_as_object=True)
    started_at = pd.to_datetime(frame["started_us"], unit="us", utc=True)
    return frame.assign(line=range(len(frame)), started_at=started_at)
