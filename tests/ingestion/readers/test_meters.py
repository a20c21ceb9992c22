"""Whatever stands in a bill, a parser of names answers with a meter that can be counted."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.tokens import COUNTERS, TOKEN_CLASSES
from ingestion.readers.azure_meters import parse_meter
from ingestion.readers.bedrock_usage_types import parse_usage_type
from ingestion.readers.contract import TEXT_LIMITS
from ingestion.readers.google_skus import parse_sku
from ingestion.readers.meters import Meter, token_class_of

WORDS = st.sampled_from(
    ["gpt-4o", "Claude", "4.5", "Sonnet", "gemini", "2.5", "flash", "Lite", "Inp", "outp", "input",
     "output", "tokens", "token", "count", "cached", "cache", "write", "read", "global", "Batch",
     "image", "audio", "text", "0806", "1h", "-", "_", "/", "USE1-", "MP:", "-Units", "Thinking",
     "(Long)", "Provisioned", "storage"]
)  # fmt: skip
NAMES = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=9).map(" ".join))


@pytest.mark.parametrize("parse", [parse_meter, parse_usage_type, parse_sku])
@settings(max_examples=150)
@given(name=NAMES)
def test_a_name_is_read_or_flagged_and_never_breaks_a_delivery(
    parse: Callable[[str], Meter], name: str
) -> None:
    meter = parse(name)

    assert meter.token_class in ("", *TOKEN_CLASSES)
    assert meter.counter in ("", *COUNTERS)
    assert not (meter.token_class and meter.counter)
    assert len(meter.service_tier) <= TEXT_LIMITS["service_tier"]
    # What counts tokens of an unnamed model is never taken for understood.
    assert meter.model or not meter.token_class or not meter.is_known


@pytest.mark.parametrize(
    ("direction", "modality", "cache", "token_class"),
    [
        ("in", "text", "", "in_text"),
        ("in", "video", "", "in_video"),
        ("in", "audio", "read", "in_audio_cached"),
        ("in", "image", "read", "in_cache_read"),
        ("in", "text", "1h", "in_cache_write_1h"),
        ("in", "text", "other", "in_cache_write_other"),
        ("out", "image", "", "out_image"),
        ("out", "video", "", "out_text"),
    ],
)
def test_direction_modality_and_cache_make_the_class(
    direction: str, modality: str, cache: str, token_class: str
) -> None:
    assert token_class_of(direction, modality=modality, cache=cache) == token_class
