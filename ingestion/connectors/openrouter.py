"""OpenRouter's activity: the last thirty completed days, in one answer."""

from collections.abc import Iterator

from ingestion.connectors.kind import Ask, Kind, address, bearer
from ingestion.connectors.web import PullFailed, Web

PATH = "/api/v1/activity"


def fetch(_ask: Ask, web: Web) -> Iterator[bytes]:
    """Yield the one page; OpenRouter chooses the days itself."""
    page = web.get(PATH)
    if not isinstance(page.value, dict) or not isinstance(page.value.get("data"), list):
        raise PullFailed(f"{PATH} answers with something that has no list 'data'.")
    yield page.body


KIND = Kind(
    name="openrouter-activity",
    title="OpenRouter activity",
    source="openrouter-activity",
    fields=(address("https://openrouter.ai"),),
    credential="Management key (sk-or-…)",
    is_bucketed=True,
    headers=bearer,
    fetch=fetch,
)
