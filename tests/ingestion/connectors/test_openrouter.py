"""OpenRouter's activity as it is fetched: one answer, as it came."""

import json

import pytest

from ingestion.connectors.openrouter import KIND
from ingestion.connectors.web import PullFailed
from tests.fakes.provider import ACTIVITY, FakeProvider, Fault
from tests.ingestion.connectors.conftest import Fetched

ROW = {
    "date": "2026-11-19",
    "model": "openai/gpt-4.1",
    "model_permaslug": "openai/gpt-4.1-2025-04-14",
    "endpoint_id": "ep-1",
    "provider_name": "OpenAI",
    "usage": 0.015,
    "byok_usage_inference": 0.012,
    "requests": 5,
    "prompt_tokens": 50,
    "completion_tokens": 125,
    "reasoning_tokens": 25,
}


def test_the_answer_is_kept_as_it_came(provider: FakeProvider, fetched: Fetched) -> None:
    provider.activity = [ROW]

    (page,) = fetched(KIND)

    assert provider.asked[0].path == ACTIVITY
    assert json.loads(page) == {"data": [ROW]}


def test_something_else_is_refused(provider: FakeProvider, fetched: Fetched) -> None:
    provider.last_body = b'{"error": {}}'
    provider.faults = [Fault("repeated")]

    with pytest.raises(PullFailed, match="has no list 'data'"):
        fetched(KIND)
