"""OpenAI's input includes everything; its classes add up to its own total."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.tokens import NEGATIVE_CLASS, TOTAL_MISMATCH, Normalised, Part, UnreadableUsage
from finops.usage.openai import from_openai, from_openai_report
from tests.finops.usage.parted import ONCE, one

# The usage API's own documented row, with what its classes are.
REPORTED = {
    "input_tokens": 1000,
    "output_tokens": 500,
    "input_cached_tokens": 400,
    "input_cache_write_tokens": 100,
    "input_uncached_tokens": 500,
    "input_text_tokens": 400,
    "output_text_tokens": 400,
    "input_cached_text_tokens": 300,
    "input_audio_tokens": 50,
    "input_cached_audio_tokens": 50,
    "output_audio_tokens": 50,
    "input_image_tokens": 50,
    "input_cached_image_tokens": 50,
    "output_image_tokens": 50,
}


def test_openai_input_includes_what_the_cache_gave_and_took() -> None:
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 300,
        "total_tokens": 1300,
        "prompt_tokens_details": {"cached_tokens": 640, "cache_write_tokens": 100},
        "completion_tokens_details": {"reasoning_tokens": 200},
    }

    assert from_openai(usage) == one(
        {
            "in_text": 260,
            "in_cache_read": 640,
            "in_cache_write_other": 100,
            "out_text": 100,
            "out_reasoning": 200,
        }
    )


def test_openai_cache_writes_are_told_apart_by_how_long_they_live() -> None:
    usage = {
        "input_tokens": 4020,
        "output_tokens": 5,
        "total_tokens": 4025,
        "input_tokens_details": {
            "cache_write_tokens": 4000,
            "cache_write_tokens_details": {"ttl_30m_tokens": 1000, "ttl_12h_tokens": 3000},
        },
    }

    assert from_openai(usage) == one(
        {"in_text": 20, "in_cache_write_5m": 1000, "in_cache_write_1h": 3000, "out_text": 5}
    )


def test_openai_audio_is_a_class_of_its_own_cached_or_not() -> None:
    usage = {
        "prompt_tokens": 13_500,
        "completion_tokens": 1_400,
        "total_tokens": 14_900,
        "prompt_tokens_details": {
            "cached_tokens": 10_000,
            "audio_tokens": 13_000,
            "cached_tokens_details": {"audio_tokens": 10_000},
        },
        "completion_tokens_details": {"audio_tokens": 1_200},
    }

    assert from_openai(usage) == one(
        {
            "in_text": 500,
            "in_audio": 3_000,
            "in_audio_cached": 10_000,
            "out_text": 200,
            "out_audio": 1_200,
        }
    )


@pytest.mark.parametrize(
    "cached",
    [
        {"num_cached_tokens": 69},
        {"cached_tokens": 69},
        {"prompt_cache_hit_tokens": 69},
        {"cache_read_input_tokens": 69},
        {"prompt_tokens_details": {"cached_tokens": 69}},
    ],
)
def test_imitators_of_openai_name_the_cached_tokens_in_their_own_way(
    cached: dict[str, Any],
) -> None:
    usage = {"prompt_tokens": 70, "completion_tokens": 12, "total_tokens": 82} | cached

    assert from_openai(usage) == one({"in_text": 1, "in_cache_read": 69, "out_text": 12})


def test_gemini_through_the_openai_interface_hides_its_thoughts_in_the_total() -> None:
    usage = {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109}

    assert from_openai(usage) == one({"in_text": 35, "out_text": 12, "out_reasoning": 62})


def test_reasoning_that_equals_the_gap_in_the_total_stood_outside_the_completion() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "total_tokens": 80,
        "completion_tokens_details": {"reasoning_tokens": 50},
    }

    assert from_openai(usage) == one({"in_text": 10, "out_text": 20, "out_reasoning": 50})


def test_litellm_reports_anthropic_with_the_cache_added_to_the_prompt() -> None:
    usage = {
        "prompt_tokens": 48_000,
        "completion_tokens": 1_500,
        "total_tokens": 49_500,
        "prompt_tokens_details": {
            "cached_tokens": 40_000,
            "cache_creation_tokens": 6_000,
            "cache_creation_token_details": {
                "ephemeral_5m_input_tokens": 5_000,
                "ephemeral_1h_input_tokens": 1_000,
            },
        },
        "cache_read_input_tokens": 40_000,
        "cache_creation_input_tokens": 6_000,
        "server_tool_use": {"web_search_requests": 2},
    }

    assert from_openai(usage) == one(
        {
            "in_text": 2_000,
            "in_cache_read": 40_000,
            "in_cache_write_5m": 5_000,
            "in_cache_write_1h": 1_000,
            "out_text": 1_500,
        },
        {"requests": 1, "web_searches": 2},
    )


def test_a_class_below_zero_is_clamped_and_told() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 1,
        "total_tokens": 11,
        "prompt_tokens_details": {"cached_tokens": 30},
    }

    assert from_openai(usage) == Normalised(
        (Part(None, {"in_cache_read": 30, "out_text": 1}, ONCE),),
        (NEGATIVE_CLASS, TOTAL_MISMATCH),
    )


@pytest.mark.parametrize("value", ["many", 1.5, True, "1e3", "1,000"])
def test_what_is_no_count_is_refused_by_name(value: object) -> None:
    with pytest.raises(UnreadableUsage, match=r"prompt_tokens is .*, which is not a whole number"):
        from_openai({"prompt_tokens": value, "completion_tokens": 1})


def test_a_count_may_be_written_as_a_decimal_without_a_fraction() -> None:
    assert from_openai({"prompt_tokens": "10.0", "completion_tokens": 2.0}) == one(
        {"in_text": 10, "out_text": 2}
    )


def test_a_gateways_sums_may_stand_beside_the_lives_as_anthropic_tells_them() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 5,
        "cache_creation_input_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
    }

    assert from_openai(usage).parts[0].tokens == {
        "in_text": 50,
        "in_cache_write_5m": 20,
        "in_cache_write_1h": 30,
        "out_text": 5,
    }


@given(
    prompt=st.integers(0, 10**6),
    cached=st.floats(0, 1),
    completion=st.integers(0, 10**6),
    reasoning=st.floats(0, 1),
)
def test_openai_classes_add_up_to_the_total_whatever_is_broken_out(
    prompt: int, cached: float, completion: int, reasoning: float
) -> None:
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": int(prompt * cached)},
        "completion_tokens_details": {"reasoning_tokens": int(completion * reasoning)},
    }

    (part,) = from_openai(usage).parts

    assert part.total_tokens == prompt + completion


def test_a_reported_row_has_every_modality_once() -> None:
    assert from_openai_report(REPORTED) == one(
        {
            "in_text": 400,
            "in_cache_read": 350,
            "in_cache_write_other": 100,
            "in_audio": 50,
            "in_audio_cached": 50,
            "in_image": 50,
            "out_text": 400,
            "out_audio": 50,
            "out_image": 50,
        },
        {},
    )


def test_reported_writes_are_told_apart_by_how_long_they_live() -> None:
    row = {
        "input_tokens": 100,
        "input_cache_write_tokens": 60,
        "input_cache_write_30m_tokens": 20,
        "input_cache_write_12h_tokens": 30,
    }

    assert from_openai_report(row) == one(
        {
            "in_text": 40,
            "in_cache_write_5m": 20,
            "in_cache_write_1h": 30,
            "in_cache_write_other": 10,
        },
        {},
    )


@pytest.mark.parametrize(
    "stated", ["input_uncached_tokens", "input_text_tokens", "output_text_tokens"]
)
def test_a_reported_class_that_is_not_what_is_left_for_it_is_told(stated: str) -> None:
    assert from_openai_report(REPORTED | {stated: 401}).problems == (TOTAL_MISMATCH,)


def test_a_reported_cache_larger_than_the_input_is_clamped_and_told() -> None:
    row = {"input_tokens": 10, "input_cached_tokens": 30}

    assert from_openai_report(row) == Normalised(
        (Part(None, {"in_cache_read": 30}, {}),), (NEGATIVE_CLASS, TOTAL_MISMATCH)
    )


@given(
    told=st.integers(0, 10**9),
    shares=st.lists(st.integers(0, 10**8), min_size=4, max_size=4),
    answered=st.integers(0, 10**9),
)
def test_reported_classes_add_up_to_the_sums_or_are_doubted(
    told: int, shares: list[int], answered: int
) -> None:
    names = (
        "input_cached_tokens",
        "input_cache_write_tokens",
        "input_audio_tokens",
        "input_image_tokens",
    )
    row = {"input_tokens": told, "output_tokens": answered} | dict(zip(names, shares, strict=True))

    normalised = from_openai_report(row)

    if sum(shares) <= told:
        assert normalised.problems == ()
        assert normalised.parts[0].total_tokens == told + answered
    else:
        assert normalised.problems == (NEGATIVE_CLASS, TOTAL_MISMATCH)
