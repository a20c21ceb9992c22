"""Token counts under free names, as tracers keep them: which class each one is.

Tracers copy what an SDK reports, so `input` may hold the cached tokens or leave them out,
and only the total can tell.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from finops.tokens import TOTAL_MISMATCH

_IN, _OUT = "in", "out"
_WHOLE = {
    "input": _IN,
    "input_tokens": _IN,
    "prompt": _IN,
    "prompt_tokens": _IN,
    "prompt_token_count": _IN,
    "output": _OUT,
    "output_tokens": _OUT,
    "completion": _OUT,
    "completion_tokens": _OUT,
    "candidates_token_count": _OUT,
}
_TOTALS = frozenset({"total", "total_tokens", "total_token_count"})
_COUNTERS = {"web_search_requests": "web_searches", "web_searches": "web_searches"}
_SIDES = {
    "input": _IN,
    "prompt": _IN,
    "cache": _IN,
    "cached": _IN,
    "output": _OUT,
    "completion": _OUT,
    "candidates": _OUT,
    "reasoning": _OUT,
    "thinking": _OUT,
    "thoughts": _OUT,
}
_MEDIA = ("audio", "image", "video")
# Whether the input, and whether the output, holds its details: what most SDKs do first.
_CONVENTIONS = ((False, False), (True, True), (True, False), (False, True))


@dataclass(frozen=True, slots=True)
class Counted:
    """Disjoint tokens by class, counters by name, and the codes of what is odd."""

    tokens: dict[str, int]
    counters: dict[str, int]
    doubts: tuple[str, ...]


@dataclass(slots=True)
class _Sorted:
    whole: dict[str, int] = field(default_factory=dict)
    details: dict[str, dict[str, int]] = field(default_factory=lambda: {_IN: {}, _OUT: {}})
    counters: dict[str, int] = field(default_factory=dict)
    total: int | None = None


def disjoint(counts: Mapping[str, Any]) -> Counted:
    """Part named counts into classes by the convention that makes them the total.

    Where no total is told, or none fits, details stand beside the input and the output:
    so the SDKs of tracers keep them, that each may be priced once. Raises ValueError for
    what is no count, for a name that is neither input nor output, and for a bare total.
    """
    found = _sorted(counts)
    if found.total and not found.whole and not any(found.details.values()):
        raise ValueError("only a total is told: what of it is input and what output is unknown")
    readings = [_reading(found, *convention) for convention in _CONVENTIONS]
    fitting = [tokens for tokens in readings if _fits(tokens, found.total)]
    tokens = fitting[0] if fitting else readings[0]
    odd = found.total is not None and not fitting
    used = {name: count for name, count in tokens.items() if count}
    return Counted(used, found.counters, (TOTAL_MISMATCH,) if odd else ())


def _sorted(counts: Mapping[str, Any]) -> _Sorted:
    found = _Sorted()
    for name, value in counts.items():
        count, plain = _count(name, value), _plain(name)
        if plain in _TOTALS:
            found.total = count
        elif plain in _WHOLE:
            _put_whole(found, name, _WHOLE[plain], count)
        elif plain in _COUNTERS:
            found.counters[_COUNTERS[plain]] = count
        elif count:
            side, token_class = _class_of(name, plain)
            details = found.details[side]
            details[token_class] = details.get(token_class, 0) + count
    _split_writes(found.details[_IN])
    return found


def _put_whole(found: _Sorted, name: str, side: str, count: int) -> None:
    if found.whole.setdefault(side, count) != count:
        raise ValueError(f"{name} and another name tell the same tokens differently")


def _split_writes(details: dict[str, int]) -> None:
    """Take what the cache took for five minutes and an hour out of the sum beside them."""
    parts = details.get("in_cache_write_5m", 0) + details.get("in_cache_write_1h", 0)
    if parts and "in_cache_write_other" in details:
        details["in_cache_write_other"] = max(details["in_cache_write_other"] - parts, 0)


def _class_of(name: str, plain: str) -> tuple[str, str]:
    words = plain.split("_")
    side = next((_SIDES[word] for word in words if word in _SIDES), None)
    if side is None:
        raise ValueError(f"{name} is neither input nor output that is known")
    medium = next((word for word in words if word in _MEDIA), "")
    if side == _OUT:
        reasons = not {"reasoning", "thinking", "thoughts"}.isdisjoint(words)
        return side, "out_reasoning" if reasons else f"out_{medium or 'text'}"
    return side, _input_class(words, medium)


def _input_class(words: list[str], medium: str) -> str:
    if {"cache", "cached"}.isdisjoint(words):
        return f"in_{medium or 'text'}"
    if {"creation", "write", "written"}.isdisjoint(words):
        return "in_audio_cached" if medium == "audio" else "in_cache_read"
    life = next((word for word in words if word in {"5m", "1h"}), "other")
    return f"in_cache_write_{life}"


def _reading(found: _Sorted, in_holds: bool, out_holds: bool) -> dict[str, int]:  # noqa: FBT001 — one row of _CONVENTIONS
    tokens: dict[str, int] = {}
    for side, holds in ((_IN, in_holds), (_OUT, out_holds)):
        details = dict(found.details[side])
        text = details.pop(f"{side}_text", 0)
        # What is told by its details alone holds nothing else.
        whole = found.whole.get(side, sum(details.values()) + text if holds else 0)
        rest = whole - sum(details.values()) if holds else whole + text
        tokens |= {f"{side}_text": rest} | details
    return tokens


def _fits(tokens: Mapping[str, int], total: int | None) -> bool:
    return sum(tokens.values()) == total and min(tokens.values()) >= 0


def _count(name: str, value: Any) -> int:
    text = "0" if value is None else str(value).strip()
    whole, _, fraction = text.partition(".")
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,18}", whole) or fraction.strip("0"):
        raise ValueError(f"{name} is {value!r}, which is not a count")
    return int(whole)


def _plain(name: str) -> str:
    """Return a name in lower case with underscores, however it was spelt."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").replace(".", "_").lower()
