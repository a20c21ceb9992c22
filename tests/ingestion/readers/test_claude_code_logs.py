"""Claude Code's sessions: an answer counts once, however many lines and files it stands on."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ingestion.pricing import rate_frame
from ingestion.readers.contract import Options
from tests.ingestion.conftest import Deliver
from tests.ingestion.readers.reading import SAMPLES, read_text, read_usage, said, shown
from tests.org_cast import Cast
from tests.shared_data import shared_data

NAME = "claude-code-logs"
SAMPLE = SAMPLES / "claude_code_session.jsonl"
COUNTS = "in_text", "in_cache_read", "in_cache_write_5m", "in_cache_write_1h", "out_text"


def answer(message_id: str | None, request_id: str | None, output: int, **more: Any) -> str:
    """Return a line of an answer of 10 tokens in."""
    usage = {"input_tokens": 10, "output_tokens": output}
    line = {
        "timestamp": "2026-03-02T10:00:00Z",
        "message": {"id": message_id, "model": "claude-sonnet-4-6", "usage": usage},
        "requestId": request_id,
    }
    return json.dumps(line | more) + "\n"


def test_an_answer_is_one_call_with_its_last_count_and_its_first_time() -> None:
    batch = read_usage(NAME, SAMPLE)

    assert shown(batch, "line", "native_id", *COUNTS, "requests", "web_searches") == [
        (4, "msg_01A:req_01", 12, 40000, 1000, 2000, 90, 1, 1),
        (6, "msg_02B:req_02", 500, 0, 0, 0, 40, 1, 0),
        (7, "msg_bdrk_03C", 100, 0, 200, 0, 10, 1, 0),
        (9, "msg_04D:req_04", 200, 0, 0, 0, 20, 1, 0),
        (9, "msg_04D:req_04:1", 1000, 0, 0, 0, 300, 0, 0),
    ]
    assert batch.frame["started_at"][0] == pd.Timestamp("2026-03-02T10:00:01.100Z")
    assert batch.doubts == []


def test_a_call_is_named_by_model_folder_and_session() -> None:
    batch = read_usage(NAME, SAMPLE)

    session = "5f1d0c3a-0000-4000-8000-00000000000a"
    columns = "provider", "model", "service_tier", "project", "workflow", "task", "tags"
    assert shown(batch, *columns) == [
        ("anthropic", "claude-sonnet-4-6", "standard", "claims-api", "claude-code", session,
         '{"branch":"main"}'),
        ("anthropic", "claude-haiku-4-5-20251001", "standard", "claims-api", "claude-code",
         session, '{"branch":"main","subagent":"true"}'),
        ("aws", "claude-sonnet-4-6", "standard", "shop", "claude-code", session,
         '{"branch":"main"}'),
        ("anthropic", "claude-sonnet-4-6", "fast", "claims-api", "claude-code", session,
         '{"branch":"main"}'),
        ("anthropic", "claude-opus-4-6", "fast", "claims-api", "claude-code", session,
         '{"branch":"main"}'),
    ]  # fmt: skip


def test_a_line_that_cannot_be_used_is_named_but_not_kept(tmp_path: Path) -> None:
    cut_off = '{"type":"assistant","message":{"id":"msg_06F","usage":{"input_tok'

    batch = read_text(NAME, SAMPLE.read_text() + cut_off, tmp_path)

    assert said(batch) == [
        (10, "usage", "input_tokens is 'many', which is not a whole number."),
        (12, "", "The line is not a JSON object; it may be cut off."),
    ]
    assert {problem.raw for problem in batch.problems} == {"(a line of a session is not kept)"}
    assert batch.rows == 7


@pytest.mark.django_db
def test_the_calls_of_the_sample_cost_what_their_tokens_cost() -> None:
    batch = read_usage(NAME, SAMPLE)

    # Pico-dollars: tokens × dollars a million × 1,000,000, and a search at a cent.
    sonnet, haiku = rate_frame(batch.frame).cost_pico.tolist()[:2]
    assert sonnet == (
        (12 * 3_000_000)
        + (40000 * 300_000)
        + (1000 * 3_750_000)
        + (2000 * 6_000_000)
        + (90 * 15_000_000)
        + 10_000_000_000
    )
    assert haiku == (500 * 1_000_000) + (40 * 5_000_000)


@pytest.mark.django_db
def test_a_session_that_was_resumed_in_another_file_counts_once(
    cast: Cast, deliver: Deliver
) -> None:
    first = deliver(answer("msg_1", "req_1", 5), source=NAME)
    resumed = answer("msg_1", "req_1", 5) + answer("msg_2", "req_2", 7)

    again = deliver(resumed, source=NAME)

    assert (first.loaded, again.loaded, again.duplicate) == (1, 1, 1)


@pytest.mark.parametrize(
    ("lines", "ids", "outputs"),
    [
        # A stream's early counts are not the last ones, in whichever order they stand.
        ([("m", "r", 1), ("m", "r", 9)], ["m:r"], [9]),
        ([("m", "r", 9), ("m", "r", 1)], ["m:r"], [9]),
        # Some lines of an answer may lack the request's id.
        ([("m", None, 1), ("m", "r", 9)], ["m:r"], [9]),
        ([("m", None, 1), ("m", None, 9)], ["m"], [9]),
        # A retry is a call of its own.
        ([("m", "r", 1), ("m", "s", 9)], ["m:r", "m:s"], [1, 9]),
        # Without any id, nothing says that two lines are one.
        ([(None, None, 1), (None, None, 9)], ["", ""], [1, 9]),
    ],
)
def test_which_lines_are_one_answer(
    tmp_path: Path, lines: list[Any], ids: list[str], outputs: list[int]
) -> None:
    batch = read_text(NAME, "".join(answer(*line) for line in lines), tmp_path)

    assert batch.frame["native_id"].tolist() == ids
    assert batch.frame["out_text"].tolist() == outputs


def test_clouds_are_known_by_their_ids_and_strangers_by_their_models(tmp_path: Path) -> None:
    def by(message_id: str, model: str) -> str:
        usage = {"input_tokens": 1, "output_tokens": 1}
        return answer(None, None, 1, message={"id": message_id, "model": model, "usage": usage})

    text = by("msg_vrtx_1", "claude-opus-4-6") + by("x", "kimi-k2") + by("y", "claude-opus-4-6")

    batch = read_text(NAME, text, tmp_path)

    assert batch.frame["provider"].tolist() == ["google", "unknown", "anthropic"]


def test_the_sender_says_whose_session_it_was(tmp_path: Path) -> None:
    options = Options(set={"user": "ana@example.com", "environment": "dev", "key": "laptop"})

    batch = read_text(NAME, answer("m", "r", 1), tmp_path, options)

    assert shown(batch, "person", "environment", "key") == [("ana@example.com", "dev", "laptop")]


def test_characters_that_no_database_keeps_refuse_their_line_alone(tmp_path: Path) -> None:
    text = answer("m", "r", 1, cwd="/half/\ud800") + answer("n", "r", 1) + "\xff\n"

    batch = read_text(NAME, text.encode("latin-1", "replace"), tmp_path)

    assert batch.frame["native_id"].tolist() == ["n:r"]
    assert [line for line, _, _ in said(batch)] == [1, 3]


def test_the_real_shape_is_read() -> None:
    batch = read_usage(
        NAME, shared_data("ccusage/claude__projects__project-alpha__session-alpha__chat.jsonl")
    )

    assert shown(batch, "native_id", *COUNTS, "service_tier", "stated_usd") == [
        ("msg-alpha-1:req-alpha-1", 100, 10, 25, 0, 50, "standard", ""),
        ("msg-alpha-2:req-alpha-2", 200, 20, 50, 0, 75, "fast", ""),
        ("msg-alpha-3:req-alpha-3", 300, 40, 0, 0, 125, "standard", ""),
    ]
