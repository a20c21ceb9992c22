"""The kinds of connectors: one row each."""

from ingestion.connectors import (
    anthropic_costs,
    anthropic_usage,
    folder,
    json_by_map,
    litellm,
    openai_costs,
    openai_usage,
    openrouter,
    s3,
)
from ingestion.connectors.kind import Kind
from ingestion.readers.contract import Refused
from ingestion.readers.registry import SOURCES

KINDS: tuple[Kind, ...] = (
    openai_usage.KIND,
    openai_costs.KIND,
    anthropic_usage.KIND,
    anthropic_costs.KIND,
    openrouter.KIND,
    litellm.KIND,
    json_by_map.KIND,
    folder.KIND,
    s3.KIND,
)


def kind_named(name: str) -> Kind:
    """Return the kind of this name; raises Refused, listing the names, if there is none."""
    found = next((kind for kind in KINDS if kind.name == name), None)
    if found is None:
        names = ", ".join(kind.name for kind in KINDS)
        raise Refused(f"There is no kind of connector {name!r}. The kinds are: {names}.")
    return found


def can_load(kind: Kind) -> bool:
    """Test whether the reader that a kind needs is among the sources."""
    return not kind.source or any(source.name == kind.source for source in SOURCES)
