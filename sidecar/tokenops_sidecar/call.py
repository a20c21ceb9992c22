"""A call before it is made, as a router describes it: in the names of the usage record. Pure."""

from collections.abc import Callable, Mapping
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
_FLAGS = ("has_code", "has_schema")
_COUNTS = ("in_tokens", "max_out_tokens", "tools")
_PLAIN: Mapping[str, type] = dict.fromkeys(_TEXTS, str) | dict.fromkeys(_FLAGS, bool)
_READ: Mapping[type, Callable[[Node], Any]] = {str: Node.text, bool: Node.flag}
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
    given = top.members()
    provider, model = top.at("provider").name(), top.at("model").name()
    found = {"source": SOURCE, "provider": provider, "model": model}
    for spoken, name in _ATTRIBUTES.items():
        value = given.get(spoken)
        if value is not None:
            # Only what is wrong is worth a Node, which knows its place.
            found[name] = value if isinstance(value, str) else top.at(spoken).text()
    tags = top.maybe("tags")
    if tags is not None:
        found |= {f"tag.{name}": value.text() for name, value in tags.each_member()}
    known: dict[str, Any] = {
        name: value if isinstance(value, kind) else _READ[kind](top.at(name))
        for name, kind in _PLAIN.items()
        if (value := given.get(name)) is not None
    }
    for name in _COUNTS:
        count = given.get(name)
        if count is not None:
            known[name] = count if type(count) is int and count >= 0 else top.at(name).whole()
    most, labels = top.maybe("most_usd"), top.maybe("labels")
    if labels is not None:
        known["labels"] = _labels(labels)
    return Call(provider, model, found, most.usd() if most else None, **known)


def _labels(given: Node) -> dict[str, str]:
    return {name: value.text() for name, value in given.each_member() if name in LABELS}
