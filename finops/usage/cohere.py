"""Cohere's usage: what it bills is not what its model read."""

from finops.tokens import Normalised, UnreadableUsage, Usage, settled
from finops.usage.reading import first_count, first_mapping

# Billed by the search or the document, and nothing here counts these.
UNCOUNTED = ("search_units", "classifications")


def from_cohere(usage: Usage) -> Normalised:
    """Part the billed units of a chat, an embedding or their like.

    `tokens` also counts the provider's own instructions, which nobody pays for.
    Raises UnreadableUsage for units that are not tokens: left out, they would cost nothing.
    """
    billed = first_mapping(usage, "billed_units")
    for name in UNCOUNTED:
        if first_count(billed, name):
            raise UnreadableUsage(f"{name} are billed, and cannot be counted yet.")
    spent = {
        "in_text": first_count(billed, "input_tokens"),
        "in_image": first_count(billed, "image_tokens"),
        "out_text": first_count(billed, "output_tokens"),
    }
    return settled([(None, spent, {"requests": 1})], None)
