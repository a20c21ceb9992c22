"""Requests and answers as OpenAI shapes them: what a call is, and what it used. Pure.

Tokens are not counted but bounded: a token has at least two bytes in almost every text of every
language, so that half the bytes of a request is what is reserved for it. Of texts that nobody
counted, a quarter is taken as used.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# A picture counts by its size, which stands in no request: this is what large ones come to.
PICTURE_TOKENS = 2_000
_BYTES_AT_LEAST, _BYTES_OF_LATE = 2, 4
_EXCERPT = 2_000
_PICTURES = frozenset({"image_url", "input_image", "image"})
_INPUTS = ("messages", "input", "prompt", "system", "instructions", "tools", "response_format")
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
# What callers may say of a call, in the metadata of its body or in headers of its request.
SAID = (
    *("user", "project", "workflow", "environment", "task", "conversation", "quota_reason"),
    "language",
)
LABELS = ("task_type", "complexity", "risk", "latency")
HEADER = "x-tokenops-"


def call_of(body: Mapping[str, Any], *, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return what a request says of its call, but for whose model it is.

    What stands in `X-TokenOps-…` headers outranks the body's metadata.
    """
    said = _said(body, headers)
    inputs = {name: body[name] for name in _INPUTS if body.get(name)}
    text = "\n".join(_texts(body.get("messages") or body.get("input") or body.get("prompt")))
    tools = body.get("tools")
    known: dict[str, Any] = {
        "model": body.get("model"),
        **{name: said[name] for name in SAID if name in said},
        "labels": {name: said[name] for name in LABELS if name in said},
        "in_tokens": _most_tokens(inputs),
        "max_out_tokens": _most_out(body),
        "prompt_hash": "sha256:" + hashlib.sha256(_canonical(inputs)).hexdigest(),
        "text_excerpt": text[:_EXCERPT],
        "tools": len(tools) if isinstance(tools, list) else 0,
        "has_code": "```" in text,
        "has_schema": bool(body.get("response_format") or body.get("text")),
    }
    if "task_type" in said:
        known["task_type"] = said["task_type"]
    return {name: value for name, value in known.items() if value not in (None, "", {})}


def tokens_of(usage: Any) -> dict[str, int]:
    """Return the disjoint token classes of a `usage`, of either of OpenAI's interfaces.

    Empty where it counts nothing. What a gateway adds of Anthropic's caches is read, too.
    """
    if not isinstance(usage, Mapping):
        return {}
    asked = _count(usage, "prompt_tokens", "input_tokens")
    answered = _count(usage, "completion_tokens", "output_tokens")
    of_input = _part(usage, "prompt_tokens_details", "input_tokens_details")
    of_output = _part(usage, "completion_tokens_details", "output_tokens_details")
    read = min(_count(of_input, "cached_tokens") or _count(usage, "cache_read_input_tokens"), asked)
    written = min(_count(usage, "cache_creation_input_tokens"), asked - read)
    thought = min(_count(of_output, "reasoning_tokens"), answered)
    found = {
        "in_text": asked - read - written,
        "in_cache_read": read,
        "in_cache_write_5m": written,
        "out_text": answered - thought,
        "out_reasoning": thought,
    }
    return {name: count for name, count in found.items() if count}


def tokens_of_text(size_bytes: int) -> int:
    """Return about how many tokens a text has that nobody counted."""
    return -(-size_bytes // _BYTES_OF_LATE)


def text_of(answer: Any) -> str:
    """Return what an answer says, or a piece of one that is streamed."""
    if not isinstance(answer, Mapping):
        return ""
    if isinstance(answer.get("delta"), str):  # the responses interface
        return str(answer["delta"])
    pieces = (choice for choice in _list(answer.get("choices")) if isinstance(choice, Mapping))
    return "".join(
        "\n".join(_texts(piece.get("delta") or piece.get("message"))) for piece in pieces
    )


def _said(body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    metadata = body.get("metadata")
    found = {"user": body.get("user"), "environment": None}
    if isinstance(metadata, Mapping):
        found |= {name: metadata.get(name) for name in (*SAID, *LABELS) if name in metadata}
    for name in (*SAID, *LABELS):
        found[name] = headers.get(HEADER + name.replace("_", "-")) or found.get(name)
    return {name: value for name, value in found.items() if isinstance(value, str) and value}


def _most_out(body: Mapping[str, Any]) -> int | None:
    """Return the most tokens an answer may have; None where the request sets no limit."""
    given = (body.get(name) for name in _LIMITS)
    limits = [limit for limit in given if type(limit) is int and limit >= 0]
    if not limits:
        # Vectors are no tokens.
        return None if any(body.get(name) for name in ("messages", "prompt")) else _of_inputs(body)
    answers = body.get("n")
    return min(limits) * (answers if type(answers) is int and answers > 0 else 1)


def _of_inputs(body: Mapping[str, Any]) -> int | None:
    is_for_vectors = "encoding_format" in body or "dimensions" in body
    return 0 if is_for_vectors else None


def _most_tokens(value: Any) -> int:
    """Return how many tokens an input has at most: half its bytes, pictures apart."""
    pictures = sum(1 for _ in _pictures(value))
    size_bytes = len(_canonical(_without_pictures(value) if pictures else value))
    return -(-size_bytes // _BYTES_AT_LEAST) + pictures * PICTURE_TOKENS


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str).encode(
        errors="replace"
    )


def _pictures(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if value.get("type") in _PICTURES:
            yield value
        else:
            for each in value.values():
                yield from _pictures(each)
    elif isinstance(value, list):
        for each in value:
            yield from _pictures(each)


def _without_pictures(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get("type") in _PICTURES:
            return None
        return {name: _without_pictures(each) for name, each in value.items()}
    return [_without_pictures(each) for each in value] if isinstance(value, list) else value


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of messages, of their parts, or of the calls of tools in them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name in ("content", "text", "arguments", "function", "tool_calls", "reasoning_content"):
            yield from _texts(value.get(name))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _count(usage: Mapping[str, Any], *names: str) -> int:
    found = (usage.get(name) for name in names)
    return next((each for each in found if type(each) is int and each > 0), 0)


def _part(usage: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    found = (usage.get(name) for name in names)
    return next((each for each in found if isinstance(each, Mapping)), {})


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
