"""What the name of a cloud's meter says: model, token class, tier, and where it runs."""

from dataclasses import dataclass

STANDARD, PROVISIONED = "standard", "provisioned"
UNKNOWN_METER = "DQ_UNKNOWN_METER"
UNKNOWN_UNIT = "DQ_UNKNOWN_UNIT"
UNREADABLE_TAGS = "DQ_UNREADABLE_TAGS"


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter as its name tells it; "" for what it does not tell.

    A meter counts tokens of one class, or a counter of finops.tokens, or neither (hours
    of provisioned throughput, training, storage). `is_known` is False where the name has
    words that tell nothing, or tells nothing of what is counted.
    """

    model: str = ""
    token_class: str = ""
    counter: str = ""
    service_tier: str = STANDARD
    deployment: str = ""
    context: str = ""
    is_known: bool = True


def token_class_of(direction: str, *, modality: str = "text", cache: str = "") -> str:
    """Return the token class of 'in' or 'out' tokens; `cache` is 'read', '5m', '1h' or 'other'.

    Classes that have none of their own count with text: cached images with cached text.
    """
    if direction == "out":
        return f"out_{modality}" if modality in {"audio", "image"} else "out_text"
    if cache == "read":
        return "in_audio_cached" if modality == "audio" else "in_cache_read"
    if cache:
        return f"in_cache_write_{cache}"
    return f"in_{modality}"
