"""Bedrock's logs give a call for each line, with who called and without what was said."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ingestion.readers.contract import Options, Refused
from tests.ingestion.readers.reading import SAMPLES, read_text, read_usage, said, shown

SAMPLE = SAMPLES / "bedrock_logs.ndjson"
HAIKU_3 = "regional.anthropic.claude-3-haiku-20240307-v1:0"
HAIKU_45 = "regional.anthropic.claude-haiku-4-5-20251001-v1:0"
SONNET_45 = "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123400005678:"


def record(**values: Any) -> str:
    call = {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2026-10-07T14:00:00Z",
        "requestId": "r",
        "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
        "input": {"inputTokenCount": 3},
        "output": {"outputTokenCount": 2},
    }
    return json.dumps(call | values)


def test_every_call_has_its_model_its_tokens_and_its_tier() -> None:
    batch = read_usage("bedrock-logs", SAMPLE)

    columns = ("line", "model", "service_tier", "in_text", "in_cache_read", "in_cache_write_5m",
               "in_cache_write_1h", "out_text", "status")  # fmt: skip
    assert shown(batch, *columns) == [
        (1, HAIKU_3, "standard", 35, 0, 0, 0, 446, "ok"),
        # Through a profile of the United States; the cache's entries live for two times.
        (2, SONNET_45, "standard", 3, 1200, 2000, 74, 288, "ok"),
        (3, "global.anthropic.claude-opus-4-8-v1:0", "latency-optimized", 35, 0, 500, 0, 10, "ok"),
        # The profile names no model, but Anthropic's own answer does, and its cached tokens.
        (4, HAIKU_45, "standard", 7, 900, 30, 0, 5, "ok"),
        (5, "zz99", "standard", 35, 0, 0, 0, 446, "ok"),
        (6, "amazon.nova-pro-v1:0", "standard", 0, 0, 0, 0, 0, "error"),
        (7, "amazon.nova-lite-v1:0", "standard", 0, 0, 0, 0, 0, "ok"),
        (8, "pm-1", "provisioned", 35, 0, 0, 0, 446, "ok"),
    ]  # fmt: skip
    broken_off = "Invalid control character at: line 1 column 82 (char 81)."
    assert said(batch) == [
        (9, "in_text", "'-4' is negative"),
        (10, "tokens", "cacheWriteInputTokenCount is 'many', which is no count"),
        (11, "", f"The line is not a JSON object: {broken_off}"),
    ]  # fmt: skip
    assert batch.rows == 11
    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [
        (5, "DQ_UNKNOWN_MODEL"),
        (7, "DQ_NO_TOKENS"),
    ]


def test_a_call_says_who_made_it_and_where_it_ran() -> None:
    batch = read_usage("bedrock-logs", SAMPLE)

    first = batch.frame.iloc[0].to_dict()
    assert {name: value for name, value in first.items() if value not in ("", 0)} == {
        "line": 1,
        "native_id": "req-1",
        "started_at": pd.Timestamp("2026-10-07T14:00:01Z"),
        "provider": "aws",
        "model": HAIKU_3,
        "account": "123400005678",
        "key": "support-drafter",
        "tags": '{"team":"cx","x_region":"us-east-1"}',
        "service_tier": "standard",
        "in_text": 35,
        "out_text": 446,
        "requests": 1,
        "status": "ok",
    }
    assert shown(batch, "key", "person", "project", "tags")[1:4] == [
        ("AWSReservedSSO_Builders_1", "ana@example.com", "",
         '{"x_deployment":"geo","x_region":"us-west-2"}'),
        ("support-drafter", "", "", '{"x_deployment":"global","x_region":"us-east-1"}'),
        ("support-drafter", "", "a1b2c3d4", '{"x_region":"us-east-1"}'),
    ]  # fmt: skip


def test_what_was_asked_and_answered_is_not_kept_with_what_is_refused() -> None:
    batch = read_usage("bedrock-logs", SAMPLE)

    kept = [row.raw for row in (*batch.problems, *batch.doubts)]
    assert len(kept) == 5
    assert b"secret" in SAMPLE.read_bytes()
    assert not any("secret" in raw for raw in kept)


def test_the_model_of_a_profile_can_be_told(tmp_path: Path) -> None:
    call = record(modelId=f"{ARN}application-inference-profile/zz99")
    told = Options(set={"profile.zz99": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"})

    batch = read_text("bedrock-logs", call, tmp_path, told)

    assert shown(batch, "model", "project") == [(SONNET_45, "zz99")]
    assert batch.doubts == []


@pytest.mark.parametrize(
    ("values", "model", "tier"),
    [
        ({"modelId": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0"},
         "amazon.nova-pro-v1:0", "standard"),
        ({"modelId": f"{ARN}imported-model/own-7"}, "own-7", "standard"),
        ({"serviceTier": "flex"}, HAIKU_3, "flex"),
        ({"serviceTier": {"type": "priority"}}, HAIKU_3, "priority"),
        ({"serviceTier": {"type": "default"}}, HAIKU_3, "standard"),
        ({"modelId": None, "errorCode": "ValidationException"}, "unknown", "standard"),
    ],
)  # fmt: skip
def test_models_and_tiers_are_named_in_several_ways(
    tmp_path: Path, values: dict[str, Any], model: str, tier: str
) -> None:
    batch = read_text("bedrock-logs", record(**values), tmp_path)

    assert shown(batch, "model", "service_tier") == [(model, tier)]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({"cacheWriteInputTokenCount": 100}, (100, 0, 0)),
        ({"cacheWriteInputTokenCount": 100, "cacheDetails": [{"ttl": "1h", "inputTokens": 60}]},
         (0, 60, 40)),
        ({"cacheWriteInputTokenCount": 100, "cacheDetails": [{"ttl": "7d", "inputTokens": 100}]},
         (100, 0, 0)),
        ({"cacheWriteInputTokenCount": 100, "cacheDetails": "none"}, (100, 0, 0)),
    ],
)  # fmt: skip
def test_written_tokens_are_parted_by_how_long_they_are_kept(
    tmp_path: Path, given: dict[str, Any], written: tuple[int, int, int]
) -> None:
    call = record(input={"inputTokenCount": 1} | given)

    batch = read_text("bedrock-logs", call, tmp_path)

    columns = "in_cache_write_5m", "in_cache_write_1h", "in_cache_write_other"
    assert shown(batch, *columns) == [written]


def test_a_call_without_a_model_is_named(tmp_path: Path) -> None:
    batch = read_text("bedrock-logs", record(modelId=""), tmp_path)

    assert said(batch) == [(1, "model", "is missing")]


def test_a_table_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="a JSON object on each line"):
        read_text("bedrock-logs", "requestId,modelId\nr,m\n", tmp_path)
