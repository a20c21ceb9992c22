"""Bedrock's usage, as Converse answers it: input excludes what the cache gave or took."""

from finops.tokens import Normalised, Usage, settled
from finops.usage.reading import first_count, first_list

HOUR = "1h"


def from_bedrock(usage: Usage) -> Normalised:
    """Part the usage of a Converse answer, whatever model gave it.

    The total counts what the cache gave and took. A write whose life is not told lives
    five minutes, which is what Bedrock does where a request names none.
    """
    written = first_count(usage, "cacheWriteInputTokens", "cacheWriteInputTokenCount")
    details = first_list(usage, "cacheDetails")
    long = sum(first_count(row, "inputTokens") for row in details if row.get("ttl") == HOUR)
    spent = {
        "in_text": first_count(usage, "inputTokens"),
        "in_cache_read": first_count(usage, "cacheReadInputTokens", "cacheReadInputTokenCount"),
        "in_cache_write_5m": written - long,
        "in_cache_write_1h": long,
        "out_text": first_count(usage, "outputTokens"),
    }
    return settled([(None, spent, {"requests": 1})], first_count(usage, "totalTokens") or None)
