"""A usage object is known by its fields, and parts into its provider's own total."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from finops.tokens import UnreadableUsage
from finops.usage import detect_style, normalise
from tests.shared_data import shared_data


def test_a_usage_object_of_unknown_shape_is_refused_with_its_fields() -> None:
    with pytest.raises(UnreadableUsage, match="spent, tokens"):
        normalise({"spent": {}, "tokens": {}})


def own_total(usage: Mapping[str, Any], style: str | None) -> int:
    """Add up what the provider bills, written apart from the code under test."""
    if style == "gemini":
        return int(usage.get("totalTokenCount", usage["promptTokenCount"]))
    if style == "openai":
        return int(usage["total_tokens"])
    if style == "bedrock":
        return int(usage["totalTokens"])
    if style == "cohere":
        return sum(usage["billed_units"].values())
    names = (
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    )
    return sum(run[name] for run in usage.get("iterations") or [usage] for name in names)


def test_every_recorded_answer_parts_into_its_own_total() -> None:
    lines = shared_data("genai-prices/real_usages_bodies.jsonl").read_text().splitlines()
    bodies = [json.loads(line) for line in lines]
    usages = [body.get("usage") or body.get("usageMetadata") or body["meta"] for body in bodies]
    seen: Counter[str | None] = Counter()

    for usage in usages:
        style = detect_style(usage)
        seen[style] += 1
        normalised = normalise(usage)
        assert normalised.problems == ()
        total = sum(part.total_tokens for part in normalised.parts)
        assert total == own_total(usage, style), usage

    assert seen == {"openai": 332, "gemini": 230, "anthropic": 108, "bedrock": 111, "cohere": 8}
