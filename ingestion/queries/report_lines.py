"""Lines of reports read back to be rated anew, as frames of a bounded number of rows."""

from collections.abc import Iterator, Sequence
from datetime import date

import pandas as pd
from django.db.models import QuerySet

from finops.tokens import TOKEN_CLASSES
from ingestion.models import Adjustment, ReportBucket
from ingestion.queries.copied import copied_frame

BATCH_ROWS = 50_000

_TEXTS = (
    "provider", "model", "account", "service_tier", "region", "counters", "quantity", "stated_usd",
    "charge_category",
)  # fmt: skip
_COLUMNS = (
    *_TEXTS, "utc_day", "reporting_day", "started_us", "slice_id", "delivery_id", "bucket_id",
    "status", "cost_pico", "list_pico", "is_listed", "requests", "web_searches", *TOKEN_CLASSES,
    "id",
)  # fmt: skip
_CLASSES = ", ".join(f"l.{name}" for name in TOKEN_CLASSES)
# What the provider states stays as it is: it is read as 0, for it may be more than a call
# can cost, or less than nothing. Nothing moves of a line that states both its costs.
_READ = f"""
COPY (
  SELECT s.provider, s.model, s.account, coalesce(l.service_tier, 'standard'),
         coalesce(l.region, ''), coalesce(l.counters::text, ''),
         coalesce(trim_scale(l.quantity)::text, ''), coalesce(l.stated_usd, ''),
         l.charge_category, l.utc_day, l.reporting_day,
         (extract(epoch FROM l.started_at) * 1000000)::bigint, l.slice_id, b.delivery_id, b.id,
         l.status,
         CASE WHEN l.stated_usd IS NULL
              THEN coalesce(l.cost_usd * 1000000000000, -1)::bigint ELSE 0 END,
         CASE WHEN l.listed_usd IS NULL
              THEN coalesce(l.list_usd * 1000000000000, -1)::bigint ELSE 0 END,
         (l.listed_usd IS NOT NULL)::int, l.requests, l.web_searches, {_CLASSES}, l.id
  FROM ingestion_reportline l
  JOIN ingestion_reportbucket b ON b.id = l.bucket_id
  JOIN ingestion_slice s ON s.id = l.slice_id
  WHERE l.bucket_id = ANY(%(buckets)s) AND l.charge_category = 'usage'
    AND (l.stated_usd IS NULL OR l.listed_usd IS NULL)
    AND (%(day)s::date IS NULL OR l.utc_day = %(day)s)
    AND (%(slices)s::integer[] IS NULL OR l.slice_id = ANY(%(slices)s))
    AND l.id > %(after)s
  ORDER BY l.id LIMIT %(most)s
) TO STDOUT (FORMAT csv)
"""  # noqa: S608 -- only names of this file


def line_frames(
    bucket_ids: Sequence[int], *, day: date | None = None, slice_ids: Sequence[int] | None = None
) -> Iterator[pd.DataFrame]:
    """Yield the usage lines of buckets that the price book has to do with.

    Of one UTC day and some slices, or all. The frames have what rating reads, the columns
    of a cell, and `cost_pico` and `list_pico` as first rated, -1 where unknown.
    """
    asked = {"buckets": list(bucket_ids), "day": day, "most": BATCH_ROWS, "after": 0}
    asked["slices"] = None if slice_ids is None else list(slice_ids)
    while bucket_ids:
        frame = copied_frame(_READ, asked, _COLUMNS, texts=_TEXTS)
        if len(frame):
            yield frame
        if len(frame) < BATCH_ROWS:
            return
        asked["after"] = int(frame["id"].iloc[-1])


def current_versions_on(day: date, slice_ids: Sequence[int]) -> QuerySet[ReportBucket]:
    """Return the current buckets of which some usage of the slices is booked on a UTC day."""
    booked = Adjustment.objects.filter(utc_day=day, slice__in=list(slice_ids), bucket__isnull=False)
    # The state is asked of the rows themselves, for who waits for their lock reads it anew.
    return ReportBucket.objects.filter(
        state=ReportBucket.State.CURRENT, pk__in=booked.values("bucket")
    ).order_by("pk")
