"""Models are called as the price list calls them."""

import pytest

from ingestion.readers.bedrock_models import billed_model, geography_of, invoked_model
from ingestion.readers.listed import claude_names, claude_parts, listed_model


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Claude4.6Opus", ("opus", "4-6")),
        ("Claude3Haiku", ("haiku", "3")),
        ("Claude 3.7 Sonnet (Amazon Bedrock Edition)", ("sonnet", "3-7")),
        ("claude-sonnet-4-5", ("sonnet", "4-5")),
        ("claude-sonnet-4-20250514", ("sonnet", "4")),
        ("Claude Opus 5", ("opus", "5")),
        ("Claude2.0", ("", "2-0")),
        ("Claude Platform on AWS", None),
        ("Gemini 2.5 Pro", None),
    ],
)
def test_a_claude_has_a_tier_and_a_version(text: str, parts: tuple[str, str] | None) -> None:
    assert claude_parts(text) == parts


def test_a_claude_may_be_listed_by_either_way_of_naming() -> None:
    assert claude_names("sonnet", "4-5") == ["claude-sonnet-4-5", "claude-4-5-sonnet"]
    assert claude_names("", "2") == ["claude-2"]


def test_the_first_name_that_is_listed_is_taken() -> None:
    assert listed_model("google", ["gemini-3-pro", "gemini-3-pro-preview"]) == (
        "gemini-3-pro-preview"
    )
    assert listed_model("google", ["nobody-knows"], unlisted="as billed") == "as billed"


@pytest.mark.parametrize(
    ("name", "deployment", "model"),
    [
        ("Claude4.6Opus", "", "regional.anthropic.claude-opus-4-6-v1:0"),
        ("Claude4.6Opus", "geo", "regional.anthropic.claude-opus-4-6-v1:0"),
        ("Claude4.6Opus", "global", "global.anthropic.claude-opus-4-6-v1:0"),
        ("Claude3.5Sonnet", "", "regional.anthropic.claude-3-5-sonnet-20240620-v1:0"),
        ("Claude3.5SonnetV2", "", "regional.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        # Listed once, wherever it runs.
        ("NovaPro", "global", "amazon.nova-pro-v1:0"),
        ("Nova Pro", "", "amazon.nova-pro-v1:0"),
        ("OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)", "", "regional.openai.gpt-5.6-sol"),
        ("Somebody's Model", "", "somebody's-model"),
    ],
)
def test_a_billed_name_finds_the_id_of_where_it_ran(name: str, deployment: str, model: str) -> None:
    assert billed_model(name, deployment=deployment) == model


@pytest.mark.parametrize(
    ("model_id", "model", "geography"),
    [
        ("anthropic.claude-opus-4-6-v1:0", "regional.anthropic.claude-opus-4-6-v1:0", ""),
        ("eu.anthropic.claude-opus-4-6-v1:0", "regional.anthropic.claude-opus-4-6-v1:0", "geo"),
        ("global.anthropic.claude-opus-4-6-v1:0", "global.anthropic.claude-opus-4-6-v1:0",
         "global"),
        ("us.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0", "geo"),
        ("own-7", "own-7", ""),
    ],
)  # fmt: skip
def test_a_called_id_finds_the_lists(model_id: str, model: str, geography: str) -> None:
    assert (invoked_model(model_id), geography_of(model_id)) == (model, geography)
