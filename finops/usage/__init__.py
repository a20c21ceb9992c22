"""How each provider's usage object is parted into token classes.

Providers disagree on what "input" includes: OpenAI counts cached tokens in it, Anthropic
and Bedrock do not, and Gemini keeps thoughts out of the answer.
"""

from collections.abc import Callable, Mapping

from finops.tokens import Normalised, UnreadableUsage, Usage
from finops.usage.anthropic import from_anthropic
from finops.usage.bedrock import from_bedrock
from finops.usage.cohere import from_cohere
from finops.usage.gemini import from_gemini
from finops.usage.openai import from_openai

STYLES: Mapping[str, Callable[[Usage], Normalised]] = {
    "openai": from_openai,
    "anthropic": from_anthropic,
    "gemini": from_gemini,
    "bedrock": from_bedrock,
    "cohere": from_cohere,
}
# The names that no other provider uses, told apart in this order.
MARKS = (
    ("gemini", ("promptTokenCount", "prompt_token_count")),
    ("bedrock", ("inputTokens", "outputTokens")),
    ("cohere", ("billed_units",)),
    ("openai", ("prompt_tokens", "completion_tokens")),
)


def detect_style(usage: Usage) -> str | None:
    """Return the key of STYLES that the names of the fields show, else None."""
    names = usage.keys()
    for style, marks in MARKS:
        if not names.isdisjoint(marks):
            return style
    if "input_tokens" not in names and "output_tokens" not in names:
        return None
    inclusive = not names.isdisjoint(("total_tokens", "input_tokens_details"))
    return "openai" if inclusive else "anthropic"


def normalise(usage: Usage) -> Normalised:
    """Part a usage object by the convention its field names show.

    Raises UnreadableUsage where the convention is unknown or a count is none.
    """
    style = detect_style(usage)
    if style is None:
        raise UnreadableUsage(
            f"No known usage object has the fields {', '.join(usage) or '(none)'}."
        )
    return STYLES[style](usage)
