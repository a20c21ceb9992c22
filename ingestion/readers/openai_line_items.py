"""OpenAI's line items, "gpt-5-nano, cached input": a model, and what of it was charged."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from finops.money import BadAmount, parse_usd

# The end of a line item → the class of its tokens. "input_tokens" is spoken as "input".
CLASSES = {
    "input": "in_text",
    "text input": "in_text",
    "cached input": "in_cache_read",
    "input cached": "in_cache_read",
    "cache write input": "in_cache_write_other",
    "input cache write": "in_cache_write_other",
    "audio input": "in_audio",
    "cached audio input": "in_audio_cached",
    "image input": "in_image",
    "output": "out_text",
    "text output": "out_text",
    "audio output": "out_audio",
    "image output": "out_image",
}
TOKENS_PER_UNIT = {"tokens": 1, "1000_tokens": 1000}
BATCH = "batch "


class LineItem(NamedTuple):
    """What a line item names; "" and None where it names none."""

    model: str
    token_class: str | None
    is_batch: bool


def parted(line_item: str) -> LineItem:
    """Part a line item at its last comma; one without a comma has no model."""
    model, comma, kind = line_item.rpartition(", ")
    if not comma:
        return LineItem("", None, is_batch=False)
    words = kind.lower().replace("_", " ").removesuffix(" tokens")
    return LineItem(model, CLASSES.get(words.removeprefix(BATCH)), is_batch=words.startswith(BATCH))


def tokens_of(item: LineItem, line: Mapping[str, Any]) -> dict[str, int]:
    """Return the tokens of a line whose quantity counts whole tokens of a known class."""
    size = TOKENS_PER_UNIT.get(str(line.get("quantity_unit")))
    if size is None or item.token_class is None:
        return {}
    try:
        tokens, parts = parse_usd(str(line.get("quantity"))).as_integer_ratio()
    except BadAmount:
        return {}
    whole, rest = divmod(tokens * size, parts)
    return {} if rest else {item.token_class: whole}
