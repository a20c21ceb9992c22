"""OpenAI's costs: daily buckets by project and line item."""

from collections.abc import Iterator

from ingestion.connectors.kind import Ask, Kind, address, bearer, day_window
from ingestion.connectors.paging import cursor_pages, unix_start
from ingestion.connectors.web import Web

PATH = "/v1/organization/costs"
MOST_BUCKETS = 180
GROUPS = ("project_id", "line_item")


def fetch(ask: Ask, web: Web) -> Iterator[bytes]:
    """Yield the pages of the window's whole days."""
    starts_at, ends_at = day_window(ask.starts_at, ask.ends_at)
    params = [
        ("start_time", str(int(starts_at.timestamp()))),
        ("end_time", str(int(ends_at.timestamp()))),
        ("bucket_width", "1d"),
        ("limit", str(MOST_BUCKETS)),
        *(("group_by[]", group) for group in GROUPS),
    ]
    yield from cursor_pages(web, PATH, params, start_of=unix_start)


KIND = Kind(
    name="openai-costs",
    title="OpenAI costs",
    source="openai-costs",
    fields=(address("https://api.openai.com"),),
    credential="Admin key (sk-admin-…)",
    is_bucketed=True,
    headers=bearer,
    fetch=fetch,
)
