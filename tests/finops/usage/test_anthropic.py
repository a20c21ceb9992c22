"""Anthropic's input excludes the cache, and runs at other models are billed too."""

from finops.tokens import TOTAL_MISMATCH, Normalised, Part
from finops.usage.anthropic import from_anthropic, from_anthropic_report
from tests.finops.usage.parted import one


def test_anthropic_input_excludes_the_cache() -> None:
    usage = {
        "input_tokens": 3,
        "cache_read_input_tokens": 9511,
        "cache_creation_input_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
        "output_tokens": 1944,
        "output_tokens_details": {"thinking_tokens": 900},
        "server_tool_use": {"web_search_requests": 10, "web_fetch_requests": 1},
    }

    assert from_anthropic(usage) == one(
        {
            "in_text": 3,
            "in_cache_read": 9511,
            "in_cache_write_5m": 20,
            "in_cache_write_1h": 30,
            "out_text": 1044,
            "out_reasoning": 900,
        },
        {"requests": 1, "web_searches": 10},
    )


def test_anthropic_cache_writes_without_a_split_live_five_minutes() -> None:
    usage = {"input_tokens": 4, "output_tokens": 1, "cache_creation_input_tokens": 70}

    assert from_anthropic(usage) == one({"in_text": 4, "in_cache_write_5m": 70, "out_text": 1})


def test_anthropic_runs_missing_from_the_top_are_billed_at_their_own_model() -> None:
    usage = {
        "input_tokens": 220,
        "output_tokens": 121,
        "iterations": [
            {"type": "message", "input_tokens": 100, "output_tokens": 110},
            {
                "type": "advisor_message",
                "model": "claude-opus-4-8",
                "input_tokens": 55_196,
                "output_tokens": 22,
            },
            {"type": "message", "input_tokens": 120, "output_tokens": 11},
        ],
    }

    assert from_anthropic(usage) == Normalised(
        (
            Part(None, {"in_text": 100, "out_text": 110}, {"requests": 1}),
            Part("claude-opus-4-8", {"in_text": 55_196, "out_text": 22}, {}),
            Part(None, {"in_text": 120, "out_text": 11}, {}),
        ),
        (),
    )


def test_anthropic_message_runs_that_do_not_make_the_top_figures_are_told() -> None:
    usage = {
        "input_tokens": 220,
        "output_tokens": 10,
        "iterations": [{"type": "message", "input_tokens": 200, "output_tokens": 10}],
    }

    assert from_anthropic(usage).problems == (TOTAL_MISMATCH,)


def test_a_reported_row_is_disjoint_as_it_stands() -> None:
    row = {
        "uncached_input_tokens": 1500,
        "cache_read_input_tokens": 200,
        "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1000},
        "output_tokens": 500,
        "server_tool_use": {"web_search_requests": 10},
    }

    assert from_anthropic_report(row) == one(
        {
            "in_text": 1500,
            "in_cache_read": 200,
            "in_cache_write_5m": 500,
            "in_cache_write_1h": 1000,
            "out_text": 500,
        },
        {"web_searches": 10},
    )


def test_a_reported_row_without_anything_has_nothing() -> None:
    assert from_anthropic_report({"cache_creation": None, "server_tool_use": None}) == one({}, {})
