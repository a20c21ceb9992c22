"""Helicone's requests become calls; what called no model is none."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ingestion.readers.contract import Refused, UsageBatch
from tests.ingestion.readers.reading import SAMPLES, read_text, read_usage, said, shown


def read_one(folder: Path, **request: object) -> UsageBatch:
    plain = {
        "response_id": "r",
        "response_status": 200,
        "request_created_at": "2026-03-02T08:15:30Z",
        "request_model": "gpt-5",
        "prompt_tokens": 10,
        "completion_tokens": 5,
    }
    return read_text("helicone", json.dumps(plain | request) + "\n", folder)


def test_a_request_is_a_call_with_its_session_and_properties() -> None:
    batch = read_usage("helicone", SAMPLES / "helicone_requests.ndjson")

    values = batch.frame.iloc[0].to_dict()
    assert {name: value for name, value in values.items() if value not in ("", 0)} == {
        "line": 1,
        "native_id": "r-1",
        "started_at": pd.Timestamp("2026-03-02T08:15:30.250Z"),
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "key": "pk-1",
        "person": "ana@example.com",
        "workflow": "ticket-answer",
        "environment": "prod",
        "task": "s-1",
        "tags": '{"app":"support"}',
        "service_tier": "standard",
        "in_text": 2000,
        "in_cache_read": 40000,
        "in_cache_write_other": 6000,
        "out_text": 1500,
        "requests": 1,
        "status": "ok",
    }


def test_what_helicone_answered_itself_failed_or_never_was_a_call() -> None:
    batch = read_usage("helicone", SAMPLES / "helicone_requests.ndjson")

    columns = "native_id", "provider", "model", "status", "in_text", "stated_usd"
    assert shown(batch, *columns)[1:] == [
        ("r-2", "openai", "gpt-5", "cached", 0, ""),
        ("r-3", "unknown", "own-llama", "error", 0, ""),
        ("r-5", "openai", "gpt-image-1", "ok", 0, "0.04"),
    ]
    assert said(batch) == [
        (6, "usage", "neither tokens nor a cost are told, and nothing says that it was free"),
        (7, "usage", "the request has no answer yet; export it again when it has"),
    ]
    assert batch.rows == 6


def test_the_csv_of_the_tool_has_the_same_ids() -> None:
    batch = read_usage("helicone", SAMPLES / "helicone_requests.csv")

    columns = "line", "native_id", "provider", "in_text", "out_text", "task", "tags"
    assert shown(batch, *columns) == [(2, "r-1", "openai", 40, 20, "s-1", '{"app":"support"}')]
    assert [(problem.line, problem.field) for problem in batch.problems] == [(3, "usage")]


def test_audio_reasoning_and_the_lives_of_the_cache_are_classes_of_their_own(
    tmp_path: Path,
) -> None:
    batch = read_one(
        tmp_path,
        prompt_audio_tokens=3,
        completion_audio_tokens=4,
        reasoning_tokens=7,
        prompt_cache_write_tokens=9,
        prompt_cache_write_5m=2,
        prompt_cache_write_1h=6,
    )

    columns = "in_text", "in_audio", "in_cache_write_5m", "in_cache_write_1h"
    assert shown(batch, *columns, "in_cache_write_other") == [(10, 3, 2, 6, 1)]
    assert shown(batch, "out_text", "out_audio", "out_reasoning") == [(5, 4, 7)]


@pytest.mark.parametrize(("total", "doubts"), [(15, []), (55, []), (16, ["DQ_TOTAL_MISMATCH"])])
def test_a_total_is_of_all_tokens_or_as_helicone_adds(
    tmp_path: Path, total: int, doubts: list[str]
) -> None:
    batch = read_one(tmp_path, prompt_cache_read_tokens=40, total_tokens=total)

    assert [doubt.reason for doubt in batch.doubts] == doubts


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({"response_status": "fine"}, "response_status is 'fine', which is no status of HTTP"),
        ({"prompt_tokens": -1}, "prompt_tokens is -1, which is not a count"),
        ({"prompt_tokens": "٣"}, "prompt_tokens is '٣', which is not a count"),
        ({"request_properties": [1]}, "request_properties is not an object"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(
    tmp_path: Path, odd: dict[str, object], reason: str
) -> None:
    assert said(read_one(tmp_path, **odd)) == [(1, "usage", reason)]


def test_a_csv_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no column request_created_at or prompt_tokens"):
        read_text("helicone", "date,completion_tokens\n2026-03-02,1\n", tmp_path)
