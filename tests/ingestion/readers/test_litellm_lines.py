"""The usual lines of LiteLLM are read by the column exactly as they are one by one."""

import json
import random
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.readers.calls import calls_batch
from ingestion.readers.contract import Chunk, Refused, UsageBatch
from ingestion.readers.jsontext import objects_of
from ingestion.readers.lines import records_of
from ingestion.readers.litellm_calls import calls_of
from ingestion.readers.litellm_lines import read_lines, usual_calls

USUAL: dict[str, Any] = {
    "request_id": "chatcmpl-1",
    "call_type": "acompletion",
    "api_key": "hash-1",
    "spend": 0.0123,
    "startTime": "2026-03-02T08:15:30.250000+00:00",
    "endTime": "2026-03-02T08:15:31+00:00",
    "model": "anthropic/claude-sonnet-4-6",
    "custom_llm_provider": "anthropic",
    "user": "",
    "team_id": "t-1",
    "session_id": "s-1",
    "cache_hit": "False",
    "prompt_tokens": 1200,
    "completion_tokens": 300,
    "total_tokens": 1500,
    "status": "success",
    "messages": [{"role": "user", "content": 'a "quoted" {text}'}],
    "response": {"choices": [], "usage": None},
    "request_tags": ["env:prod", "pilot"],
    "mcp_namespaced_tool_name": None,
    "metadata": {
        "user_api_key_alias": "support",
        "user_api_key_user_email": "ana@example.com",
        "user_api_key_team_alias": "Support",
        "user_api_key_project_alias": None,
        "spend_logs_metadata": {"cost_center": "cc-7", "tries": 2},
        "usage_object": {
            "prompt_tokens": 1200,
            "completion_tokens": 300,
            "total_tokens": 1500,
            "prompt_tokens_details": {
                "cached_tokens": 1000,
                "audio_tokens": None,
                "cache_creation_tokens": 60,
                "cache_creation_token_details": {
                    "ephemeral_5m_input_tokens": 20,
                    "ephemeral_1h_input_tokens": 40,
                },
            },
            "completion_tokens_details": {"reasoning_tokens": 100, "text_tokens": None},
            "cache_read_input_tokens": 1000,
            "cache_creation_input_tokens": 60,
            "server_tool_use": {"web_search_requests": 2},
        },
    },
}
TEXTS = ("", " ", "a", "batch", "Größe 😀", "x" * 200, "a/b", "true", "\u2028", "NULL", None)
LARGE = (2**31 - 1, 2**31, 10**30, -1)
ODD: tuple[Any, ...] = (
    *TEXTS, *LARGE, True, False, 1.5, float("nan"), [], {}, ["a:b", "c"], [1], {"a": 1},
    {"usage": {"prompt_tokens": 3}}, "12", "12.0", "[]", "{}", '["a:b"]', "\0", "\ud800", "1e3",
    "_cache_hit1",
)  # fmt: skip
LIVES = (
    "ttl_30m_tokens",
    "ephemeral_5m_input_tokens",
    "ttl_12h_tokens",
    "ephemeral_1h_input_tokens",
)
DETAILS = (
    "cached_tokens", "audio_tokens", "image_tokens", "video_tokens", "cache_write_tokens",
    "cache_creation_tokens", "web_search_requests", "reasoning_tokens",
)  # fmt: skip
CACHED = (
    "cache_read_input_tokens",
    "prompt_cache_hit_tokens",
    "num_cached_tokens",
    "cached_tokens",
)
SUMS = ("prompt_tokens", "completion_tokens", "total_tokens")
OBJECTS = (
    "prompt_tokens_details", "completion_tokens_details", "cache_creation", "server_tool_use",
    "input_tokens_details", "output_tokens_details",
)  # fmt: skip
INNER = ("cached_tokens_details", "cache_creation_token_details", "cache_write_tokens_details")
OF_CALLER = (
    "alias", "hash", "user_email", "user_id", "org_alias", "org_id", "project_alias", "project_id",
    "team_alias", "team_id", "end_user_id",
)  # fmt: skip
IN_METADATA = (
    *(f"user_api_key_{name}" for name in OF_CALLER),
    "user_api_key",
    "team_alias",
    "team_id",
)
IN_METADATA += ("mcp_tool_call_metadata", "spend_logs_metadata", "usage_object")
IN_LINE = (*USUAL, "id", "trace_id", "litellm_call_id", "model_group", "hidden_params", "agent_id")
IN_LINE += ("cost_breakdown", "error_information", "organization_id", "end_user", "date", "users")
IN_LINE += ("billing_agent_id", "standard_logging_object")
CHANGES: tuple[dict[str, Any], ...] = (
    {"status": "failure"},
    {"status": "failure", "custom_llm_provider": None, "model": ""},
    {"status": "odd"},
    {"status": ""},
    {"cache_hit": True},
    {"cache_hit": "true"},
    {"cache_hit": 1},
    {"call_type": "aretrieve_batch"},
    {"call_type": "call_mcp_tool"},
    {"custom_llm_provider": None},
    {"custom_llm_provider": "", "error_information": {"llm_provider": "openai"}},
    {"cost_breakdown": {"service_tier": "flex"}},
    {"request_tags": '["a:b"]'},
    {"request_tags": "[a"},
    {"startTime": 1772439330},
    {"startTime": 1772439330.125},
    {"startTime": "2026-03-02"},
    {"startTime": "yesterday"},
)


class Dice:
    """Makes records: the usual one, with parts of it changed to what is common or odd."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def often(self, share: float) -> bool:
        return self.dice.random() < share

    def count(self, name: str) -> Any:
        if self.often(0.02):
            return self.dice.choice(ODD)
        some = (100, 200, 300) if "creation" in name or "write" in name else (0, 0, 1, 7, 20)
        return None if self.often(0.15) else self.dice.choice(some)

    def counts(self, names: Sequence[str]) -> dict[str, Any]:
        chosen = self.dice.sample(names, self.dice.randint(0, 3))
        return {name: self.count(name) for name in chosen}

    def usage(self) -> dict[str, Any]:
        whole = {name: self.dice.choice((0, 900, 1000, None)) for name in SUMS if self.often(0.3)}
        usage = whole | self.counts((*CACHED, "cache_creation_input_tokens"))
        for name in self.dice.sample(OBJECTS[:4], self.dice.randint(0, 4)):
            usage[name] = self.counts(LIVES if name == "cache_creation" else DETAILS)
        given = usage.get("prompt_tokens_details")
        if given is not None:
            for name in INNER:
                if self.often(0.15):
                    given[name] = self.counts(("audio_tokens", "image_tokens", *LIVES))
        for name in (*OBJECTS, "input_tokens", "output_tokens", "iterations", "service_tier"):
            if self.often(0.01):
                usage[name] = self.dice.choice((*ODD, self.counts(DETAILS), 30))
        return usage

    def metadata(self) -> dict[str, Any]:
        metadata = dict(USUAL["metadata"])
        if self.often(0.7):
            metadata["usage_object"] = self.usage()
        if self.often(0.1):
            del metadata["usage_object"]
        if self.often(0.3):
            tags = self.dice.choices((*TEXTS, 7, 1, "1", True, 2.5), k=2)
            metadata["spend_logs_metadata"] = dict(zip(("tries", "b"), tags, strict=True))
        return metadata | self.words(IN_METADATA)

    def words(self, names: Sequence[str]) -> dict[str, Any]:
        chosen = self.dice.sample(names, self.dice.randint(0, 2))
        return {name: self.dice.choice(ODD if self.often(0.05) else TEXTS) for name in chosen}

    def sums(self) -> dict[str, Any]:
        told = {name: self.dice.choice((900, 1000, 1100)) for name in SUMS if self.often(0.04)}
        if self.often(0.3):
            told = {"prompt_tokens": 1000, "completion_tokens": 300}
            told["total_tokens"] = 1300 + self.dice.choice((0, 20))
        return told

    def record(self) -> dict[str, Any]:
        record = USUAL | self.sums() | {"metadata": self.metadata()}
        for name in ("hidden_params", "response"):
            if self.often(0.1):
                record[name] = {"usage_object": self.usage(), "usage": self.usage()}
        if self.often(0.3):
            record |= self.dice.choice(CHANGES)
        record |= self.words(IN_LINE)
        if self.often(0.05):
            del record[self.dice.choice(tuple(record))]
        return record

    def line(self) -> str:
        if self.often(0.02):
            return self.dice.choice(("", "[]", "7", '{"request_id":', '{"user":"a","user":"b"}'))
        return json.dumps(self.record(), ensure_ascii=self.often(0.5))


def chunk_of(lines: list[str]) -> Chunk:
    content = "\n".join(lines).encode("utf-8", errors="surrogatepass")
    return Chunk(content, b"", "ndjson", 5)


def one_by_one(chunk: Chunk) -> UsageBatch:
    return calls_batch(objects_of(chunk), calls_of)


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_the_same_lines_make_the_same_rows_problems_and_doubts(seed: int) -> None:
    dice = Dice(seed)
    chunk = chunk_of([dice.line() for _ in range(150)])

    found, expected = read_lines(chunk), one_by_one(chunk)

    pd.testing.assert_frame_equal(found.frame, expected.frame)
    assert found.problems == expected.problems
    assert found.doubts == expected.doubts
    assert found.rows == expected.rows


@pytest.mark.parametrize("sums", [{"date": "2026-03-02", "api_requests": 3}])
def test_sums_among_calls_are_refused(sums: dict[str, Any]) -> None:
    chunk = chunk_of([json.dumps(USUAL), json.dumps(sums)])

    with pytest.raises(Refused, match="sums by day"):
        read_lines(chunk)


@pytest.mark.parametrize("lines", [[], ["{"], [json.dumps(USUAL)], ["{", json.dumps(USUAL)]])
def test_a_chunk_may_hold_one_kind_alone(lines: list[str]) -> None:
    found, expected = read_lines(chunk_of(lines)), one_by_one(chunk_of(lines))

    pd.testing.assert_frame_equal(found.frame, expected.frame)
    assert (found.problems, found.rows) == (expected.problems, expected.rows)


def test_usual_lines_are_read_by_the_column_and_no_others() -> None:
    changed: list[dict[str, Any]] = [
        {},
        {"cache_hit": True},
        {"status": "failure", "error_information": {"llm_provider": "anthropic"}},
        {"startTime": 1772439330.125},
        {"metadata": {}},
        {"metadata": "{}"},
        {"call_type": "call_mcp_tool"},
        {"call_type": "aretrieve_batch"},
        {"total_tokens": 1},
        {"request_id": "chatcmpl-1_cache_hit1772439334.1"},
        {"user": 7},
        {"messages": "\0"},
        {"prompt_tokens": "1200"},
        {"standard_logging_object": {}},
    ]
    records, _ = records_of(
        chunk_of([json.dumps(USUAL | more) for more in changed]), delimiter=None
    )

    usual, at = usual_calls(records)

    assert at.tolist() == [0, 1, 2, 3, 4]
    assert usual is not None
    assert usual.frame["in_text"].tolist() == [140, 0, 140, 140, 1200]
    assert usual.frame["in_cache_read"].tolist() == [1000, 0, 1000, 1000, 0]
    assert usual.frame["out_reasoning"].tolist() == [100, 0, 100, 100, 0]
    assert usual.frame["web_searches"].tolist() == [2, 0, 2, 2, 0]


@pytest.mark.parametrize("number", ["1772439330.10", "1.77243933e9", "177243933000000000000"])
def test_a_number_keeps_the_digits_that_were_sent(number: str) -> None:
    line = json.dumps(USUAL).replace('"2026-03-02T08:15:30.250000+00:00"', number)

    found, expected = read_lines(chunk_of([line])), one_by_one(chunk_of([line]))

    assert found.problems == expected.problems
    assert found.frame["started_at"].tolist() == expected.frame["started_at"].tolist()
