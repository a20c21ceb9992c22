"""Token classes, and the parts of an answer in which every token stands in exactly one.

How each provider's usage object is parted into them stands in finops/usage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TOKEN_CLASSES = (
    "in_text",
    "in_cache_read",
    "in_cache_write_5m",
    "in_cache_write_1h",
    "in_cache_write_other",
    "in_audio",
    "in_audio_cached",
    "in_image",
    "in_video",
    "out_text",
    "out_reasoning",
    "out_audio",
    "out_image",
)
INPUT_CLASSES = tuple(name for name in TOKEN_CLASSES if name.startswith("in_"))
OUTPUT_CLASSES = tuple(name for name in TOKEN_CLASSES if name.startswith("out_"))
COUNTERS = (
    "requests",
    "web_searches",
    "tool_sessions",
    "images_generated",
    "audio_seconds",
    "video_seconds",
    "pages",
    "characters",
    "cache_storage_token_hours",
)

NEGATIVE_CLASS = "DQ_NEGATIVE_CLASS"
TOTAL_MISMATCH = "DQ_TOTAL_MISMATCH"

Usage = Mapping[str, Any]


class UnreadableUsage(ValueError):
    """A usage object holds something that is no count."""


@dataclass(frozen=True, slots=True)
class Part:
    """One inference: tokens by class and counters by name, zeros left out.

    `model` is None where it is the model of the whole answer.
    """

    model: str | None
    tokens: dict[str, int]
    counters: dict[str, int]

    @property
    def total_tokens(self) -> int:
        return sum(self.tokens.values())


@dataclass(frozen=True, slots=True)
class Normalised:
    """The parts of one answer, and the codes of what was not quite right about it."""

    parts: tuple[Part, ...]
    problems: tuple[str, ...]


def settled(
    parts: Sequence[tuple[str | None, Mapping[str, int], dict[str, int]]],
    total: int | None,
    *,
    agrees: bool = True,
) -> Normalised:
    """Clamp what is negative, drop what is zero, and compare with the provider's total."""
    problems = []
    if any(count < 0 for _, spent, _ in parts for count in spent.values()):
        problems.append(NEGATIVE_CLASS)
    whole = tuple(
        Part(model, {name: count for name, count in spent.items() if count > 0}, counted)
        for model, spent, counted in parts
    )
    if not agrees or (total is not None and total != sum(part.total_tokens for part in whole)):
        problems.append(TOTAL_MISMATCH)
    return Normalised(whole, tuple(problems))
