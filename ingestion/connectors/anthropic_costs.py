"""Anthropic's costs: daily buckets by workspace and description."""

from collections.abc import Iterator

from ingestion.connectors import anthropic
from ingestion.connectors.kind import Ask, Kind
from ingestion.connectors.web import Web

PATH = "/v1/organizations/cost_report"
GROUPS = ("workspace_id", "description")


def fetch(ask: Ask, web: Web) -> Iterator[bytes]:
    yield from anthropic.daily_report(ask, web, PATH, groups=GROUPS)


KIND = Kind(
    name="anthropic-costs",
    title="Anthropic costs",
    source="anthropic-costs",
    fields=anthropic.FIELDS,
    credential=anthropic.CREDENTIAL,
    is_bucketed=True,
    headers=anthropic.headers,
    fetch=fetch,
)
