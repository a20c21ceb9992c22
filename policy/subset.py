"""What of the document a router is told that serves some scopes alone. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

Document = Mapping[str, Any]


def subset(document: Document, *, serves: Collection[str]) -> dict[str, Any]:
    """Return the document with these scopes, all above and beneath them, and what leads there.

    The last line of `assign`, which leads to the organisation, always stays: a call that
    no other line names still falls somewhere. A scope that is gone is passed over.
    """
    parents = {scope["id"]: scope["parent"] for scope in document["scopes"]}
    kept = {id_ for id_ in parents if _line_of(id_, parents) & set(serves)}
    kept |= {above for id_ in serves if id_ in parents for above in _line_of(id_, parents)}
    kept |= {id_ for id_, parent in parents.items() if parent is None}
    return {
        **document,
        "scopes": [scope for scope in document["scopes"] if scope["id"] in kept],
        "assign": [rule for rule in document["assign"] if rule["scope"] in kept],
    }


def _line_of(id_: str, parents: Mapping[str, str | None]) -> set[str]:
    """Return a scope and all above it."""
    line: set[str] = set()
    step: str | None = id_
    while step is not None and step in parents:
        line.add(step)
        step = parents[step]
    return line
