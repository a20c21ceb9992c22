"""A call before it is made, as a router describes it: in the names of the usage record. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
_TEXTS = ("task", "prompt_hash", "conversation", "language", "text_excerpt", "quota_reason")
_COUNTS = ("in_tokens", "max_out_tokens", "tools")
_FLAGS = ("has_code", "has_schema")
# What the caller's own metadata may say of a call.
LABELS = ("task_type", "complexity", "risk", "latency")


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be called, for whom, and what is known of it beforehand.

    `in_tokens` is the caller's estimate, `max_out_tokens` the limit it sends along, `most_usd`
    what the call can cost where somebody knows. `task` names the agent's task that the call is a
    step of. `labels` are the caller's. `text_excerpt` is read here and goes nowhere.
    """

    provider: str
    model: str
    attributes: Mapping[str, str]
    most_usd: Decimal | None = None
    in_tokens: int | None = None
    max_out_tokens: int | None = None
    task: str = ""
    prompt_hash: str = ""
    conversation: str = ""
    quota_reason: str = ""
    tools: int = 0
    has_code: bool = False
    has_schema: bool = False
    language: str = ""
    text_excerpt: str = field(default="", repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)

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
    return Call(provider, model, found, most.usd() if most else None, **_known(top))


def _known(top: Node) -> dict[str, Any]:
    """Return what else is said of the call; what is absent keeps its default."""
    given = top.members()
    known: dict[str, Any] = {name: top.at(name).text() for name in _TEXTS if given.get(name)}
    known |= {name: top.at(name).whole() for name in _COUNTS if given.get(name) is not None}
    known |= {name: top.at(name).flag() for name in _FLAGS if given.get(name) is not None}
    labels = top.maybe("labels")
    if labels is not None:
        known["labels"] = {
            name: value.text() for name, value in labels.each_member() if name in LABELS
        }
    return known
