"""Anthropic's usage of messages: daily buckets by key, workspace, model and tier."""

from collections.abc import Iterator

from ingestion.connectors import anthropic
from ingestion.connectors.kind import Ask, Kind
from ingestion.connectors.web import Web

PATH = "/v1/organizations/usage_report/messages"
GROUPS = (
    "api_key_id",
    "workspace_id",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
)


def fetch(ask: Ask, web: Web) -> Iterator[bytes]:
    yield from anthropic.daily_report(ask, web, PATH, groups=GROUPS)


KIND = Kind(
    name="anthropic-usage",
    title="Anthropic usage",
    source="anthropic-usage",
    fields=anthropic.FIELDS,
    credential=anthropic.CREDENTIAL,
    is_bucketed=True,
    headers=anthropic.headers,
    fetch=fetch,
)
