"""What the ledger holds beneath its rollups: events and adjustments, summed alike."""

from finops.tokens import TOKEN_CLASSES

DAY_KEY = "reporting_day, utc_day, slice_id, status"
MEASURES = ("calls", "requests", "cost_usd", "list_usd", *TOKEN_CLASSES)
_CLASS_SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in TOKEN_CLASSES)
_TOTALS = ", ".join(f"sum({name}) AS {name}" for name in MEASURES)


def detail(*, where: str = "", of_each: str = "") -> str:
    """Return a SELECT of `of_each`, DAY_KEY and the sums of MEASURES of the whole detail.

    `where` is a condition on `delivery_id`; `of_each` a further column to sum by, such as
    `bucket_id`, which events have not.
    """
    key = f"{of_each}, {DAY_KEY}" if of_each else DAY_KEY
    of_events = key.replace("bucket_id", "NULL::bigint AS bucket_id")
    chosen = f"WHERE {where}" if where else ""
    return f"""
  SELECT {key}, {_TOTALS} FROM (
    SELECT {of_events}, count(*) AS calls, sum(requests) AS requests,
           coalesce(sum(cost_pico), 0) / 1000000000000::numeric AS cost_usd,
           coalesce(sum(list_pico), 0) / 1000000000000::numeric AS list_usd, {_CLASS_SUMS}
    FROM ingestion_event {chosen} GROUP BY {key}
    UNION ALL
    SELECT {key}, sum(calls), sum(requests), sum(cost_usd), sum(list_usd), {_CLASS_SUMS}
    FROM ingestion_adjustment {chosen} GROUP BY {key}
  ) part GROUP BY {key}
"""  # noqa: S608 -- only names of this file and of its callers
