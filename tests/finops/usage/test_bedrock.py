"""Bedrock's input excludes the cache, which its total includes."""

from finops.tokens import TOTAL_MISMATCH
from finops.usage.bedrock import from_bedrock
from tests.finops.usage.parted import one


def test_bedrock_input_excludes_the_cache() -> None:
    usage = {
        "inputTokens": 22,
        "outputTokens": 13,
        "cacheReadInputTokens": 2492,
        "cacheReadInputTokenCount": 2492,
        "cacheWriteInputTokens": 70,
        "cacheWriteInputTokenCount": 70,
        "totalTokens": 2597,
    }

    assert from_bedrock(usage) == one(
        {"in_text": 22, "in_cache_read": 2492, "in_cache_write_5m": 70, "out_text": 13}
    )


def test_bedrock_tells_which_writes_live_for_an_hour() -> None:
    usage = {
        "inputTokens": 3,
        "outputTokens": 288,
        "cacheWriteInputTokens": 2074,
        "cacheDetails": [{"ttl": "5m", "inputTokens": 1000}, {"ttl": "1h", "inputTokens": 1074}],
        "totalTokens": 2365,
    }

    assert from_bedrock(usage) == one(
        {"in_text": 3, "in_cache_write_5m": 1000, "in_cache_write_1h": 1074, "out_text": 288}
    )


def test_a_bedrock_total_that_disagrees_is_told() -> None:
    usage = {"inputTokens": 3, "outputTokens": 4, "totalTokens": 8}

    assert from_bedrock(usage).problems == (TOTAL_MISMATCH,)
