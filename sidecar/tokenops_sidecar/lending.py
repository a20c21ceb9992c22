"""What the server's answers about leases mean: a grant, a no, or no answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from tokenops_sidecar.client import Denied, Server, Unavailable, node_of
from tokenops_sidecar.clock import wall
from tokenops_sidecar.counters import Denial
from tokenops_sidecar.lease import Grant
from tokenops_sidecar.reading import Node

# What others give back comes without a word, so that a no is asked about again after a while.
REMEMBERED_S = 30.0
_NOT_LET = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
NOT_LET = "lease_denied"


@dataclass(frozen=True, slots=True)
class No:
    """The server lends nothing, and for how long that is worth remembering."""

    denial: Denial
    for_s: float


async def borrow(server: Server, wanted: Mapping[str, Any], *, key: str) -> Node | No:
    """Return what was lent, or that nothing is; raises Unavailable and Denied as the client does.

    The member `lasts_s` of what was lent is how long it lasts from the answer on.
    """
    try:
        answer = await server.borrow(wanted, key=key)
    except Denied as problem:
        return _no(problem, str(wanted["cap"]))
    found = node_of(answer)
    return Node({**found.members(), "lasts_s": _seconds_until(found.at("expires_at"), answer)})


def grant(found: Node, *, member: str) -> Grant:
    """Read a lease of money, or of a quota."""
    return Grant(found.at("lease").name(), found.at(member).usd(), found.value["lasts_s"])


def _no(problem: Denied, cap: str) -> No:
    """Tell a no from a request that makes no sense, which is raised again."""
    if problem.status in _NOT_LET:
        text = "The sidecar's token may not lease money: give it the scope lease:write."
        return No(Denial(cap, text, None, code=NOT_LET), REMEMBERED_S)
    if problem.status != HTTPStatus.CONFLICT or problem.answer is None:
        raise problem
    found = node_of(problem.answer)
    if found.maybe("cap") is None:
        # The answer to the same key is still being worked out.
        raise Unavailable(str(problem))
    resets, detail = found.maybe("resets_at"), found.maybe("detail")
    left_s = _seconds_until(resets, problem.answer) if resets else REMEMBERED_S
    denial = Denial(
        cap=found.at("cap").name(),
        text=detail.text() if detail else "",
        until=resets.instant() if resets else None,
    )
    return No(denial, min(max(left_s, 0.0), REMEMBERED_S))


def _seconds_until(instant: Node, answer: httpx.Response) -> float:
    """Return how far away an instant is by the clock that named it, whatever ours says."""
    return (instant.instant() - _told_at(answer)).total_seconds()


def _told_at(answer: httpx.Response) -> datetime:
    try:
        return parsedate_to_datetime(answer.headers.get("date", ""))
    except (TypeError, ValueError):
        return wall()
