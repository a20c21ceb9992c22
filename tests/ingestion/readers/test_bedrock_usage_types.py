"""Bedrock's usage types of all four generations become model, token class and tier."""

import pytest

from ingestion.readers.bedrock_usage_types import parse_usage_type, region_of
from ingestion.readers.meters import Meter
from tests.shared_data import shared_data

OPUS_46 = "regional.anthropic.claude-opus-4-6-v1:0"
GLOBAL_OPUS_46 = "global.anthropic.claude-opus-4-6-v1:0"
SONNET_45 = "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"
GLOBAL_SONNET_45 = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
GLOBAL_OPUS_48 = "global.anthropic.claude-opus-4-8-v1:0"
EDITION = "Claude Sonnet 4.5 (Amazon Bedrock Edition)"

# What the usage types met in the wild become: model, class, tier, deployment.
SEEN = {
    # No price of Claude 2 on Bedrock is listed: the name stays the bill's.
    "USE1-Claude2.0-input-tokens": ("claude2.0", "in_text", "standard", ""),
    "USE1-Claude3Sonnet-input-tokens": (
        "regional.anthropic.claude-3-sonnet-20240229-v1:0", "in_text", "standard", ""),
    "USE1-Claude4Sonnet-cache-write-input-token-count-1-hour": (
        "regional.anthropic.claude-sonnet-4-20250514-v1:0", "in_cache_write_1h", "standard", ""),
    "USE1-Claude4.6Opus-input-tokens": (OPUS_46, "in_text", "standard", ""),
    "USE1-Claude4.6Opus-input-tokens-cross-region-global": (
        GLOBAL_OPUS_46, "in_text", "standard", "global"),
    "USE1-Claude4.6Opus-cache-read-input-token-count": (
        OPUS_46, "in_cache_read", "standard", ""),
    "USE1-Claude4.6Opus-cache-read-input-token-count-cross-region-global": (
        GLOBAL_OPUS_46, "in_cache_read", "standard", "global"),
    "USE1-Claude4.6Opus-output-tokens-cross-region-global": (
        GLOBAL_OPUS_46, "out_text", "standard", "global"),
    "USE1-Claude4.6Sonnet-output-tokens": (
        "regional.anthropic.claude-sonnet-4-6-v1:0", "out_text", "standard", ""),
    "EUC1-Claude3.5Haiku-cache-write-input-token-count-cross-region-geo": (
        "regional.anthropic.claude-3-5-haiku-20241022-v1:0", "in_cache_write_5m", "standard",
        "geo"),
    "USW2-NovaPro-input-tokens-cross-region-geo": (
        "amazon.nova-pro-v1:0", "in_text", "standard", "geo"),
    "USE1-NovaLite-input-tokens-priority": (
        "amazon.nova-lite-v1:0", "in_text", "priority", ""),
    "USE1-NovaLite-input-tokens-custom-model": (
        "amazon.nova-lite-v1:0", "in_text", "standard", ""),
    "USE1-Llama4-Maverick-17B-input-tokens-batch": (
        "meta.llama4-maverick-17b-instruct-v1:0", "in_text", "batch", ""),
    "USE1-GPT-OSS-Safeguard-20B-input-tokens-priority": (
        "gpt-oss-safeguard-20b", "in_text", "priority", ""),
    "USE1-Gemma-3-4B-IT-input-tokens-flex": ("google.gemma-3-4b-it", "in_text", "flex", ""),
    "USE1-zai.glm-4.7-output-tokens-batch": ("zai.glm-4.7", "out_text", "batch", ""),
    "USW2-anthropic.claude-opus-4-8-mantle-input-tokens-global-standard": (
        GLOBAL_OPUS_48, "in_text", "standard", "global"),
    "USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-global-standard": (
        GLOBAL_OPUS_48, "in_cache_write_5m", "standard", "global"),
    "USE1-xai.grok-4.3-mantle-cache-read-tokens-flex": (
        "xai.grok-4.3", "in_cache_read", "flex", ""),
    "EU-qwen.qwen3-coder-480b-a35b-instruct-mantle-input-tokens-flex": (
        "qwen.qwen3-coder-480b-a35b-v1:0", "in_text", "flex", ""),
    "USE1-mistral.voxtral-small-24b-2507-mantle-input-tokens-standard": (
        "mistral.voxtral-small-24b-2507", "in_text", "standard", ""),
    # Through the Marketplace the model stands in the product's name alone.
    "USE1-MP:USE1_InputTokenCount-Units": (SONNET_45, "in_text", "standard", ""),
    "USE1-MP:USE1_InputTokenCount_Global-Units": (
        GLOBAL_SONNET_45, "in_text", "standard", "global"),
    "USE1-MP:USE1_OutputTokenCount-Units": (SONNET_45, "out_text", "standard", ""),
    "USE1_input_tokens_standard-Units": (SONNET_45, "in_text", "standard", ""),
    "USE1_input_tokens_global_standard-Units": (
        GLOBAL_SONNET_45, "in_text", "standard", "global"),
}  # fmt: skip
# Of these the collection has the ends alone.
ENDS = {
    "input-tokens-long-context-cross-region-global",
    "reserved-1-month-input-tokens-per-minute-cross-region-global",
}


@pytest.mark.parametrize("usage_type", SEEN)
def test_a_usage_type_met_in_the_wild_is_read_whole(usage_type: str) -> None:
    model, token_class, tier, deployment = SEEN[usage_type]
    product = EDITION if usage_type.endswith("-Units") else "Amazon Bedrock"

    assert parse_usage_type(usage_type, product) == Meter(
        model, token_class, service_tier=tier, deployment=deployment
    )


def test_every_usage_type_of_the_collection_stands_in_the_table() -> None:
    lines = shared_data("bedrock/usage_types_seen.txt").read_text().splitlines()

    assert {line.removesuffix(" (suffix)") for line in lines} == set(SEEN) | ENDS


def test_a_long_context_is_told_apart() -> None:
    usage_type = "USE1-Claude4Sonnet-input-tokens-long-context-cross-region-global"

    assert parse_usage_type(usage_type) == Meter(
        "global.anthropic.claude-sonnet-4-20250514-v1:0",
        "in_text",
        deployment="global",
        context="long",
    )


@pytest.mark.parametrize(
    "usage_type",
    [
        "USE1-Claude4.6Opus-reserved-1-month-input-tokens-per-minute-cross-region-global",
        "USE1-MP:USE1_ProvisionedThroughput_1MonthCommit_ModelUnits_Global-Units",
    ],
)
def test_reserved_capacity_counts_no_tokens(usage_type: str) -> None:
    assert parse_usage_type(usage_type, "Claude Opus 4.6 (Amazon Bedrock Edition)") == Meter(
        GLOBAL_OPUS_46, service_tier="provisioned", deployment="global"
    )


@pytest.mark.parametrize(
    ("usage_type", "product", "model", "token_class", "tier"),
    [
        ("USE1-MP:USE1_CacheReadInputTokenCount_Global_Batch-Units", EDITION,
         GLOBAL_SONNET_45, "in_cache_read", "batch"),
        ("USE1-MP:USE1_CacheWriteInputTokenCount-Units", EDITION,
         SONNET_45, "in_cache_write_5m", "standard"),
        ("USE1-MP:USE1_CacheWrite1hInputTokenCount-Units", EDITION,
         SONNET_45, "in_cache_write_1h", "standard"),
        ("USE1-MP:USE1_cache_write_tokens_30m_standard-Units",
         "OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)",
         "regional.openai.gpt-5.6-sol", "in_cache_write_5m", "standard"),
        ("USE1-MP:USE1_InputTokenCount_LatencyOptimized-Units",
         "Claude 3.5 Haiku (Amazon Bedrock Edition)",
         "regional.anthropic.claude-3-5-haiku-20241022-v1:0", "in_text", "latency-optimized"),
        ("USE1-Claude3.5SonnetV2-input-tokens", "",
         "regional.anthropic.claude-3-5-sonnet-20241022-v2:0", "in_text", "standard"),
        ("USE1-Llama3-3-70B-output-tokens", "",
         "meta.llama3-3-70b-instruct-v1:0", "out_text", "standard"),
        ("USE1-TitanEmbeddingV2-Text-input-tokens", "",
         "amazon.titan-embed-text-v2:0", "in_text", "standard"),
        ("USE1-NovaSonic-speech-input-tokens", "",
         "amazon.nova-sonic-v1:0", "in_audio", "standard"),
        ("USE1-DeepSeek-R1-output-tokens", "", "deepseek.r1-v1:0", "out_text", "standard"),
    ],
)  # fmt: skip
def test_other_spellings_say_the_same(
    usage_type: str, product: str, model: str, token_class: str, tier: str
) -> None:
    meter = parse_usage_type(usage_type, product)

    assert (meter.model, meter.token_class, meter.service_tier) == (model, token_class, tier)
    assert meter.is_known


@pytest.mark.parametrize(
    "usage_type",
    [
        "USE1-Claude3Haiku-frobnicated-tokens",
        "USE1-Claude3Haiku-input-tokens-upside-down",
        "USE1-MP:USE1_InputTokenCount-Units",
    ],
)
def test_a_name_with_a_kind_an_end_or_a_model_that_is_unknown_is_flagged(usage_type: str) -> None:
    assert not parse_usage_type(usage_type, "Amazon Bedrock").is_known


def test_what_counts_no_tokens_is_no_riddle() -> None:
    assert parse_usage_type("USE1-Guardrail-ContentPolicyUnitsConsumed") == Meter()
    assert parse_usage_type("USE1-NovaCanvas-T2I-1024-Standard-created-image") == Meter(
        counter="images_generated"
    )


@pytest.mark.parametrize(
    ("usage_type", "region"),
    [
        ("USE1-NovaPro-input-tokens", "us-east-1"),
        ("EU-NovaPro-input-tokens", "eu-west-1"),
        ("APS3-MP:APS3_InputTokenCount-Units", "ap-south-1"),
        ("USE1_input_tokens_standard-Units", "us-east-1"),
        ("GPT-OSS-20B-input-tokens", ""),
        ("", ""),
    ],
)
def test_the_prefix_names_the_region(usage_type: str, region: str) -> None:
    assert region_of(usage_type) == region
