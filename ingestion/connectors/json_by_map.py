"""Any HTTP interface that answers JSON: where its rows stand, how it pages, what its fields are."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ingestion.connectors.kind import Ask, Field, Kind, address, pairs
from ingestion.connectors.web import Denied, Page, PullFailed, Web
from ingestion.readers.columns import JSON
from ingestion.readers.contract import Chunk, Options, Refused

MOST_PAGES = 10_000
TIMES = {
    "rfc3339": "%Y-%m-%dT%H:%M:%SZ",
    "date": "%Y-%m-%d",
    "unix": "",
}


def headers(ask: Ask) -> Mapping[str, str]:
    key = ask.credential.reveal()
    if not key:
        return {}
    return {ask.setting("header"): f"Bearer {key}" if ask.setting("scheme") == "bearer" else key}


def fetch(ask: Ask, web: Web) -> Iterator[bytes]:
    """Yield every row of every page as a line of JSON, fractions in their own digits."""
    for page in _pages(ask, web):
        for row in rows_at(page.value, ask.setting("rows")):
            yield json.dumps(row, separators=(",", ":")).encode()


def rows_at(value: Any, path: str) -> list[Any]:
    """Return the list at a dotted path of an answer; "" is the answer itself."""
    rows = value_at(value, path)
    if not isinstance(rows, list):
        raise PullFailed(f"The answer has no list of rows at {path!r}.")
    return rows


def value_at(value: Any, path: str) -> Any:
    for name in filter(None, path.split(".")):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def check(config: Mapping[str, str]) -> None:
    """Raise Refused where the map cannot serve, or the way of paging lacks what it needs."""
    options = Options(map=pairs(config["map"]), set=pairs(config["set"]))
    JSON.check(Chunk(b"", b"", "ndjson", 1), options)
    if config["paging"] in {"cursor", "link"} and not config["next"]:
        raise Refused("Say at which path the answer gives the next page.")
    if config["paging"] in {"cursor", "number"} and not config["page_param"]:
        raise Refused("Say by which parameter a page is asked for.")
    if not config["header"].replace("-", "").isalnum() or not config["header"].isascii():
        raise Refused("The header's name has letters, digits and dashes only.")


def _pages(ask: Ask, web: Web) -> Iterator[Page]:
    if ask.setting("paging") == "none":
        yield web.get("", _window(ask))
    elif ask.setting("paging") == "number":
        yield from _numbered(ask, web)
    elif ask.setting("paging") == "cursor":
        yield from _by_cursor(ask, web)
    else:
        yield from _by_link(ask, web)


def _numbered(ask: Ask, web: Web) -> Iterator[Page]:
    """Yield pages 1, 2, … until one without rows."""
    last: Any = None
    for number in range(1, MOST_PAGES + 1):
        page = web.get("", [*_window(ask), (ask.setting("page_param"), str(number))])
        rows = rows_at(page.value, ask.setting("rows"))
        if not rows:
            return
        if rows == last:
            raise Denied("Every page is the same: the interface does not page by number.")
        last = rows
        yield page
    raise PullFailed(f"There are more than {MOST_PAGES} pages.")


def _by_cursor(ask: Ask, web: Web) -> Iterator[Page]:
    seen: set[str] = set()
    extra: list[tuple[str, str]] = []
    for _ in range(MOST_PAGES):
        page = web.get("", [*_window(ask), *extra])
        yield page
        cursor = _next(page, ask, seen)
        if cursor is None:
            return
        extra = [(ask.setting("page_param"), cursor)]
    raise PullFailed(f"There are more than {MOST_PAGES} pages.")


def _by_link(ask: Ask, web: Web) -> Iterator[Page]:
    seen: set[str] = set()
    page = web.get("", _window(ask))
    for _ in range(MOST_PAGES):
        yield page
        link = _next(page, ask, seen)
        if link is None:
            return
        page = web.follow(link)
    raise PullFailed(f"There are more than {MOST_PAGES} pages.")


def _next(page: Page, ask: Ask, seen: set[str]) -> str | None:
    value = value_at(page.value, ask.setting("next"))
    if value is None or value == "" or value is False:
        return None
    text = str(value)
    if text in seen:
        raise PullFailed("The pages lead in a circle.")
    seen.add(text)
    return text


def _window(ask: Ask) -> list[tuple[str, str]]:
    bounds = (ask.setting("start_param"), ask.starts_at), (ask.setting("end_param"), ask.ends_at)
    return [(name, _moment(at, ask.setting("time_format"))) for name, at in bounds if name]


def _moment(at: datetime, time_format: str) -> str:
    pattern = TIMES[time_format]
    return at.strftime(pattern) if pattern else str(int(at.timestamp()))


KIND = Kind(
    name="json",
    title="Any HTTP interface with JSON",
    source="json",
    fields=(
        address(help="The whole address of the list of calls. Keys belong into the credential."),
        Field("rows", "Path of the rows", "Such as data.items. Empty: the answer is the list."),
        Field(
            "map",
            "What the fields are",
            "A line for each: field = path, such as started_at = created.",
            required=True,
            is_long=True,
        ),
        Field("set", "The same for every call", "A line each: provider = openai.", is_long=True),
        Field("start_param", "Parameter of the window's start", "Such as from, or empty."),
        Field("end_param", "Parameter of the window's end", "Such as to, or empty."),
        Field(
            "time_format",
            "How times are written",
            default="rfc3339",
            choices=(
                ("rfc3339", "2026-11-20T10:00:00Z"),
                ("date", "2026-11-20"),
                ("unix", "Unix seconds"),
            ),
        ),
        Field(
            "paging",
            "How it pages",
            default="none",
            choices=(
                ("none", "One answer holds all"),
                ("number", "Page numbers from 1"),
                ("cursor", "A cursor in the answer"),
                ("link", "A link in the answer"),
            ),
        ),
        Field("page_param", "Parameter of the page or cursor", default="page"),
        Field("next", "Path of the next cursor or link", "Such as meta.next."),
        Field("header", "Header of the credential", default="Authorization"),
        Field(
            "scheme",
            "How the credential is sent",
            default="bearer",
            choices=(("bearer", "Bearer, then the key"), ("plain", "The key alone")),
        ),
    ),
    credential="Key",
    needs_credential=False,
    headers=headers,
    fetch=fetch,
    check=check,
)
