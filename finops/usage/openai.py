"""OpenAI's usage, and what imitates it: input includes everything, cached or not."""

from finops.tokens import Normalised, Usage, settled
from finops.usage.reading import counters_of, first_count, first_mapping

# What imitators of OpenAI (LiteLLM, DeepSeek, Mistral, Moonshot) call the cached tokens.
CACHED_NAMES = (
    "cache_read_input_tokens",
    "prompt_cache_hit_tokens",
    "num_cached_tokens",
    "cached_tokens",
)


def from_openai(usage: Usage) -> Normalised:
    """Part the usage of a chat completion or a response, or of what imitates them.

    Input includes cached, written, audio and image tokens; output includes reasoning.
    Where the total exceeds both, the rest is thinking that was kept out of the output:
    so Gemini reports through its OpenAI-compatible interface.
    """
    prompt = first_count(usage, "prompt_tokens", "input_tokens")
    completion = first_count(usage, "completion_tokens", "output_tokens")
    total = first_count(usage, "total_tokens") or prompt + completion
    spent = _openai_input(usage, prompt) | _openai_output(usage, completion, total - prompt)
    return settled([(None, spent, counters_of(usage))], total)


def _openai_input(usage: Usage, prompt: int) -> dict[str, int]:
    details = first_mapping(usage, "prompt_tokens_details", "input_tokens_details")
    cached_details = first_mapping(details, "cached_tokens_details")
    cached = first_count(details, "cached_tokens") or first_count(usage, *CACHED_NAMES)
    cached_audio = first_count(cached_details, "audio_tokens")
    cached_image = first_count(cached_details, "image_tokens")
    spent = {
        "in_cache_read": cached - cached_audio,
        "in_audio": first_count(details, "audio_tokens") - cached_audio,
        "in_audio_cached": cached_audio,
        "in_image": first_count(details, "image_tokens") - cached_image,
        "in_video": first_count(details, "video_tokens"),
    } | _openai_writes(usage, details)
    return spent | {"in_text": prompt - sum(spent.values())}


def _openai_writes(usage: Usage, details: Usage) -> dict[str, int]:
    written = first_count(details, "cache_write_tokens", "cache_creation_tokens") or first_count(
        usage, "cache_creation_input_tokens"
    )
    lives = first_mapping(
        details, "cache_write_tokens_details", "cache_creation_token_details"
    ) or first_mapping(usage, "cache_creation")
    short = first_count(lives, "ttl_30m_tokens", "ephemeral_5m_input_tokens")
    long = first_count(lives, "ttl_12h_tokens", "ephemeral_1h_input_tokens")
    return {
        "in_cache_write_5m": short,
        "in_cache_write_1h": long,
        "in_cache_write_other": written - short - long,
    }


def _openai_output(usage: Usage, completion: int, billed_output: int) -> dict[str, int]:
    details = first_mapping(usage, "completion_tokens_details", "output_tokens_details")
    stated = first_count(details, "reasoning_tokens")
    outside = max(billed_output - completion, 0)
    # Reasoning that equals the gap is the gap: it was never part of the completion.
    inside = 0 if outside == stated else stated
    audio, image = first_count(details, "audio_tokens"), first_count(details, "image_tokens")
    return {
        "out_text": completion - inside - audio - image,
        "out_reasoning": inside + outside,
        "out_audio": audio,
        "out_image": image,
    }


def from_openai_report(row: Usage) -> Normalised:
    """Part a row of the organization's usage API.

    Input includes cached and written tokens; text, audio and image say what was neither.
    What the row states of a class beside the sums must agree with what is left for it.
    """
    cached_audio = first_count(row, "input_cached_audio_tokens")
    fresh = {
        "in_audio": first_count(row, "input_audio_tokens"),
        "in_image": first_count(row, "input_image_tokens"),
    }
    cached = {
        "in_cache_read": first_count(row, "input_cached_tokens") - cached_audio,
        "in_audio_cached": cached_audio,
    } | _reported_writes(row)
    made = {
        "out_audio": first_count(row, "output_audio_tokens"),
        "out_image": first_count(row, "output_image_tokens"),
    }
    told, answered = first_count(row, "input_tokens"), first_count(row, "output_tokens")
    uncached = told - sum(cached.values())
    text, answer = uncached - sum(fresh.values()), answered - sum(made.values())
    spent = {"in_text": text, "out_text": answer} | fresh | cached | made
    beside = {
        "input_uncached_tokens": uncached,
        "input_text_tokens": text,
        "output_text_tokens": answer,
    }
    agrees = all(
        row.get(name) is None or first_count(row, name) == left for name, left in beside.items()
    )
    return settled([(None, spent, {})], told + answered, agrees=agrees)


def _reported_writes(row: Usage) -> dict[str, int]:
    short = first_count(row, "input_cache_write_30m_tokens")
    long = first_count(row, "input_cache_write_12h_tokens")
    written = first_count(row, "input_cache_write_tokens")
    return {
        "in_cache_write_5m": short,
        "in_cache_write_1h": long,
        "in_cache_write_other": max(written, short + long) - short - long,
    }
