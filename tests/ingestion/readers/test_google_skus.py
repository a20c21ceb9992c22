"""Google's SKU descriptions become model, token class, tier and context."""

import pytest

from ingestion.readers.google_skus import parse_sku
from ingestion.readers.meters import Meter
from tests.shared_data import shared_data

FLASH, LITE, PRO = "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro"
LIVE = "gemini-live-2.5-flash"

# What the descriptions met in the wild become: model, class, deployment.
SEEN = {
    "Gemini 2.5 Flash GA Text Input - Predictions": (FLASH, "in_text", ""),
    "Gemini 2.5 Flash GA Thinking Text Output - Predictions": (FLASH, "out_reasoning", ""),
    "Gemini 2.5 Flash GA Text Output (Thinking On) - Predictions": (FLASH, "out_text", ""),
    "Gemini 2.5 Flash GA Text Output - Predictions": (FLASH, "out_text", ""),
    "Gemini 2.5 Flash Lite Text Input - Predictions": (LITE, "in_text", ""),
    "Gemini 2.5 Flash Lite Text Output - Predictions": (LITE, "out_text", ""),
    "Gemini 2.5 Flash Live Audio Input - Predictions": (LIVE, "in_audio", ""),
    "Gemini 2.5 Flash Live Audio (AV2A) Output - Predictions": (LIVE, "out_audio", ""),
    "Gemini 2.5 Pro Text Input - Predictions": (PRO, "in_text", ""),
    "Gemini 2.5 Pro Text Output - Predictions": (PRO, "out_text", ""),
    "Gemini 3.1 Flash Lite Global Text Input - Predictions": (
        "gemini-3.1-flash-lite",
        "in_text",
        "global",
    ),
    "Gemini 3.5 Flash Regional Text Input - Predictions": (
        "gemini-3.5-flash",
        "in_text",
        "regional",
    ),
}


@pytest.mark.parametrize("description", SEEN)
def test_a_description_met_in_the_wild_is_read_whole(description: str) -> None:
    model, token_class, deployment = SEEN[description]

    assert parse_sku(description) == Meter(model, token_class, deployment=deployment)


def test_every_description_of_the_collection_stands_in_the_table() -> None:
    lines = shared_data("gcp/gemini_skus_seen.txt").read_text().splitlines()

    skus = {line.split(" | ")[2] for line in lines if line.startswith("Vertex AI")}
    assert skus == set(SEEN)


@pytest.mark.parametrize(
    ("description", "meter"),
    [
        ("Gemini 2.5 Flash GA Input Text Caching", Meter(FLASH, "in_cache_read")),
        ("Gemini 3 Flash Text Input Caching Priority",
         Meter("gemini-3-flash-preview", "in_cache_read", service_tier="priority")),
        ("Gemini 2.5 Pro Text Input (Long) - Batch Predictions",
         Meter(PRO, "in_text", service_tier="batch", context="long")),
        ("Gemini 2.5 Pro Thinking Text Output (Long & Standard) - Predictions",
         Meter(PRO, "out_reasoning")),
        ("Gemini 2.5 Flash Image Output - Predictions",
         Meter("gemini-2.5-flash-image", "out_image")),
        ("Gemini 2.5 Flash Image Text Input - Predictions",
         Meter("gemini-2.5-flash-image", "in_text")),
        ("Gemini 2.5 Flash Image Input - Predictions", Meter(FLASH, "in_image")),
        ("Gemini 2.5 Pro Video Input - Predictions", Meter(PRO, "in_video")),
        ("Gemini 3 Pro Text Output - Predictions", Meter("gemini-3-pro-preview", "out_text")),
        ("Gemini 2.5 Flash TTS Audio Output - Predictions",
         Meter("gemini-2.5-flash-tts", "out_audio")),
    ],
)  # fmt: skip
def test_vertex_names_modality_direction_tier_and_context(description: str, meter: Meter) -> None:
    assert parse_sku(description) == meter


@pytest.mark.parametrize(
    ("description", "meter"),
    [
        ("Generate content input token count gemini 2.5 flash lite short input text",
         Meter(LITE, "in_text")),
        # The words at its end belong to the family of SKUs: it counts output.
        ("Generate content output token count gemini 2.5 flash short input text",
         Meter(FLASH, "out_text")),
        ("Generate content output token count gemini 2.5 flash short output text non-thinking",
         Meter(FLASH, "out_text")),
        ("Generate content cached input token count gemini 2.5 flash input image",
         Meter(FLASH, "in_cache_read")),
        ("Generate content cached input token count gemini 2.5 flash input audio",
         Meter(FLASH, "in_audio_cached")),
        ("Generate_content text cached input token count for gemini 2.5 Flash Lite",
         Meter(LITE, "in_cache_read")),
        ("Generate content input token count gemini 3.7 flash image flex caching",
         Meter("gemini-3.7-flash", "in_cache_read", service_tier="flex")),
        ("GenerateContent audio input token count for Gemini 2.0 Flash",
         Meter("gemini-2.0-flash", "in_audio")),
        ("Generate content input token count Gemini 2.5 Pro long input text",
         Meter(PRO, "in_text", context="long")),
        ("EmbedContent input token count for gemini-embedding-001",
         Meter("gemini-embedding-001", "in_text")),
    ],
)  # fmt: skip
def test_the_gemini_api_says_first_what_it_counts(description: str, meter: Meter) -> None:
    assert parse_sku(description) == meter


@pytest.mark.parametrize(
    ("description", "meter"),
    [
        ("Claude Sonnet 4.5 Input Tokens", Meter("claude-sonnet-4-5", "in_text")),
        ("Claude Opus 4.6 Cache Write 1h Input Tokens",
         Meter("claude-opus-4-6", "in_cache_write_1h")),
        ("Claude Opus 4.6 Cache Write Input Tokens",
         Meter("claude-opus-4-6", "in_cache_write_other")),
        ("Claude Sonnet 4 Batch Cache Read Input Tokens",
         Meter("claude-4-sonnet", "in_cache_read", service_tier="batch")),
        ("Anthropic Claude 3.5 Haiku Output Tokens", Meter("claude-3-5-haiku", "out_text")),
        ("Llama 3.3 70B Instruct Input Tokens", Meter("llama-3.3-70b-instruct", "in_text")),
        ("Veo 3 Fast Video Generation", Meter("veo-3-fast", counter="video_seconds")),
        ("Imagen 4 Generation", Meter("imagen-4", counter="images_generated")),
        ("Grounding with Google Search on Gemini 3", Meter(counter="web_searches")),
        ("Generate content search query gemini 3 free", Meter(counter="web_searches")),
    ],
)  # fmt: skip
def test_other_models_and_tools_are_named_too(description: str, meter: Meter) -> None:
    assert parse_sku(description) == meter


def test_what_is_sold_by_the_hour_counts_no_tokens() -> None:
    storage = parse_sku("Gemini 2.5 Flash Text Input Caching Storage")

    assert storage == Meter(FLASH)
    assert parse_sku("Vertex AI: Provisioned Throughput 1 month") == Meter(
        service_tier="provisioned"
    )


@pytest.mark.parametrize(
    "description", ["Gemini Frobnication", "Text Input - Predictions", "Gemini 2.5 Flash", ""]
)
def test_a_description_without_a_model_or_what_it_counts_is_flagged(description: str) -> None:
    assert not parse_sku(description).is_known
