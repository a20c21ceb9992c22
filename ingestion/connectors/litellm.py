"""A LiteLLM proxy's spend logs: every call, day by day, page by page."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ingestion.connectors.kind import DAY, Ask, Field, Kind, address, bearer
from ingestion.connectors.web import Page, PullFailed, Web
from ingestion.readers.contract import Refused

PATH = "/spend/logs/v2"
DEFAULT_PAGE_SIZE = 100
MOST_PAGE_SIZE = 1000
MOST_PAGES = 100_000


def fetch(ask: Ask, web: Web) -> Iterator[bytes]:
    """Yield every row of the window as a line of JSON.

    The proxy pages by number, so the window is asked for in pieces of a day, oldest call
    first: what is logged meanwhile stands behind what was read.
    """
    starts_at = ask.starts_at
    while starts_at < ask.ends_at:
        ends_at = min(starts_at + DAY, ask.ends_at)
        yield from _rows(web, starts_at, ends_at, size=int(ask.setting("page_size")))
        starts_at = ends_at


def check(config: Mapping[str, str]) -> None:
    """Raise Refused for a page size that the proxy would not take."""
    size = config["page_size"]
    if not size.isdigit() or not 1 <= int(size) <= MOST_PAGE_SIZE:
        raise Refused(f"Rows a page is a number from 1 to {MOST_PAGE_SIZE}.")


def _rows(web: Web, starts_at: datetime, ends_at: datetime, *, size: int) -> Iterator[bytes]:
    seen: set[str] = set()
    for number in range(1, MOST_PAGES + 1):
        page = web.get(PATH, _params(starts_at, ends_at, number=number, size=size))
        rows = _rows_of(page)
        for row in rows:
            seen.add(str(row.get("request_id")))
            yield json.dumps(row, separators=(",", ":")).encode()
        if len(rows) < size:
            _check_total(page.value, len(seen))
            return
    raise PullFailed(f"{PATH} has more than {MOST_PAGES} pages for one day.")


def _params(
    starts_at: datetime, ends_at: datetime, *, number: int, size: int
) -> list[tuple[str, str]]:
    return [
        ("start_date", f"{starts_at:%Y-%m-%d %H:%M:%S}"),
        ("end_date", f"{ends_at:%Y-%m-%d %H:%M:%S}"),
        ("page", str(number)),
        ("page_size", str(size)),
        ("sort_by", "startTime"),
        ("sort_order", "asc"),
    ]


def _rows_of(page: Page) -> list[dict[str, Any]]:
    rows = page.value.get("data") if isinstance(page.value, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise PullFailed(f"{PATH} answers with something that has no list 'data' of rows.")
    return rows


def _check_total(value: Mapping[str, Any], seen: int) -> None:
    """Raise PullFailed where the proxy counts more calls than it gave.

    A page that came twice in another's place is found out so. A capped count says nothing.
    """
    total = value.get("total")
    if isinstance(total, int) and not value.get("total_is_capped") and seen < total:
        raise PullFailed(f"{PATH} counts {total} calls and gave {seen} different ones.")


KIND = Kind(
    name="litellm",
    title="LiteLLM proxy, spend logs",
    source="litellm",
    fields=(
        address(help="Where the proxy answers, such as https://litellm.acme.example."),
        Field(
            "page_size",
            "Rows a page",
            f"At most {MOST_PAGE_SIZE}; older proxies take {DEFAULT_PAGE_SIZE}.",
            default=str(DEFAULT_PAGE_SIZE),
        ),
    ),
    credential="Admin key of the proxy (sk-…)",
    headers=bearer,
    fetch=fetch,
    check=check,
)
