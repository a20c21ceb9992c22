"""Cohere bills units, and not every token its model read."""

import pytest

from finops.tokens import UnreadableUsage
from finops.usage.cohere import from_cohere
from tests.finops.usage.parted import one


def test_cohere_bills_fewer_tokens_than_were_read() -> None:
    usage = {
        "billed_units": {"input_tokens": 51, "output_tokens": 13},
        "cached_tokens": 1440,
        "tokens": {"input_tokens": 1533, "output_tokens": 36},
    }

    assert from_cohere(usage) == one({"in_text": 51, "out_text": 13})


def test_cohere_bills_images_by_tokens_of_their_own() -> None:
    assert from_cohere({"billed_units": {"input_tokens": 4, "image_tokens": 90}}) == one(
        {"in_text": 4, "in_image": 90}
    )


def test_units_that_nothing_counts_are_refused_rather_than_free() -> None:
    with pytest.raises(UnreadableUsage, match="search_units are billed"):
        from_cohere({"billed_units": {"search_units": 1}})
