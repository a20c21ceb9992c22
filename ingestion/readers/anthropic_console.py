"""What Anthropic's two Console exports have in common: UTC days, names, tiers."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ingestion.readers.anthropic_served import served
from ingestion.readers.gathered import Fields, tags_from
from ingestion.readers.instants import instant
from ingestion.readers.tiers import BATCH

DAY_COLUMN = "usage_date_utc"
DAY = timedelta(days=1)
TAGS = ("api_key_id", "context_window", "cost_type", "inference_geo", "speed", "token_type")


def who_and_when(row: Mapping[str, Any], *, model: str) -> Fields:
    """Return the fields that both exports tell in the same way.

    The bucket is the day, also where a row tells a time within it. Columns come and go
    from month to month: what has no column is none. Raises ValueError for what is no day.
    """
    told = str(row.get(DAY_COLUMN) or "").strip()
    at = instant(told)
    if at is None:
        raise ValueError(f"{told!r} in the column {DAY_COLUMN} is no day")
    starts_at = at.replace(hour=0, minute=0, second=0, microsecond=0)
    fields = {
        "bucket_starts_at": starts_at.isoformat(),
        "bucket_ends_at": (starts_at + DAY).isoformat(),
        "started_at": at.isoformat(),
        "provider": "anthropic",
        "model": model,
        "project": row.get("workspace"),
        "key": row.get("api_key"),
        "tags": tags_from(row, TAGS),
    }
    return fields | served(row, batch=BATCH in str(row.get("usage_type")).lower())
