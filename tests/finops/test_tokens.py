"""Every token stands in one class, and what does not add up is told."""

from finops.tokens import (
    INPUT_CLASSES,
    NEGATIVE_CLASS,
    OUTPUT_CLASSES,
    TOKEN_CLASSES,
    TOTAL_MISMATCH,
    Normalised,
    Part,
    settled,
)

ONCE = {"requests": 1}


def test_a_class_is_either_input_or_output() -> None:
    assert INPUT_CLASSES + OUTPUT_CLASSES == TOKEN_CLASSES


def test_a_class_below_zero_is_clamped_and_told() -> None:
    spent = {"in_text": -20, "in_cache_read": 30, "out_text": 1}

    assert settled([(None, spent, ONCE)], 11) == Normalised(
        (Part(None, {"in_cache_read": 30, "out_text": 1}, ONCE),),
        (NEGATIVE_CLASS, TOTAL_MISMATCH),
    )


def test_parts_need_no_total_to_agree_with() -> None:
    assert settled([(None, {"in_text": 0, "out_text": 2}, {})], None) == Normalised(
        (Part(None, {"out_text": 2}, {}),), ()
    )
