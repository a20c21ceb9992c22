"""Gemini's usage: thoughts stand beside the answer, and what tools fed back is input."""

from collections.abc import Mapping
from typing import Any

from finops.tokens import Normalised, Usage, settled
from finops.usage.reading import first_count, first_list

# Google's enumeration of modalities, as gRPC writes it.
MODALITIES: Mapping[Any, str] = {1: "TEXT", 2: "IMAGE", 3: "VIDEO", 4: "AUDIO", 5: "DOCUMENT"}


def from_gemini(usage: Usage) -> Normalised:
    """Part a usageMetadata, in REST's spelling or gRPC's.

    The prompt includes what was cached; thoughts stand beside the candidates; what a
    tool fed back is input. Documents are read as text.
    """
    prompt, fed_back = _gemini(usage, "promptTokenCount"), _gemini(usage, "toolUsePromptTokenCount")
    candidates = _gemini(usage, "candidatesTokenCount", "responseTokenCount")
    thoughts = _gemini(usage, "thoughtsTokenCount")
    cached = _gemini(usage, "cachedContentTokenCount")
    given = _modalities(usage, "promptTokensDetails", "promptTokenDetails")
    tool = _modalities(usage, "toolUsePromptTokensDetails")
    held = _modalities(usage, "cacheTokensDetails")
    made = _modalities(usage, "candidatesTokensDetails", "responseTokensDetails")

    def fresh(modality: str) -> int:
        return given.get(modality, 0) + tool.get(modality, 0) - held.get(modality, 0)

    spent = {
        "in_cache_read": cached - held.get("AUDIO", 0),
        "in_audio": fresh("AUDIO"),
        "in_audio_cached": held.get("AUDIO", 0),
        "in_image": fresh("IMAGE"),
        "in_video": fresh("VIDEO"),
    }
    spent["in_text"] = prompt + fed_back - sum(spent.values())
    audio, image = made.get("AUDIO", 0), made.get("IMAGE", 0)
    spent |= {"out_audio": audio, "out_image": image, "out_reasoning": thoughts}
    spent["out_text"] = candidates - audio - image
    return settled([(None, spent, {"requests": 1})], _gemini(usage, "totalTokenCount") or None)


def _gemini(usage: Usage, *names: str) -> int:
    return first_count(usage, *(spelling for name in names for spelling in (name, _snake(name))))


def _modalities(usage: Usage, *names: str) -> dict[str, int]:
    """Sum the tokens of each modality, whether it is named or numbered."""
    counts: dict[str, int] = {}
    for name in names:
        for detail in first_list(usage, name, _snake(name)):
            named = detail.get("modality", "TEXT")
            modality = MODALITIES.get(named, str(named))
            counts[modality] = counts.get(modality, 0) + _gemini(detail, "tokenCount")
    return counts


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
