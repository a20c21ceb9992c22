"""The tokens of many usual LiteLLM records at once, parted as finops/usage/openai.py parts one.

Here is no second opinion: a record that comes out odd is left to the reader of all shapes.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from finops.usage.openai import CACHED_NAMES
from ingestion.readers.litellm_shape import InputDetails, Line, Lives, OutputDetails, Tools, Usage

Counts = npt.NDArray[np.int64]
_SUMS = ("prompt_tokens", "completion_tokens", "total_tokens")
_NO_INPUT, _NO_OUTPUT, _NO_LIVES, _NO_TOOLS = InputDetails(), OutputDetails(), Lives(), Tools()


class Parted(NamedTuple):
    """Tokens by class and web searches, each a column, and which rows have nothing odd."""

    columns: dict[str, Counts]
    sound: npt.NDArray[np.bool_]


class _Told:
    """Columns of counts out of objects of one kind."""

    def __init__(self, objects: Sequence[Any], *names: str) -> None:
        self._columns = {
            name: pa.array(list(map(attrgetter(name), objects)), type=pa.int64()) for name in names
        }

    def first(self, *names: str) -> Counts:
        """Return the first of these counts that is given, 0 where none is."""
        given = [self._columns[name] for name in names]
        return np.asarray(pc.coalesce(*given, pa.scalar(0, pa.int64())))

    def given(self, name: str) -> Any:
        return self._columns[name]


def parted(lines: Sequence[Line], usages: Sequence[Usage]) -> Parted:
    """Part the tokens of these records, whose usage objects stand beside them."""
    given = [usage.prompt_tokens_details or _NO_INPUT for usage in usages]
    prompt, completion, total = _sums(lines, usages)
    spent, agrees = _input(usages, given)
    spent["in_text"] = prompt - sum(spent.values())
    spent |= _output(usages, completion, total - prompt)
    counted = np.array(list(spent.values()))
    sound = (counted >= 0).all(axis=0) & (counted.sum(axis=0) == total) & agrees
    return Parted(spent | {"web_searches": _searches(usages, given)}, sound)


def _sums(lines: Sequence[Line], usages: Sequence[Usage]) -> tuple[Counts, Counts, Counts]:
    """Return prompt, completion and total: the row's own before the usage object's."""
    row, usage = _Told(lines, *_SUMS), _Told(usages, *_SUMS)
    prompt, completion, total = (
        np.asarray(pc.coalesce(row.given(name), usage.given(name), pa.scalar(0, pa.int64())))
        for name in _SUMS
    )
    return prompt, completion, np.where(total == 0, prompt + completion, total)


def _input(
    usages: Sequence[Usage], given: Sequence[InputDetails]
) -> tuple[dict[str, Counts], npt.NDArray[np.bool_]]:
    """Return what of the input is no plain text, and where the lives of writes are told once."""
    writes = ("cache_write_tokens", "cache_creation_tokens")
    details = _Told(given, "cached_tokens", "audio_tokens", "image_tokens", "video_tokens", *writes)
    whole = _Told(usages, *CACHED_NAMES, "cache_creation_input_tokens")
    cached, written = details.first("cached_tokens"), details.first(*writes)
    short, long, agrees = _lives(usages, given)
    written = np.where(written == 0, whole.first("cache_creation_input_tokens"), written)
    spent = {
        "in_cache_read": np.where(cached == 0, whole.first(*CACHED_NAMES), cached),
        "in_audio": details.first("audio_tokens"),
        "in_image": details.first("image_tokens"),
        "in_video": details.first("video_tokens"),
        "in_cache_write_5m": short,
        "in_cache_write_1h": long,
        "in_cache_write_other": written - short - long,
    }
    return spent, agrees


def _lives(
    usages: Sequence[Usage], given: Sequence[InputDetails]
) -> tuple[Counts, Counts, npt.NDArray[np.bool_]]:
    inner = [details.cache_creation_token_details for details in given]
    outer = [usage.cache_creation for usage in usages]
    both = [a is not None and b is not None for a, b in zip(inner, outer, strict=True)]
    told = [a or b or _NO_LIVES for a, b in zip(inner, outer, strict=True)]
    short = ("ttl_30m_tokens", "ephemeral_5m_input_tokens")
    long = ("ttl_12h_tokens", "ephemeral_1h_input_tokens")
    lives = _Told(told, *short, *long)
    return lives.first(*short), lives.first(*long), ~np.array(both, dtype=bool)


def _output(
    usages: Sequence[Usage], completion: Counts, billed_output: Counts
) -> dict[str, Counts]:
    made = [usage.completion_tokens_details or _NO_OUTPUT for usage in usages]
    details = _Told(made, "reasoning_tokens", "audio_tokens", "image_tokens")
    stated, outside = details.first("reasoning_tokens"), np.maximum(billed_output - completion, 0)
    inside = np.where(outside == stated, 0, stated)
    audio, image = details.first("audio_tokens"), details.first("image_tokens")
    return {
        "out_text": completion - inside - audio - image,
        "out_reasoning": inside + outside,
        "out_audio": audio,
        "out_image": image,
    }


def _searches(usages: Sequence[Usage], given: Sequence[InputDetails]) -> Counts:
    tools = [
        details if usage.server_tool_use is None else usage.server_tool_use
        for usage, details in zip(usages, given, strict=True)
    ]
    return _Told(tools, "web_search_requests").first("web_search_requests")
