"""What is remembered of scopes, tasks, quotas, tests and calls under way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Self

from tokenops_sidecar.call import Call
from tokenops_sidecar.limits import Quota
from tokenops_sidecar.policy import Scope
from tokenops_sidecar.window import Window

MINUTE_S = 60
_NOTHING = Decimal(0)


@dataclass(slots=True)
class ScopeUse:
    """What went through a scope here."""

    requests: Window = field(default_factory=lambda: Window(MINUTE_S))
    tokens: Window = field(default_factory=lambda: Window(MINUTE_S))
    usd: Window = field(default_factory=lambda: Window(MINUTE_S))
    under_way: int = 0
    # Calls that met the throttle, whether it kept them or not.
    judged: int = 0


@dataclass(slots=True)
class TaskUse:
    steps: int = 0
    usd: Decimal = _NOTHING


@dataclass(slots=True)
class QuotaUse:
    """What somebody used of a quota: since it started anew, or in a rolling window."""

    resets_at: datetime | None
    rolling: Window | None
    since: Decimal = _NOTHING

    @classmethod
    def of(cls, quota: Quota) -> Self:
        return cls(quota.resets_at, Window(quota.span_s) if quota.span_s else None)

    def is_of(self, quota: Quota) -> bool:
        """Test whether it was counted by the window that holds now: another reset, another day."""
        span_s = self.rolling.span_s if self.rolling else None
        return (span_s, self.resets_at) == (quota.span_s, quota.resets_at)


@dataclass(frozen=True, slots=True)
class ProbeCalls:
    """Calls for a test that were leased and not yet made, or the server's word that none are."""

    left: int
    until: datetime
    denied: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """Something a router saw that the server has to act on."""

    scope: str
    code: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """A call that was counted: what it counted for, and as how much until that is known."""

    call: Call
    path: Sequence[Scope]
    at_s: float
    tokens: int
    usd: Decimal
    probes: Sequence[str] = ()


class Amounts(NamedTuple):
    calls: int
    tokens: int
    usd: Decimal

    def of(self, metric: str) -> Decimal | int:
        """Return the amount in the unit of a quota; a step is a call of a task."""
        if metric == "usd":
            return self.usd
        return self.tokens if metric == "tokens" else self.calls
