"""Pages that follow one another by a cursor, as OpenAI and Anthropic give them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from ingestion.connectors.web import Hiccup, Page, Params, PullFailed, Web

MOST_PAGES = 2000

StartOf = Callable[[Mapping[str, Any]], datetime]


def unix_start(bucket: Mapping[str, Any]) -> datetime:
    """Return when one of OpenAI's buckets begins."""
    return datetime.fromtimestamp(int(bucket["start_time"]), tz=UTC)


def iso_start(bucket: Mapping[str, Any]) -> datetime:
    """Return when one of Anthropic's buckets begins."""
    return datetime.fromisoformat(bucket["starting_at"])


def cursor_pages(web: Web, path: str, params: Params, *, start_of: StartOf) -> Iterator[bytes]:
    """Yield every page as it came, the oldest first; raises PullFailed.

    A page whose buckets do not begin after those before it was given twice, or belongs
    elsewhere: it is asked for again, and no page is ever left out.
    """
    cursor: str | None = None
    last: datetime | None = None
    for _ in range(MOST_PAGES):
        asked = [*params, ("page", cursor)] if cursor else [*params]
        page, last = _following(web, path, asked, start_of=start_of, last=last)
        yield page.body
        if not page.value["has_more"]:
            return
        cursor = _next(page, path, before=cursor)
    raise PullFailed(f"{path} has more than {MOST_PAGES} pages.")


def _following(
    web: Web, path: str, params: Params, *, start_of: StartOf, last: datetime | None
) -> tuple[Page, datetime | None]:
    """Return the page that goes on after `last`, and the start of its own last bucket."""

    def check(page: Page) -> None:
        starts = _starts(page, path, start_of)
        ordered = starts if last is None else [last, *starts]
        if any(after <= before for before, after in pairwise(ordered)):
            raise Hiccup(f"A page of {path} came twice, or not in its order.")

    page = web.get(path, params, check=check)
    starts = _starts(page, path, start_of)
    return page, starts[-1] if starts else last


def _starts(page: Page, path: str, start_of: StartOf) -> list[datetime]:
    value = page.value
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise PullFailed(f"{path} answers with something that is no page: it has no list 'data'.")
    if not isinstance(value.get("has_more"), bool):
        raise PullFailed(f"A page of {path} does not say whether more follow.")
    try:
        return [start_of(bucket) for bucket in value["data"]]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise PullFailed(f"A bucket of {path} does not say when it begins.") from None


def _next(page: Page, path: str, *, before: str | None) -> str:
    cursor = page.value.get("next_page")
    if not isinstance(cursor, str) or not cursor:
        raise PullFailed(f"{path} says that more pages follow and does not say where.")
    if cursor == before:
        raise PullFailed(f"{path} leads to the same page again and again.")
    return cursor
