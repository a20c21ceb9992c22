"""The tier and the region that the price of Anthropic's models depends on."""

import pytest

from ingestion.readers.anthropic_served import served


@pytest.mark.parametrize(
    ("row", "tier"),
    [
        ({}, "standard"),
        ({"service_tier": None, "speed": None}, "standard"),
        ({"service_tier": "standard", "speed": "standard"}, "standard"),
        ({"service_tier": "standard", "speed": "fast"}, "fast"),
        ({"speed": "Fast"}, "fast"),
        ({"service_tier": "priority_on_demand", "speed": "fast"}, "priority_on_demand"),
        ({"service_tier": "batch", "speed": "fast"}, "batch"),
    ],
)
def test_a_fast_row_is_of_the_tier_fast_unless_another_is_named(
    row: dict[str, str | None], tier: str
) -> None:
    assert served(row)["service_tier"] == tier


def test_a_batch_stays_a_batch() -> None:
    assert served({"speed": "fast"}, batch=True)["service_tier"] == "batch"


@pytest.mark.parametrize(
    ("told", "region"),
    [("us", "us"), ("Global", "global"), ("not_available", ""), ("", ""), (None, "")],
)
def test_a_geography_is_the_region_unless_it_is_not_told(told: str | None, region: str) -> None:
    assert served({"inference_geo": told})["region"] == region
    assert served({})["region"] == ""
