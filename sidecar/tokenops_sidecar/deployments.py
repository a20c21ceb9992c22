"""Which model LiteLLM's names stand for, and which name leads to a model. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Served(NamedTuple):
    """A provider's model, as the policy names both."""

    provider: str
    model: str


def served_by(router: Any, group: str) -> Served:
    """Return the model that a name of LiteLLM's leads to; without one, what the name says."""
    for name, served in _deployments(router):
        if name == group:
            return served
    return parted(group, None)


def that_serves(router: Any, provider: str, model: str) -> str | None:
    """Return the name that leads to a model; None where no deployment serves it."""
    wanted = Served(provider, model)
    return next((name for name, served in _deployments(router) if served == wanted), None)


def parted(name: str, provider: str | None) -> Served:
    """Part `openai/gpt-4o`; what no slash parts is the provider's that is given, else OpenAI's."""
    before, slash, after = name.partition("/")
    if slash and (provider is None or before == provider):
        return Served(before, after)
    return Served(provider or "openai", name)


def _deployments(router: Any) -> Iterator[tuple[str, Served]]:
    for listed in getattr(router, "model_list", None) or ():
        params: Mapping[str, Any] = listed.get("litellm_params") or {}
        name, model = listed.get("model_name"), params.get("model")
        if name and model:
            yield str(name), parted(str(model), params.get("custom_llm_provider"))
