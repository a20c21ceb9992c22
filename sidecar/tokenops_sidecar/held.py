"""A call that was let in, until it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tokenops_sidecar.call import Call
from tokenops_sidecar.clock import wall
from tokenops_sidecar.decision import Decision
from tokenops_sidecar.quota_blocks import HeldDraw
from tokenops_sidecar.uses import Taken

# What a call and its usage record say in the same names.
_OF_RECORDS = (
    *("provider", "account", "key", "user", "project", "workflow"),
    *("task", "task_type", "environment", "tags"),
)


@dataclass(frozen=True, slots=True)
class Admission:
    """What is to be done with a call; `hold` ends it, and is there where the call is made."""

    decision: Decision
    hold: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A call under way: what its record will say anyway, what it counts for, where its money is."""

    decision: Decision
    call: Call
    record: Mapping[str, Any]
    taken: Taken | None
    scopes: tuple[str, ...]
    lease: str
    draws: tuple[HeldDraw, ...]
    held_at: datetime


def lease_of(hold: str) -> str:
    """Return the lease a call was held in; a hold says so even after a restart."""
    return hold.partition("@")[2]


def as_record(members: Mapping[str, Any], decision: Decision) -> dict[str, Any]:
    """Return the part of a usage record that is known before a call is made."""
    known = {name: members[name] for name in _OF_RECORDS if members.get(name) is not None}
    return {**known, "model": decision.model, "started_at": wall().isoformat()}
