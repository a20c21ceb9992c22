"""Codex' sessions: the last count of each answer, no sums, no repeats, no copied history."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ingestion.pricing import rate_frame
from ingestion.readers.contract import UsageBatch
from tests.ingestion.conftest import Deliver
from tests.ingestion.readers.reading import SAMPLES, read_text, read_usage, said, shown
from tests.org_cast import Cast
from tests.shared_data import shared_data

NAME = "codex-logs"
COUNTS = "in_text", "in_cache_read", "in_cache_write_other", "out_text", "out_reasoning"


def line(second: float, kind: str, payload: dict[str, Any]) -> str:
    moment = pd.Timestamp("2026-03-02T09:00:00Z") + pd.Timedelta(seconds=second)
    return json.dumps({"timestamp": moment.isoformat(), "type": kind, "payload": payload}) + "\n"


def meta(second: float, session: str, **more: Any) -> str:
    return line(second, "session_meta", {"id": session, **more})


def turn(second: float, model: str = "gpt-5") -> str:
    return line(second, "turn_context", {"model": model, "cwd": "/home/bo/shop/"})


def counted(second: float, last: int | None, total: int | None, **more: Any) -> str:
    """Return a token_count of so many tokens in, of the last answer and in all."""
    info = {
        "last_token_usage": None if last is None else {"input_tokens": last},
        "total_token_usage": None if total is None else {"input_tokens": total},
    }
    return line(second, "event_msg", {"type": "token_count", "info": info, **more})


def inputs(batch: UsageBatch) -> list[int]:
    counts: list[int] = batch.frame["in_text"].tolist()
    return counts


def test_each_answer_is_a_call_at_the_model_of_its_turn() -> None:
    batch = read_usage(NAME, SAMPLES / "codex_session.jsonl")

    assert shown(batch, "line", "model", *COUNTS) == [
        (5, "gpt-5.1-codex", 11000, 9000, 0, 200, 300),
        (7, "gpt-5.1-codex", 4000, 20000, 0, 700, 0),
        (9, "gpt-5-mini", 1000, 0, 0, 40, 10),
    ]
    assert (batch.problems, batch.doubts, batch.rows) == ([], [], 3)


def test_a_call_is_named_by_session_and_folder() -> None:
    batch = read_usage(NAME, SAMPLES / "codex_session.jsonl")

    columns = "native_id", "provider", "project", "workflow", "task", "tags", "stated_usd"
    assert shown(batch, *columns)[2] == (
        "019fa149-0000-7000-8000-0000000000aa:45000:29000:0:1250:310:46250",
        "openai",
        "web",
        "codex",
        "019fa149-0000-7000-8000-0000000000aa",
        '{"client":"codex_exec","repository":"pricing"}',
        "",
    )


@pytest.mark.django_db
def test_the_calls_of_the_sample_cost_what_their_tokens_cost() -> None:
    batch = read_usage(NAME, SAMPLES / "codex_session.jsonl")

    # Pico-dollars: tokens × dollars a million × 1,000,000; reasoning is output.
    assert rate_frame(batch.frame).cost_pico.tolist() == [
        (11000 * 1_250_000) + (9000 * 125_000) + (500 * 10_000_000),
        (4000 * 1_250_000) + (20000 * 125_000) + (700 * 10_000_000),
        (1000 * 250_000) + (50 * 2_000_000),
    ]


def test_the_history_that_a_fork_begins_with_is_not_its_own() -> None:
    batch = read_usage(NAME, SAMPLES / "codex_fork.jsonl")

    assert shown(batch, "line", "task", *COUNTS) == [
        (7, "019fa14a-0000-7000-8000-0000000000bb", 2000, 28000, 0, 300, 100),
    ]


@pytest.mark.parametrize(
    "ancestry",
    [
        {"forked_from_id": "p"},
        {"parent_thread_id": "p"},
        {"source": {"subagent": {"thread_spawn": {"parent_thread_id": "p"}}}},
    ],
)
def test_ancestry_is_told_in_three_ways(tmp_path: Path, ancestry: dict[str, Any]) -> None:
    text = meta(0, "c", **ancestry) + turn(0) + counted(1, 10, 10) + counted(9, 5, 15)

    assert inputs(read_text(NAME, text, tmp_path)) == [5]
    assert inputs(read_text(NAME, text.replace('"p"', "null"), tmp_path)) == [10, 5]


def test_a_long_history_is_copied_for_as_long_as_it_takes(tmp_path: Path) -> None:
    copied = "".join(counted(number, 10, 10 * number) for number in range(1, 8))
    text = meta(0, "c", forked_from_id="p") + turn(0) + copied + counted(30, 5, 75)

    assert inputs(read_text(NAME, text, tmp_path)) == [5]


def test_sessions_may_follow_one_another_in_a_file(tmp_path: Path) -> None:
    one = meta(0, "a", model_provider="azure") + turn(0) + counted(5, 10, 10)
    two = meta(60, "b") + turn(60, "gpt-5-mini") + counted(65, 10, 10)

    batch = read_text(NAME, one + two, tmp_path)

    assert shown(batch, "task", "provider", "model", "project") == [
        ("a", "azure", "gpt-5", "shop"),
        ("b", "openai", "gpt-5-mini", "shop"),
    ]


def test_the_same_sums_again_are_no_new_answer(tmp_path: Path) -> None:
    text = meta(0, "a") + turn(0) + counted(5, 10, 10) + counted(6, 10, 10) + counted(7, 10, 20)

    assert inputs(read_text(NAME, text, tmp_path)) == [10, 10]


def test_without_a_last_count_the_sums_tell_it(tmp_path: Path) -> None:
    text = meta(0, "a") + turn(0) + counted(5, None, 10) + counted(6, None, 25)

    assert inputs(read_text(NAME, text, tmp_path)) == [10, 15]


def test_without_sums_the_time_tells_one_answer_from_another(tmp_path: Path) -> None:
    text = meta(0, "a") + turn(0) + counted(5, 10, None) + counted(6, 10, None)

    batch = read_text(NAME, text, tmp_path)

    assert batch.frame["native_id"].tolist() == [
        "a:2026-03-02T09:00:05+00:00",
        "a:2026-03-02T09:00:06+00:00",
    ]


def test_cached_and_written_tokens_are_parts_of_the_input(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 100,
        "cached_input_tokens": 60,
        "cache_write_input_tokens": 30,
        "output_tokens": 20,
        "reasoning_output_tokens": 5,
        "total_tokens": 120,
    }
    info = {"last_token_usage": usage, "total_token_usage": usage}
    text = turn(0) + line(5, "event_msg", {"type": "token_count", "info": info})

    assert shown(read_text(NAME, text, tmp_path), *COUNTS) == [(10, 60, 30, 15, 5)]


def test_what_a_plan_includes_costs_nothing_by_the_token(tmp_path: Path) -> None:
    text = meta(0, "a") + turn(0) + counted(5, 10, 10, rate_limits={"plan_type": "plus"})

    batch = read_text(NAME, text, tmp_path)

    assert shown(batch, "stated_usd", "tags") == [("0", '{"plan":"plus"}')]


def test_an_answer_at_an_unknown_model_is_refused_and_not_guessed(tmp_path: Path) -> None:
    batch = read_text(NAME, meta(0, "a") + counted(5, 10, 10), tmp_path)

    assert said(batch) == [(2, "model", "is missing")]


def test_counts_that_are_none_are_named(tmp_path: Path) -> None:
    broken = counted(5, 10, 10).replace('{"input_tokens": 10}', '{"input_tokens": "x"}')

    batch = read_text(NAME, turn(0) + broken + counted(6, 7, 17), tmp_path)

    assert said(batch) == [(2, "usage", "input_tokens is 'x', which is not a whole number.")]
    assert inputs(batch) == [7]


@pytest.mark.django_db
def test_a_session_that_grew_counts_what_is_new(cast: Cast, deliver: Deliver) -> None:
    """A session without an id of its own is known by its first line."""
    begun = turn(0) + counted(5, 10, 10)
    first = deliver(begun, source=NAME)

    grown = deliver(begun + counted(9, 5, 15), source=NAME)

    assert (first.loaded, grown.loaded, grown.duplicate) == (1, 1, 1)


def test_the_real_shape_is_read() -> None:
    batch = read_usage(
        NAME, shared_data("ccusage/codex__sessions__project-alpha__session-alpha.jsonl")
    )

    assert shown(batch, "model", *COUNTS) == [
        ("gpt-5.2-codex", 750, 250, 0, 125, 75),
        ("gpt-5.3-codex", 2000, 500, 0, 300, 200),
    ]
