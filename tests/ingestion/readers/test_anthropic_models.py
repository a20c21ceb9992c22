"""The Console's names of models are the API's ids in other words."""

import pytest

from ingestion.readers.anthropic_models import model_id


@pytest.mark.parametrize(
    ("shown", "known_as"),
    [
        ("Claude Haiku 4.5", "claude-haiku-4-5"),
        ("Claude Sonnet 4", "claude-sonnet-4"),
        ("Claude Opus 5", "claude-opus-5"),
        ("Claude Fable 5.1", "claude-fable-5-1"),
        ("Claude Sonnet 4.5 2025-09-29", "claude-sonnet-4-5-20250929"),
        ("Claude 3.5 Sonnet 2024-10-22", "claude-3-5-sonnet-20241022"),
        ("Claude 3 Haiku", "claude-3-haiku"),
        # the third generation under its newer name
        ("Claude Sonnet 3.7", "claude-3-7-sonnet"),
        ("Claude 2.1", "claude-2.1"),
        ("Claude Instant 1.2", "claude-instant-1.2"),
        (" Claude Haiku 4.5 ", "claude-haiku-4-5"),
        # what has no known form stays
        ("claude-sonnet-4-6", "claude-sonnet-4-6"),
        ("Prism Preview", "Prism Preview"),
        ("", ""),
    ],
)
def test_a_shown_name_becomes_an_id(shown: str, known_as: str) -> None:
    assert model_id(shown) == known_as
