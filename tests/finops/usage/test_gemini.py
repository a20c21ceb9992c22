"""Gemini thinks beside its answer, and tells what its tools fed back."""

from finops.tokens import TOTAL_MISMATCH
from finops.usage.gemini import from_gemini
from tests.finops.usage.parted import one

GEMINI = {
    "promptTokenCount": 345,
    "cachedContentTokenCount": 191,
    "toolUsePromptTokenCount": 119,
    "candidatesTokenCount": 1780,
    "thoughtsTokenCount": 98,
    "totalTokenCount": 2342,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 87},
        {"modality": "IMAGE", "tokenCount": 208},
        {"modality": "AUDIO", "tokenCount": 50},
    ],
    "cacheTokensDetails": [
        {"modality": "IMAGE", "tokenCount": 143},
        {"modality": "TEXT", "tokenCount": 28},
        {"modality": "AUDIO", "tokenCount": 20},
    ],
    "toolUsePromptTokensDetails": [{"modality": "TEXT", "tokenCount": 119}],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
}
GEMINI_CLASSES = {
    "in_text": 87 - 28 + 119,
    "in_cache_read": 171,
    "in_audio": 30,
    "in_audio_cached": 20,
    "in_image": 65,
    "out_text": 660,
    "out_reasoning": 98,
    "out_image": 1120,
}


def test_gemini_thinks_beside_the_candidates_and_reads_its_tools() -> None:
    assert from_gemini(GEMINI) == one(GEMINI_CLASSES)


def test_gemini_over_grpc_spells_with_underscores_and_numbers_its_modalities() -> None:
    numbers = {"TEXT": 1, "IMAGE": 2, "AUDIO": 4}
    usage = {
        snake(name): [
            {"modality": numbers[row["modality"]], "token_count": row["tokenCount"]}
            for row in value
        ]
        if isinstance(value, list)
        else value
        for name, value in GEMINI.items()
    }

    assert from_gemini(usage) == one(GEMINI_CLASSES)


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def test_gemini_documents_are_read_as_text_and_embeddings_have_no_total() -> None:
    usage = {
        "promptTokenCount": 328,
        "promptTokenDetails": [{"modality": "DOCUMENT", "tokenCount": 258}],
    }

    assert from_gemini(usage) == one({"in_text": 328})


def test_a_total_that_disagrees_is_told() -> None:
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 8, "totalTokenCount": 16}

    assert from_gemini(usage).problems == (TOTAL_MISMATCH,)
