"""A model's name tells its maker, or nobody."""

import pytest

from ingestion.readers.vendors import provider_of


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-5", "openai"),
        ("Claude-Sonnet-4-6", "anthropic"),
        ("text-embedding-3-small", "openai"),  # Azure sells it too
        ("voyage-3", "voyageai"),
        ("groq/llama-3.3-70b-versatile", "groq"),
        ("own-llama", "unknown"),
        ("nobody/own-llama", "unknown"),
    ],
)
def test_a_model_is_sold_by_its_maker_unless_prefixed(model: str, provider: str) -> None:
    assert provider_of(model) == provider
