"""The lifecycle of a scope in the words people read: its states, and what moves its breaker.

The table itself is `finops.breaker`'s, which also works out when each event comes.
"""

from django.db import models

from finops import breaker
from org.refusals import Refusal


class ScopeState(models.TextChoices):
    """A breaker's state; each name is what the policy document says."""

    CLOSED = "closed", "Running"
    THROTTLED = "throttled", "Slowed"
    DOWNGRADED = "downgraded", "Cheaper model"
    OPEN = "open", "Blocked"
    HALF_OPEN = "half_open", "Testing"


class ScopeEvent(models.TextChoices):
    """What moves a breaker."""

    SLOW = "slow", "A limit is near or passed"
    DOWNGRADE = "downgrade", "The day's cap is nearly spent, or the margin below its floor"
    EASE = "ease", "Readings were calm for long enough"
    TRIP = "trip", "A hard cap is reached, calls loop, or money is lost"
    BLOCK = "block", "A person blocks"
    UNBLOCK = "unblock", "A person lifts the block"
    TIME_UP = "time_up", "The time of the block has passed"
    BELOW_CAP = "below_cap", "The cap was raised, or the spend corrected"
    COOLED = "cooled", "The block has cooled down"
    PROBE_FINE = "probe_fine", "The test was fine"
    PROBE_BAD = "probe_bad", "The test was not fine"
    PROBE_UNUSED = "probe_unused", "Nobody made a test call"
    PROTECT = "protect", "The scope is protected"


TRANSITIONS: dict[ScopeState, dict[ScopeEvent, ScopeState]] = {
    ScopeState(state): {ScopeEvent(event): ScopeState(to) for event, to in ways.items()}
    for state, ways in breaker.TRANSITIONS.items()
}


class NotPossible(Refusal):
    """The event does not lead anywhere from the present state."""

    title = "Not possible now"


def state_after(state: ScopeState, event: ScopeEvent) -> ScopeState:
    """Return where an event leads from a state; refuse one that leads nowhere."""
    following = TRANSITIONS[state].get(event)
    if following is None:
        raise NotPossible(f"{event.label} does not apply to a scope that is {state.label.lower()}.")
    return following
