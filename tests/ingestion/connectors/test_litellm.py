"""LiteLLM's spend logs as they are fetched: day by day, page by page, every call."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ingestion.connectors.litellm import KIND
from ingestion.connectors.web import PullFailed
from ingestion.readers.contract import Refused
from tests.fakes.provider import FakeProvider, Fault
from tests.ingestion.connectors.conftest import Fetched


def call(name: str, started: str) -> dict[str, Any]:
    return {
        "request_id": name,
        "startTime": f"{started}+00:00",
        "model": "gpt-5",
        "custom_llm_provider": "openai",
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "spend": 0.000062500000000000001,
    }


def test_the_window_is_read_a_day_and_a_page_at_a_time(
    provider: FakeProvider, fetched: Fetched
) -> None:
    provider.spend_logs = [
        call("r3", "2026-11-19T09:00:00"),
        call("r1", "2026-11-18T08:00:00"),
        call("r2", "2026-11-18T09:00:00"),
    ]

    rows = fetched(KIND, page_size="2")

    assert [json.loads(row)["request_id"] for row in rows] == ["r1", "r2", "r3"]
    assert [
        (a.param("start_date"), a.param("end_date"), a.param("page")) for a in provider.asked
    ] == [
        ("2026-11-18 07:30:00", "2026-11-19 07:30:00", "1"),
        ("2026-11-18 07:30:00", "2026-11-19 07:30:00", "2"),
        ("2026-11-19 07:30:00", "2026-11-20 07:30:00", "1"),
        ("2026-11-20 07:30:00", "2026-11-20 12:00:00", "1"),
    ]
    assert provider.asked[0].param("sort_order") == "asc"


def test_a_page_in_anothers_place_fails_the_pull(provider: FakeProvider, fetched: Fetched) -> None:
    provider.spend_logs = [call(f"r{n}", f"2026-11-18T08:00:0{n}") for n in range(4)]
    window = {"ends_at": datetime(2026, 11, 18, 12, 0, tzinfo=UTC), "page_size": "2"}
    fetched(KIND, **window)
    provider.last_body = json.dumps(
        {"data": provider.spend_logs[:2], "total": 4, "page": 1}
    ).encode()
    provider.faults = [Fault("repeated"), Fault("repeated")]

    with pytest.raises(PullFailed, match="counts 4 calls and gave 2 different ones"):
        fetched(KIND, **window)


def test_no_calls_make_no_rows(fetched: Fetched) -> None:
    assert fetched(KIND) == []


@pytest.mark.parametrize("size", ["0", "1001", "many"])
def test_a_page_has_one_to_a_thousand_rows(size: str) -> None:
    with pytest.raises(Refused, match="from 1 to 1000"):
        KIND.checked({"address": "http://proxy.example", "page_size": size})


def test_something_else_is_refused(provider: FakeProvider, fetched: Fetched) -> None:
    provider.last_body = b'[{"api_key": "x", "spend": 1}]'
    provider.faults = [Fault("repeated")]

    with pytest.raises(PullFailed, match="has no list 'data' of rows"):
        fetched(KIND)
