"""Counts under free names: disjoint classes, by what the total says of the input."""

import pytest

from ingestion.readers.named_counts import disjoint


@pytest.mark.parametrize(
    ("counts", "tokens"),
    [
        # Without a total, details stand beside the input.
        ({"input": 40, "input_cached_tokens": 60}, {"in_text": 40, "in_cache_read": 60}),
        (
            {"input": 40, "input_cached_tokens": 60, "total": 100},
            {"in_text": 40, "in_cache_read": 60},
        ),
        (
            {"input": 100, "input_cached_tokens": 60, "total": 100},
            {"in_text": 40, "in_cache_read": 60},
        ),
        # The output may hold its reasoning while the input does not hold its cache.
        (
            {
                "input": 40,
                "input_cache_read": 60,
                "output": 30,
                "output_reasoning": 10,
                "total": 130,
            },
            {"in_text": 40, "in_cache_read": 60, "out_text": 20, "out_reasoning": 10},
        ),
        (
            {
                "prompt_tokens": 100,
                "cached_tokens": 60,
                "output": 20,
                "reasoning_tokens": 10,
                "total": 130,
            },
            {"in_text": 40, "in_cache_read": 60, "out_text": 20, "out_reasoning": 10},
        ),
        # Predictions that were taken are text of the answer.
        ({"output": 20, "output_accepted_prediction_tokens": 5}, {"out_text": 25}),
        (
            {"promptTokenCount": 7, "thoughtsTokenCount": 3, "totalTokenCount": 10},
            {"in_text": 7, "out_reasoning": 3},
        ),
        (
            {"input": 5, "input_audio_tokens": 3, "output_audio": 2},
            {"in_text": 5, "in_audio": 3, "out_audio": 2},
        ),
        (
            {"input_cached_audio_tokens": 4, "input_image_tokens": 2},
            {"in_audio_cached": 4, "in_image": 2},
        ),
        (
            {"input": 1, "cache_creation_input_tokens": 70, "input_cache_creation_1h": 30},
            {"in_text": 1, "in_cache_write_other": 40, "in_cache_write_1h": 30},
        ),
        ({"input": 5, "prompt_tokens": 5}, {"in_text": 5}),
        ({"input": "7.0", "anything": 0}, {"in_text": 7}),
    ],
)
def test_each_token_stands_in_one_class(counts: dict[str, object], tokens: dict[str, int]) -> None:
    counted = disjoint(counts)

    assert counted.tokens == tokens
    assert counted.doubts == ()


def test_a_total_that_nothing_makes_is_doubted() -> None:
    counted = disjoint({"input": 5, "output": 2, "total": 9})

    assert (counted.tokens, counted.doubts) == (
        {"in_text": 5, "out_text": 2},
        ("DQ_TOTAL_MISMATCH",),
    )


def test_searches_are_counted_and_are_no_tokens() -> None:
    counted = disjoint({"input": 5, "web_search_requests": 2, "total": 5})

    assert (counted.tokens, counted.counters, counted.doubts) == (
        {"in_text": 5},
        {"web_searches": 2},
        (),
    )


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ({"total": 7}, "only a total is told"),
        ({"input": 5, "sparkles": 1}, "sparkles is neither input nor output that is known"),
        ({"input": 5, "prompt_tokens": 6}, "prompt_tokens and another name tell the same tokens"),
        ({"input": -5}, "input is -5, which is not a count"),
        ({"input": True}, "input is True, which is not a count"),
        ({"input": {"a": 1}}, "which is not a count"),
        ({"input": "5.5"}, "input is '5.5', which is not a count"),
        ({"input": "9" * 40}, "which is not a count"),
    ],
)
def test_what_cannot_be_told_is_said(counts: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        disjoint(counts)
