"""The tokens of a GenAI span: whichever names it uses, each token in one class."""

import re
from collections.abc import Mapping
from typing import Any

from finops.tokens import Normalised, UnreadableUsage
from finops.usage.anthropic import from_anthropic
from finops.usage.openai import from_openai
from finops.usage.reading import whole_number
from ingestion.readers.otlp_leaves import has_failed, tells_usage
from ingestion.readers.otlp_names import COUNTING_BESIDE, COUNTS, EXCLUSIVE, INCLUSIVE, first
from ingestion.readers.otlp_spans import FlatSpan

# Input may or may not include what the cache gave and took, and nothing tells which.
INPUT_UNSURE = "DQ_INPUT_CONVENTION"
RULE_SINCE = (1, 40)

Fields = dict[str, Any]


def counts_of(span: FlatSpan, fields: Fields) -> tuple[Fields, tuple[str, ...]]:
    """Return the disjoint tokens, as the provider's way of counting parts them.

    A call that failed may tell none; of another, none would be a cost of zero. Raises
    ValueError, saying what is wrong.
    """
    if not tells_usage(span):
        if not has_failed(span):
            raise ValueError("the span of a call tells no tokens, so its cost is not known")
        return {"requests": 1}, ()
    codes: tuple[str, ...] = ()
    try:
        counts = _given_counts(span["attributes"])
        if _counts_beside(fields):
            normalised, codes = _parted_beside(span, counts)
        else:
            normalised = from_openai(_as_openai(counts))
    except UnreadableUsage as error:
        raise ValueError(str(error)) from error
    (part,) = normalised.parts
    return {**part.tokens, **part.counters}, (*codes, *normalised.problems)


def _given_counts(attributes: Mapping[str, Any]) -> dict[str, int]:
    given = {name: first(attributes, names) for name, names in COUNTS.items()}
    return {name: whole_number(name, value) for name, value in given.items() if value is not None}


def _counts_beside(fields: Fields) -> bool:
    """Test whether the model's maker counts cached tokens beside the input."""
    sold_by_others = "claude" in str(fields["model"]).lower()
    return fields["provider"] in COUNTING_BESIDE or (
        fields["provider"] in {"azure", "google"} and sold_by_others
    )


def _parted_beside(span: FlatSpan, counts: Mapping[str, int]) -> tuple[Normalised, tuple[str, ...]]:
    """Part a call of Anthropic or Bedrock, whose spans include the cached tokens or do not."""
    read, written = counts.get("cache_read", 0), counts.get("cache_write", 0)
    includes = _includes_cached(span, counts, read + written)
    fresh = counts.get("input", 0) - (read + written if includes else 0)
    usage = {
        "input_tokens": fresh,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        "output_tokens": counts.get("output", 0),
        "output_tokens_details": {"thinking_tokens": counts.get("reasoning", 0)},
    }
    return from_anthropic(usage), (INPUT_UNSURE,) if includes is None else ()


def _includes_cached(span: FlatSpan, counts: Mapping[str, int], cached: int) -> bool | None:
    """Tell whether the input includes the cached tokens; None where nothing does.

    First speak the figures: a part is never larger than the whole, and a total shows what
    it was added from. Then the names: those that came with the rule to include, and the
    schema's version. What keeps the provider's old names mostly keeps its figures too.
    """
    if not cached:
        return True
    told, names = counts.get("input", 0), span["attributes"].keys()
    without = told + counts.get("output", 0)
    if cached > told or counts.get("total") == without + cached:
        return False
    if counts.get("total") == without or names & INCLUSIVE or _has_rule(span["schema_url"]):
        return True
    return False if names & EXCLUSIVE else None


def _has_rule(schema_url: str) -> bool:
    """Test whether a schema is of 1.40 or later, which made input include the cached."""
    version = re.search(r"/(\d+)\.(\d+)(?:\.\d+)?$", schema_url)
    return version is not None and (int(version[1]), int(version[2])) >= RULE_SINCE


def _as_openai(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the counts as OpenAI's usage: everything in the input, reasoning in the output.

    More reasoning than output can only stand beside it.
    """
    told, made = counts.get("input", 0), counts.get("output", 0)
    reasoning = counts.get("reasoning", 0)
    outside = reasoning if reasoning > made else 0
    return {
        "prompt_tokens": told,
        "completion_tokens": made,
        "total_tokens": counts.get("total") or told + made + outside,
        "prompt_tokens_details": {
            "cached_tokens": counts.get("cache_read"),
            "cache_write_tokens": counts.get("cache_write"),
            "audio_tokens": counts.get("audio_input"),
            "image_tokens": counts.get("image_input"),
            "video_tokens": counts.get("video_input"),
        },
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": counts.get("audio_output"),
        },
    }
