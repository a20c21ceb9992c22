"""Anthropic's Admin API: what its two reports have in common."""

from collections.abc import Iterator, Mapping, Sequence

from ingestion.connectors.kind import Ask, Field, address, day_window
from ingestion.connectors.paging import cursor_pages, iso_start
from ingestion.connectors.web import Web

VERSION = "2023-06-01"
MOST_BUCKETS = 31
FIELDS: tuple[Field, ...] = (address("https://api.anthropic.com"),)
CREDENTIAL = "Admin key (sk-ant-admin…)"


def headers(ask: Ask) -> Mapping[str, str]:
    return {"x-api-key": ask.credential.reveal(), "anthropic-version": VERSION}


def daily_report(ask: Ask, web: Web, path: str, *, groups: Sequence[str]) -> Iterator[bytes]:
    """Yield the pages of a report over the window's whole days."""
    starts_at, ends_at = day_window(ask.starts_at, ask.ends_at)
    params = [
        ("starting_at", f"{starts_at:%Y-%m-%dT%H:%M:%SZ}"),
        ("ending_at", f"{ends_at:%Y-%m-%dT%H:%M:%SZ}"),
        ("bucket_width", "1d"),
        ("limit", str(MOST_BUCKETS)),
        *(("group_by[]", group) for group in groups),
    ]
    yield from cursor_pages(web, path, params, start_of=iso_start)
