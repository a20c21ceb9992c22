"""A call before it is made, as a router describes it: in the names of the usage record. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tokenops_sidecar.reading import Node

# What the server calls usage that comes in as these records do.
SOURCE = "tokenops"
# As a usage record calls it → as `assign` calls it.
_ATTRIBUTES = {
    "account": "account",
    "key": "key",
    "user": "person",
    "project": "project",
    "workflow": "workflow",
    "task_type": "task_type",
    "environment": "environment",
}


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be called, for whom; `most_usd` is what it can cost, where that is known."""

    provider: str
    model: str
    attributes: Mapping[str, str]
    most_usd: Decimal | None = None

    @property
    def task_type(self) -> str:
        return self.attributes.get("task_type", "")


def read_call(members: Mapping[str, Any]) -> Call:
    """Read a call, or a usage record of one; raises Invalid where a member is not as it must be."""
    top = Node(members)
    provider, model = top.at("provider").name(), top.at("model").name()
    found = {"source": SOURCE, "provider": provider, "model": model}
    for spoken, name in _ATTRIBUTES.items():
        value = top.maybe(spoken)
        if value is not None:
            found[name] = value.text()
    tags = top.maybe("tags")
    if tags is not None:
        found |= {f"tag.{name}": value.text() for name, value in tags.each_member()}
    most = top.maybe("most_usd")
    return Call(provider, model, found, most.usd() if most else None)
