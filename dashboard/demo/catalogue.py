"""The models the company calls, where they stand, and through which provider account."""

from typing import NamedTuple

from policy.models import Tier

OPENAI, ANTHROPIC, GOOGLE = "openai", "anthropic", "google"


class Model(NamedTuple):
    """A model; without a tier it is unknown to the hierarchy and to the price book."""

    name: str
    provider: str
    account: str
    tier: Tier | None
    context_limit: int

    @property
    def charges_cache_writes(self) -> bool:
        return self.provider == ANTHROPIC


_ALL = (
    Model("gpt-5.5", OPENAI, "openai-main", Tier.FRONTIER, 270_000),
    Model("gpt-5.2", OPENAI, "openai-main", Tier.MID, 270_000),
    Model("gpt-5.6-terra", OPENAI, "openai-main", Tier.MID, 270_000),
    Model("gpt-5-mini", OPENAI, "openai-main", Tier.ECONOMY, 270_000),
    Model("gpt-5-nano", OPENAI, "openai-main", Tier.ECONOMY, 270_000),
    Model("claude-opus-4-8", ANTHROPIC, "anthropic-main", Tier.FRONTIER, 190_000),
    Model("claude-sonnet-5", ANTHROPIC, "anthropic-main", Tier.MID, 190_000),
    Model("claude-haiku-4-5", ANTHROPIC, "anthropic-main", Tier.ECONOMY, 190_000),
    Model("gemini-2.5-pro", GOOGLE, "google-main", Tier.MID, 195_000),
    Model("gemini-2.5-flash", GOOGLE, "google-main", Tier.ECONOMY, 195_000),
    # Trained in house: no list has a price for it, so its calls stay unpriced.
    Model("ft:gpt-4.1-mini:northwind:claims-codes:B7xQ", OPENAI, "openai-main", None, 120_000),
)
MODELS = {model.name: model for model in _ALL}
FINE_TUNED = _ALL[-1].name
# The engineers' own account, for which a discount was negotiated during the year.
NEGOTIATED_ACCOUNT = "anthropic-engineering"
