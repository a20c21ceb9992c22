"""Usage records before they are kept: checked as the server will check them. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tokenops_sidecar.call import read_call
from tokenops_sidecar.policy import Policy
from tokenops_sidecar.price import UNKNOWN_TOKENS, cost_usd
from tokenops_sidecar.reading import Node, Unacceptable

CANCELLED = "cancelled"


def check(record: Mapping[str, Any]) -> None:
    """Refuse now what the server would refuse later, when nobody can mend it."""
    top = Node(record)
    top.at("id").name()
    top.at("started_at").instant()
    read_call(record)
    for _, count in _counts(top):
        count.whole()
    stated = top.maybe("cost_usd")
    if stated is not None:
        stated.usd()


def tokens_of(record: Mapping[str, Any]) -> int | None:
    """Return how many tokens a record counts; None where it says nothing of them."""
    counts = _counts(Node(record))
    return sum(count.whole() for _, count in counts) if counts else None


def spent(record: Mapping[str, Any], policy: Policy | None) -> tuple[Sequence[str], Decimal | None]:
    """Return the scopes a record counts for, and its cost; None where nobody can say."""
    if policy is None:
        return (), None
    try:
        scopes = [scope.id for scope in policy.path(read_call(record).attributes)]
        return scopes, cost_usd(record, policy)
    except Unacceptable:
        return (), None  # it was good when it was kept, so the disk has spoilt it


def of_input(described: Mapping[str, Any], in_tokens: int | None) -> dict[str, Any]:
    """Return the record of a call that was given up: what was sent stays spent."""
    tokens = UNKNOWN_TOKENS if in_tokens is None else in_tokens
    return {**described, "tokens": {"in_text": tokens}, "status": CANCELLED}


def _counts(top: Node) -> Sequence[tuple[str, Node]]:
    tokens = top.maybe("tokens")
    return tokens.each_member() if tokens is not None else ()
