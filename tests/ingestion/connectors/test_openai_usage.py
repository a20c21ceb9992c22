"""OpenAI's usage as it is fetched: every kind of request, in one file."""

import json
from datetime import date

from ingestion.connectors.openai_usage import GROUPS, KIND, PATH
from tests.fakes.provider import FakeProvider
from tests.ingestion.connectors.conftest import Fetched


def test_every_kind_of_request_is_asked_for_by_what_it_can_be_grouped(
    provider: FakeProvider, fetched: Fetched
) -> None:
    provider.results(
        PATH + "embeddings",
        date(2026, 11, 19),
        {"object": "organization.usage.embeddings.result", "input_tokens": 16},
    )

    pieces = fetched(KIND)

    assert [asked.path for asked in provider.asked] == [PATH + kind for kind in GROUPS]
    assert {asked.param("limit") for asked in provider.asked} == {"31"}
    assert provider.asked[0].params_named("group_by[]") == [
        "project_id", "user_id", "api_key_id", "model", "batch", "service_tier",
    ]  # fmt: skip
    assert len(pieces) == 10
    assert json.loads(pieces[1])["data"][1]["results"][0]["input_tokens"] == 16


def test_each_kind_of_request_has_its_own_pages(provider: FakeProvider, fetched: Fetched) -> None:
    provider.most_buckets = 2

    pieces = fetched(KIND)

    assert len(pieces) == 20
    assert [a.param("page") for a in provider.asked[:4]] == ["", "page_2", "", "page_2"]
