"""Anthropic's two reports as they are fetched."""

import json
from datetime import date

import pytest

from ingestion.connectors import anthropic_costs, anthropic_usage
from ingestion.connectors.kind import Kind
from ingestion.connectors.web import Denied
from tests.fakes.provider import COST_REPORT, KEY, MESSAGES, FakeProvider
from tests.ingestion.connectors.conftest import Fetched

REPORTS = [
    (
        anthropic_usage.KIND,
        MESSAGES,
        ["api_key_id", "workspace_id", "model", "service_tier", "context_window", "inference_geo"],
    ),
    (anthropic_costs.KIND, COST_REPORT, ["workspace_id", "description"]),
]


@pytest.mark.parametrize(("kind", "path", "groups"), REPORTS, ids=["usage", "costs"])
def test_a_report_is_asked_for_in_whole_days_and_pages(
    provider: FakeProvider, fetched: Fetched, kind: Kind, path: str, groups: list[str]
) -> None:
    provider.most_buckets = 2
    provider.results(path, date(2026, 11, 20), {"amount": "123.78912"})

    pieces = fetched(kind)

    first, second = provider.asked
    assert (first.path, first.param("limit"), first.param("bucket_width")) == (path, "31", "1d")
    assert first.param("starting_at") == "2026-11-18T00:00:00Z"
    assert first.param("ending_at") == "2026-11-21T00:00:00Z"
    assert first.params_named("group_by[]") == groups
    assert first.headers["x-api-key"] == KEY
    assert (first.param("page"), second.param("page")) == ("", "page_2")
    assert json.loads(pieces[1])["data"][0]["results"] == [{"amount": "123.78912"}]


@pytest.mark.parametrize(
    "kind", [anthropic_usage.KIND, anthropic_costs.KIND], ids=["usage", "costs"]
)
def test_a_wrong_key_is_refused(fetched: Fetched, kind: Kind) -> None:
    with pytest.raises(Denied, match="refuses the credential: 401"):
        fetched(kind, credential="sk-ant-wrong")
