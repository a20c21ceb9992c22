"""Who sells a model, for logs that name the model alone."""

from functools import lru_cache

from genai_prices import data_snapshot
from genai_prices.types import Provider

from ingestion.readers.calls import UNKNOWN

# Who sell what they make themselves; the models of others are sold under one name by many.
MAKERS = (
    "openai",
    "anthropic",
    "google",
    "mistral",
    "cohere",
    "deepseek",
    "x-ai",
    "voyageai",
    "moonshotai",
    "perplexity",
    "minimax",
)


@lru_cache(maxsize=4096)
def provider_of(model: str) -> str:
    """Return the maker of a model, or the provider it is prefixed with; else 'unknown'.

    A model that others sell under the same name is taken for its maker's own.
    """
    before, slash, _ = model.partition("/")
    if slash and _found(None, before):
        return before
    pattern = _found(model, None)
    if pattern is not None:
        return pattern.id
    makers = (_found(None, maker) for maker in MAKERS)
    return next((maker.id for maker in makers if maker and maker.find_model(model)), UNKNOWN)


def _found(model: str | None, provider: str | None) -> Provider | None:
    try:
        return data_snapshot.get_snapshot().find_provider(
            model.lower() if model else None, provider, None
        )
    except LookupError:
        return None
