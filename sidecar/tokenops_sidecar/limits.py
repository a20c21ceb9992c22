"""The limits that routers count themselves: rates, tasks, loops, quotas. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from tokenops_sidecar.call import Call

METRICS = ("calls", "tokens", "usd", "steps")
SUBJECTS = ("person", "key", "task")
CALENDAR = ("day", "week", "month", "period", "total")
# Such as 1m, 5h, 7d.
ROLLING = re.compile(r"[1-9][0-9]{0,5}[mhd]")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
MODES = ("hard", "soft", "alert")


@dataclass(frozen=True, slots=True)
class Rates:
    """Limits a minute, and calls at a time; None is no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    usd_per_minute: Decimal | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class TaskLimits:
    """What one task may take: steps, which are its calls, and dollars; None is no limit."""

    steps: int | None = None
    usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop's signature: so many calls with one prompt within so many seconds."""

    calls: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Raise:
    """A limit that somebody has for a while instead of the template's."""

    who: str
    limit: Decimal
    until: datetime


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of a scope; with `per`, everybody named so has one for himself.

    `code` is what a refusal is called: a cap for each person is a quota of dollars by another name.
    """

    id: str
    metric: str
    window: str
    limit: Decimal
    mode: str
    per: str | None
    resets_at: datetime | None = None
    exempt: frozenset[str] = frozenset()
    raises: Sequence[Raise] = ()
    code: str = ""
    span_s: int | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "span_s", span_s(self.window))
        object.__setattr__(self, "code", self.code or f"quota_{self.metric}")

    def subject(self, call: Call) -> str | None:
        """Return whose count the call belongs to; None where the quota is not about it.

        Calls that name no person, or no key, share one count: leaving the name out wins nothing.
        """
        if (self.per == "task" or self.metric == "steps") and not call.task:
            return None
        person, key = call.attributes.get("person", ""), call.attributes.get("key", "")
        subject = {"person": person, "key": key, "task": call.task}.get(self.per or "", "")
        return None if self.exempt and self.exempt & {subject, person, key} else subject

    def limit_for(self, subject: str, now: datetime) -> Decimal:
        """Return the limit of somebody, who may have been given another for a while."""
        mine = (each.limit for each in self.raises if each.who == subject and now < each.until)
        return max(mine, default=self.limit)


def span_s(window: str) -> int | None:
    """Return how long a rolling window is; None for one of the calendar."""
    if not ROLLING.fullmatch(window):
        return None
    return int(window[:-1]) * _SECONDS[window[-1]]
