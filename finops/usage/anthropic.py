"""Anthropic's usage: input excludes what the cache gave or took."""

from finops.tokens import Normalised, Usage, settled
from finops.usage.reading import counters_of, first_count, first_list, first_mapping


def from_anthropic(usage: Usage) -> Normalised:
    """Part the usage of a message, whose input excludes what the cache gave or took.

    An answer made in several iterations has one part for each, at its own model: advisor
    and compaction runs are billed, but missing from the figures at the top.
    """
    runs = first_list(usage, "iterations")
    if not runs:
        return settled([(None, _anthropic_run(usage), counters_of(usage))], None)
    # The call is counted once, with its first run.
    counters = [counters_of(usage), *({} for _ in runs[1:])]
    parts = [
        (run.get("model"), _anthropic_run(run), counted)
        for run, counted in zip(runs, counters, strict=True)
    ]
    told = sum(_anthropic_run(usage).values())
    shown = sum(sum(_anthropic_run(run).values()) for run in runs if run.get("type") == "message")
    return settled(parts, None, agrees=told == shown)


def _anthropic_run(usage: Usage) -> dict[str, int]:
    split = first_mapping(usage, "cache_creation")
    short, long = (
        first_count(split, "ephemeral_5m_input_tokens"),
        first_count(split, "ephemeral_1h_input_tokens"),
    )
    written = first_count(usage, "cache_creation_input_tokens")
    # Before the split existed, and wherever it is left out, an entry lives five minutes.
    if not split:
        short = written
    output = first_count(usage, "output_tokens")
    thinking = first_count(first_mapping(usage, "output_tokens_details"), "thinking_tokens")
    return {
        "in_text": first_count(usage, "input_tokens"),
        "in_cache_read": first_count(usage, "cache_read_input_tokens"),
        "in_cache_write_5m": short,
        "in_cache_write_1h": long,
        "in_cache_write_other": max(written, short + long) - short - long,
        "out_text": output - thinking,
        "out_reasoning": thinking,
    }


def from_anthropic_report(row: Usage) -> Normalised:
    """Part a row of a usage report, whose classes are disjoint and whose answers are many."""
    split = first_mapping(row, "cache_creation")
    searches = first_count(first_mapping(row, "server_tool_use"), "web_search_requests")
    spent = {
        "in_text": first_count(row, "uncached_input_tokens"),
        "in_cache_read": first_count(row, "cache_read_input_tokens"),
        "in_cache_write_5m": first_count(split, "ephemeral_5m_input_tokens"),
        "in_cache_write_1h": first_count(split, "ephemeral_1h_input_tokens"),
        "out_text": first_count(row, "output_tokens"),
    }
    return settled([(None, spent, {"web_searches": searches} if searches else {})], None)
