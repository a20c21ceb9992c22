"""A call with everything it is judged by, and what a scope may have against it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tokenops_sidecar.call import Call
from tokenops_sidecar.counters import Counters
from tokenops_sidecar.decision import Outcome
from tokenops_sidecar.policy import Model, Policy, Scope

# Blocks with these codes are about money; what costs nothing is not meant by them.
MONEY = "cap_"


@dataclass(frozen=True, slots=True)
class Case:
    """A call to a model; `usd` is what it can cost, None where nobody knows."""

    call: Call
    model: Model | None
    usd: Decimal | None
    policy: Policy
    counters: Counters
    now: datetime
    at_s: float
    is_stale: bool

    @property
    def is_free(self) -> bool:
        return self.model is not None and self.model.is_free


@dataclass(frozen=True, slots=True)
class Objection:
    """What one scope has against a call, and what then is to be done with it.

    For the code `lease`, `cap` names what the server has to be asked for beside money: a probe,
    or a quota with whose it is and how much of it.
    """

    scope: Scope
    code: str
    text: str
    until: datetime | None = None
    outcome: Outcome = "refuse"
    retry_after_s: float | None = None
    cap: str = ""
    subject: str = ""
    amount: Decimal | None = None


def is_stale(policy: Policy, counters: Counters, now: datetime) -> bool:
    """Test whether the policy was confirmed too long ago, or never."""
    if counters.confirmed_at is None:
        return True
    return now - counters.confirmed_at > timedelta(seconds=policy.stale_after_s)


def is_for_money_alone(scope: Scope) -> bool:
    """Test whether the scope's state came of a cap: what costs nothing then goes on."""
    return scope.reason is not None and scope.reason.code.startswith(MONEY)
