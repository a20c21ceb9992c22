"""A line item names a model, and what of it was charged."""

from typing import Any

import pytest

from ingestion.readers.openai_line_items import LineItem, parted, tokens_of

INPUT = LineItem("gpt-5", "in_text", is_batch=False)


@pytest.mark.parametrize(
    ("line_item", "expected"),
    [
        ("gpt-4o-2024-08-06, input", LineItem("gpt-4o-2024-08-06", "in_text", is_batch=False)),
        ("gpt-5, input_cached_tokens", LineItem("gpt-5", "in_cache_read", is_batch=False)),
        ("Acme, Inc tuned, output", LineItem("Acme, Inc tuned", "out_text", is_batch=False)),
        ("gpt-4o, batch output", LineItem("gpt-4o", "out_text", is_batch=True)),
        ("gpt-5, container hours", LineItem("gpt-5", None, is_batch=False)),
        ("assistants file search", LineItem("", None, is_batch=False)),
        ("", LineItem("", None, is_batch=False)),
    ],
)
def test_a_line_item_is_parted_at_its_last_comma(line_item: str, expected: LineItem) -> None:
    assert parted(line_item) == expected


@pytest.mark.parametrize(
    ("item", "quantity", "unit", "tokens"),
    [
        (INPUT, "800.0", "tokens", {"in_text": 800}),
        (INPUT, "1.5", "1000_tokens", {"in_text": 1500}),
        (INPUT, "1.2345", "1000_tokens", {}),  # a half token would be somebody's guess
        (INPUT, "many", "tokens", {}),
        (INPUT, None, "tokens", {}),
        (INPUT, "7", "images", {}),
        (LineItem("gpt-5", None, is_batch=False), "7", "tokens", {}),
    ],
)
def test_only_whole_tokens_of_a_known_class_are_counted(
    item: LineItem, quantity: str | None, unit: str, tokens: dict[str, int]
) -> None:
    line: dict[str, Any] = {"quantity": quantity, "quantity_unit": unit}

    assert tokens_of(item, line) == tokens
