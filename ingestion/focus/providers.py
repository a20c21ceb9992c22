"""Providers' names as a FOCUS dataset writes them, and as the ledger does."""

from functools import lru_cache

from genai_prices import data_snapshot

# What clouds call themselves in their own exports.
_CLOUDS = {
    "aws": "aws",
    "amazon": "aws",
    "amazon web services": "aws",
    "amazon web services, inc.": "aws",
    "microsoft": "azure",
    "azure": "azure",
    "google cloud": "google",
    "google cloud platform": "google",
    "gcp": "google",
}


@lru_cache(maxsize=1_000)
def provider_name(provider: str) -> str:
    """Return what the public price list calls a provider; others are called as we know them."""
    listed = data_snapshot.get_snapshot().providers
    return next((str(each.name) for each in listed if each.id == provider), provider)


@lru_cache(maxsize=1_000)
def provider_named(name: str) -> str:
    """Return the ledger's name of a provider; one that nobody lists keeps its own."""
    listed = {
        str(each.name).lower(): str(each.id) for each in data_snapshot.get_snapshot().providers
    }
    return listed.get(name.lower()) or _CLOUDS.get(name.lower(), name)
