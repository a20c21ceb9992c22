"""What is decided about a call, as a router reads it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from tokenops_sidecar.classify import Labels

Outcome = Literal["allow", "queue", "downgrade", "refuse"]
Queue = Literal["sync", "batch"]
LEASE = "lease"
LOOP = "loop"
THROTTLED = "throttled"


class Draw(NamedTuple):
    """What a call takes of a leased block: its quota, whose it is, and how much of what."""

    quota: str
    subject: str
    metric: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Decision:
    """What a router has to do, and in words why; `model` is the one to call.

    `queue` as an outcome says: not now, try again in `retry_after_s`. With the code `lease` it is
    the sidecar itself that has to ask the server first: for money in `home`, or for `cap`, which
    is a probe, or a quota with its `subject` and the `amount` the call needs.
    `reserve_usd` is what the call can cost at most, to be held until it is known.
    `notes` are ids of quotas that were passed and stop nobody, `throttle` is the scope whose
    throttle the call met, `probes` are the tests that it is a call of, `draws` what it takes of
    leased quotas.
    """

    outcome: Outcome
    model: str
    code: str = ""
    text: str = ""
    scope: str = ""
    cap: str = ""
    until: datetime | None = None
    retry_after_s: float | None = None
    owner: str = ""
    contact: str = ""
    revision: int = 0
    reserve_usd: Decimal = Decimal(0)
    home: str = ""
    queue: Queue = "sync"
    labels: Labels | None = None
    notes: tuple[str, ...] = ()
    throttle: str = ""
    probes: tuple[str, ...] = ()
    draws: tuple[Draw, ...] = ()
    subject: str = ""
    amount: Decimal | None = None

    @property
    def is_go(self) -> bool:
        """Whether the call is made."""
        return self.outcome in {"allow", "downgrade"}
