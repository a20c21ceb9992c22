"""Calls read back from their partitions, as frames of a bounded number of rows."""

from collections.abc import Iterator, Sequence
from datetime import date
from uuid import UUID

import pandas as pd

from finops.tokens import TOKEN_CLASSES
from ingestion.queries.copied import copied_frame

BATCH_ROWS = 50_000

_TEXTS = ("provider", "model", "account", "service_tier", "region", "counters", "key")
_COLUMNS = (
    *(name for name in _TEXTS if name != "key"), "utc_day", "reporting_day", "started_us",
    "slice_id", "delivery_id", "status", "cost_pico", "list_pico", "requests", "web_searches",
    *TOKEN_CLASSES, "key", "generation",
)  # fmt: skip
_CLASSES = ", ".join(f"coalesce(e.{name}, 0)" for name in TOKEN_CLASSES)
# In the order of the table's own key, a batch after the other: while a COPY runs, its
# connection can ask nothing else, and rating asks for prices.
_READ = f"""
COPY (
  SELECT s.provider, s.model, s.account, coalesce(e.service_tier, 'standard'),
         coalesce(e.region, ''), coalesce(e.counters::text, ''), e.utc_day, e.reporting_day,
         (extract(epoch FROM e.started_at) * 1000000)::bigint, e.slice_id, e.delivery_id,
         e.status, coalesce(e.cost_pico, -1), coalesce(e.list_pico, -1), e.requests,
         coalesce(e.web_searches, 0), {_CLASSES}, e.key, e.generation
  FROM ingestion_event e
  JOIN ingestion_slice s ON s.id = e.slice_id
  JOIN ingestion_delivery d ON d.id = e.delivery_id
  WHERE e.utc_day = %s AND e.slice_id = ANY(%s) AND d.undone_at IS NULL
    AND (e.key, e.generation) > (%s, %s)
  ORDER BY e.key, e.generation LIMIT %s
) TO STDOUT (FORMAT csv)
"""  # noqa: S608 -- only names of this file


def event_frames(day: date, slice_ids: Sequence[int]) -> Iterator[pd.DataFrame]:
    """Yield the calls of some slices on a UTC day, but those of undone deliveries.

    The frames have what rating reads, `slice_id`, `delivery_id`, `utc_day` and
    `reporting_day` (dates), `status`, and `cost_pico` and `list_pico` as first rated, -1
    where unknown.
    """
    after: tuple[str, int] = (str(UUID(int=0)), -1)
    while True:
        parameters = [day, list(slice_ids), *after, BATCH_ROWS]
        frame = copied_frame(_READ, parameters, _COLUMNS, texts=_TEXTS)
        if len(frame):
            yield frame
        if len(frame) < BATCH_ROWS:
            return
        last = frame.iloc[-1]
        after = (last["key"], int(last["generation"]))
