"""The states of a breaker, the table of what moves it, how a scope stands, and a move. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from finops.breaker_readings import CAP_CODES, MARGIN, MARGIN_NEGATIVE
from finops.breaker_watch import Watch

COOL_DOWN, LONGEST_COOL_DOWN = timedelta(minutes=30), timedelta(hours=4)
LOOP = "loop"
# Blocks that end in a test of some calls, and not with a window or at a person's word.
COOLING = frozenset({LOOP, MARGIN, MARGIN_NEGATIVE})


class State(StrEnum):
    CLOSED = "closed"
    THROTTLED = "throttled"
    DOWNGRADED = "downgraded"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Event(StrEnum):
    """What moves a breaker."""

    SLOW = "slow"
    DOWNGRADE = "downgrade"
    EASE = "ease"
    TRIP = "trip"
    BLOCK = "block"
    UNBLOCK = "unblock"
    TIME_UP = "time_up"
    BELOW_CAP = "below_cap"
    COOLED = "cooled"
    PROBE_FINE = "probe_fine"
    PROBE_BAD = "probe_bad"
    PROBE_UNUSED = "probe_unused"
    PROTECT = "protect"


# Whatever its state, a scope can be tripped and blocked: an open one for another reason.
_STOPPABLE = {Event.TRIP: State.OPEN, Event.BLOCK: State.OPEN}
_AUTOMATIC = _STOPPABLE | {Event.PROTECT: State.CLOSED}
TRANSITIONS: dict[State, dict[Event, State]] = {
    State.CLOSED: _STOPPABLE | {Event.SLOW: State.THROTTLED, Event.DOWNGRADE: State.DOWNGRADED},
    State.THROTTLED: _AUTOMATIC | {Event.DOWNGRADE: State.DOWNGRADED, Event.EASE: State.CLOSED},
    State.DOWNGRADED: _AUTOMATIC | {Event.EASE: State.CLOSED},
    State.OPEN: _AUTOMATIC
    | {
        Event.UNBLOCK: State.CLOSED,
        Event.TIME_UP: State.CLOSED,
        Event.BELOW_CAP: State.CLOSED,
        Event.COOLED: State.HALF_OPEN,
    },
    State.HALF_OPEN: _AUTOMATIC
    | {
        Event.PROBE_FINE: State.CLOSED,
        Event.PROBE_BAD: State.OPEN,
        Event.PROBE_UNUSED: State.OPEN,
    },
}


@dataclass(frozen=True, slots=True)
class Cooling:
    """A block that ends in a test of calls: why it came, and how long its next one lasts."""

    code: str
    lasts: timedelta = COOL_DOWN

    @property
    def longer(self) -> "Cooling":
        return replace(self, lasts=min(self.lasts * 2, LONGEST_COOL_DOWN))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a scope stands: its state, why, since when, and when that ends by itself.

    `cooling` is what a test of calls has yet to end; it outlasts the block of a cap.
    """

    state: State
    epoch: int
    code: str = ""
    by_person: bool = False
    since: datetime | None = None
    until: datetime | None = None
    cap: str | None = None
    cooling: Cooling | None = None
    watch: Watch = field(default_factory=Watch)

    @property
    def is_lasting(self) -> bool:
        """Test whether it is blocked at somebody's word: nothing but its own end changes that."""
        is_ours = self.code in COOLING or self.code.startswith(CAP_CODES)
        return self.state == State.OPEN and (self.by_person or not is_ours)

    @property
    def is_held_by_cap(self) -> bool:
        is_cap = self.code.startswith(CAP_CODES) and not self.by_person
        return self.state == State.OPEN and is_cap


@dataclass(frozen=True, slots=True)
class Move:
    """A breaker's next move; `until` is when the new state ends by itself."""

    event: Event
    to: State
    epoch: int
    code: str
    until: datetime | None = None
    cap: str | None = None
    cooling: Cooling | None = None
