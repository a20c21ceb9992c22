"""Providers' own answers become calls, each run of an answer at its own model."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from finops.tokens import TOKEN_CLASSES, TOTAL_MISMATCH
from ingestion.readers.contract import Options, Refused, UsageBatch
from ingestion.readers.registry import detected
from ingestion.readers.responses import detect
from tests.ingestion.readers.reading import NO_OPTIONS, SAMPLES, read_text, read_usage, said, shown
from tests.shared_data import shared_data

AROUND = Options(map={"started_at": "at", "user": "user"})
WHEN = Options(set={"started_at": "2026-03-02", "model": "unsaid"})


def sample() -> UsageBatch:
    return read_usage("responses", SAMPLES / "responses.ndjson", AROUND)


def read_bodies(folder: Path, *bodies: Any, options: Options = NO_OPTIONS) -> UsageBatch:
    return read_text("responses", "\n".join(map(json.dumps, bodies)) + "\n", folder, options)


def chat(**other: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1772440200,
        "model": "gpt-5-nano",
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    } | other


def test_each_provider_says_its_tokens_in_its_own_way() -> None:
    columns = ("native_id", "provider", "model", "in_text", "in_cache_read", "out_text")

    assert shown(sample(), *columns, "out_reasoning") == [
        ("chatcmpl-7", "openai", "gpt-5-mini-2025-08-07", 360, 640, 100, 200),
        ("resp_8", "openai", "gpt-5-nano", 50, 0, 7, 0),
        ("msg_9#1", "anthropic", "claude-sonnet-4-6", 100, 0, 110, 0),
        ("msg_9#2", "anthropic", "claude-opus-4-8", 55196, 0, 22, 0),
        ("msg_9#3", "anthropic", "claude-sonnet-4-6", 120, 0, 11, 0),
        ("g-10", "google", "gemini-2.5-flash", 8, 0, 404, 1546),
        ("b-11", "aws", "amazon.nova-pro-v1:0", 22, 2492, 13, 0),
        ("c-12", "cohere", "command-a-03-2025", 51, 0, 13, 0),
        ("chatcmpl-13", "openai", "gpt-5-nano", 30, 0, 4, 0),
        ("gen-14", "openrouter", "mistralai/mistral-small", 20, 0, 5, 0),
    ]


def test_a_call_of_several_runs_is_counted_once() -> None:
    columns = ("native_id", "requests", "web_searches", "person", "tags")

    assert shown(sample(), *columns)[2:5] == [
        ("msg_9#1", 1, 1, "ana", '{"inference_geo":"us"}'),
        ("msg_9#2", 0, 0, "ana", '{"inference_geo":"us"}'),
        ("msg_9#3", 0, 0, "ana", '{"inference_geo":"us"}'),
    ]
    assert sample().frame["requests"].sum() == 8


def test_times_are_the_bodys_or_stand_around_it() -> None:
    times = [str(time) for (time,) in shown(sample(), "started_at")]

    assert times == [
        "2026-03-02 08:30:00+00:00",
        "2026-03-02 08:30:01.500000+00:00",
        *["2026-03-02 08:30:02+00:00"] * 3,
        "2026-03-02 08:30:03.819932+00:00",
        "2026-03-02 08:30:04+00:00",
        "2026-03-02 08:30:05+00:00",
        "2026-03-02 08:30:06+00:00",
        "2026-03-02 08:30:07+00:00",
    ]


def test_tiers_are_told_and_a_batchs_output_is_a_batch() -> None:
    tiers = shown(sample(), "native_id", "service_tier")

    assert [row for row in tiers if row[1] != "standard"] == [
        ("chatcmpl-7", "flex"),
        ("chatcmpl-13", "batch"),
    ]


def test_only_openrouter_states_what_an_answer_cost() -> None:
    assert [cost for (cost,) in shown(sample(), "stated_usd") if cost] == ["4.2e-06"]


def test_bodies_that_cannot_become_calls_are_named() -> None:
    assert said(sample()) == [
        (9, "usage", "holds no usage object that is known"),
        (10, "started_at", "is missing"),
        (11, "usage", "prompt_tokens is 'many', which is not a whole number."),
    ]
    assert sample().rows == 13  # eleven lines, one of them of three runs


def test_what_is_set_stands_where_a_body_says_nothing(tmp_path: Path) -> None:
    untimed = {key: value for key, value in chat().items() if key not in {"created", "model"}}

    batch = read_bodies(tmp_path, chat(), untimed | {"id": "c-2"}, options=WHEN)

    assert shown(batch, "native_id", "model", "started_at") == [
        ("chatcmpl-1", "gpt-5-nano", pd.Timestamp("2026-03-02T08:30:00Z")),
        ("c-2", "unsaid", pd.Timestamp("2026-03-02T00:00:00Z")),
    ]


def test_whose_answer_it_is_may_be_said_since_many_imitate_openai(tmp_path: Path) -> None:
    set_, guessed = Options(set={"provider": "mistral"}), NO_OPTIONS

    assert shown(read_bodies(tmp_path, chat(), options=set_), "provider") == [("mistral",)]
    assert shown(read_bodies(tmp_path, chat(), options=guessed), "provider") == [("openai",)]


@pytest.mark.parametrize(
    ("body", "provider"),
    [
        (chat(x_groq={"id": "req_1"}), "groq"),
        (chat(usage={"prompt_tokens": 5, "prompt_cache_hit_tokens": 2}), "deepseek"),
    ],
)
def test_some_imitators_leave_a_mark(tmp_path: Path, body: Any, provider: str) -> None:
    assert shown(read_bodies(tmp_path, body), "provider") == [(provider,)]


def test_tags_are_mapped_whole_or_one_by_one_and_join_the_bodys(tmp_path: Path) -> None:
    line = {
        "labels": {"team": "cx"},
        "stage": "prod",
        "response": chat(usage={"prompt_tokens": 1, "completion_tokens": 1, "speed": "fast"}),
    }
    options = Options(map={"tags": "labels", "tags.stage": "stage"})

    batch = read_bodies(tmp_path, line, options=options)

    assert shown(batch, "tags") == [('{"speed":"fast","stage":"prod","team":"cx"}',)]


def test_a_failed_response_is_an_error(tmp_path: Path) -> None:
    failed = chat(object="response", status="failed")

    assert shown(read_bodies(tmp_path, failed, chat()), "status") == [("error",), ("ok",)]


def test_a_total_that_disagrees_is_doubted(tmp_path: Path) -> None:
    usage = {"inputTokens": 3, "outputTokens": 4, "totalTokens": 8}

    batch = read_bodies(tmp_path, {"id": "b-1", "usage": usage}, options=WHEN)

    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [(1, TOTAL_MISMATCH)]


def test_runs_without_an_id_cannot_be_told_apart(tmp_path: Path) -> None:
    run = {"type": "message", "input_tokens": 1, "output_tokens": 1}
    usage = {"input_tokens": 2, "output_tokens": 2, "iterations": [run, run]}

    batch = read_bodies(tmp_path, {"usage": usage}, {"usage": usage, "id": "m"}, options=WHEN)

    reason = "was made in several runs and has no id to tell them apart by"
    assert said(batch) == [(1, "usage", reason)] * 2
    assert shown(batch, "native_id") == [("m#1",), ("m#2",)]


def test_a_date_that_is_none_is_shown_as_such(tmp_path: Path) -> None:
    meta = {"RequestId": "b-1", "HTTPHeaders": {"date": "some day"}}
    body = {"ResponseMetadata": meta, "usage": {"inputTokens": 3, "outputTokens": 4}, "model": "m"}

    assert said(read_bodies(tmp_path, body)) == [
        (1, "started_at", "'some day' is not a time between 2000 and 2099")
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (Options(set={"in_text": "5"}), "in_text is read out of the answers"),
        (Options(map={"cost_usd": "c"}), "stated_usd is read out of the answers"),
        (Options(set={"started_at": "soon"}), "The value set for started_at cannot be used"),
        (Options(set={"colour": "red"}), "There is no field 'colour'"),
    ],
)
def test_options_that_cannot_serve_are_refused(
    tmp_path: Path, options: Options, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        read_bodies(tmp_path, chat(), options=options)


def test_a_csv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="This is no JSON"):
        read_text("responses", "id,usage\n1,2\n", tmp_path)


@pytest.mark.parametrize(
    ("value", "is_known"),
    [
        (chat(), True),
        ([chat()], True),
        ({"type": "message", "usage": {"input_tokens": 1, "output_tokens": 1}}, True),
        ({"custom_id": "1", "result": {"message": chat()}}, True),
        # a log's line, a record of something else, and what only looks like OpenAI's
        ({"startTime": 1, "response": chat()}, False),
        ({"type": "GENERATION", "usage": {"input_tokens": 1, "output_tokens": 1}}, False),
        ({"usage": {"prompt_tokens": 1}}, False),
        ({"usage": 7}, False),
    ],
)
def test_a_body_is_known_by_its_shape(value: Any, is_known: bool) -> None:  # noqa: FBT001 — a column of the table
    assert detect(json.dumps(value).encode()) is is_known
    assert (detected(json.dumps(value, indent=2).encode()) is not None) is is_known


@pytest.mark.parametrize("head", [b"", b"[", b"a,b\n", b'{"usage": {"prompt', b"7", b"\xff\xfe"])
def test_what_is_no_object_is_not_known(head: bytes) -> None:
    assert detect(head) is False


def own_total(body: dict[str, Any]) -> int:
    """Add up what a recorded answer bills, written apart from the code under test."""
    if "usageMetadata" in body:
        usage = body["usageMetadata"]
        return int(usage.get("totalTokenCount", usage["promptTokenCount"]))
    usage = body.get("usage") or body["meta"]
    if "billed_units" in usage:
        return sum(usage["billed_units"].values())
    if "totalTokens" in usage or "total_tokens" in usage:
        return int(usage.get("totalTokens") or usage["total_tokens"])
    cached = ("cache_read_input_tokens", "cache_creation_input_tokens")
    runs = usage.get("iterations") or [usage]
    return sum(run[name] for run in runs for name in ("input_tokens", "output_tokens", *cached))


def test_every_recorded_answer_becomes_calls_of_its_own_total(tmp_path: Path) -> None:
    lines = shared_data("genai-prices/real_usages_bodies.jsonl").read_text().splitlines()
    recorded = [json.loads(line) for line in lines]
    named = [body | {"id": f"body-{number}"} for number, body in enumerate(recorded)]

    batch = read_bodies(tmp_path, *named, options=WHEN)

    by_line = batch.frame.groupby("line")[list(TOKEN_CLASSES)].sum().sum(axis=1)
    assert by_line.to_dict() == {line: own_total(body) for line, body in enumerate(recorded, 1)}
    assert batch.frame["requests"].sum() == len(recorded) == 789
    assert (batch.problems, batch.doubts) == ([], [])
