"""The lifecycle of a scope: every state of its breaker, every way on."""

from django.db import models

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

    TRIP = "trip", "A hard cap is reached"
    BLOCK = "block", "A person blocks"
    UNBLOCK = "unblock", "A person lifts the block"
    TIME_UP = "time_up", "The time of the block has passed"
    BELOW_CAP = "below_cap", "The cap was raised, or the spend corrected"


# An open scope may be tripped again by a cap that lasts longer, and taken over by a person.
# Nothing leads yet into the three states between running and blocked, but whatever is in
# one of them can be stopped.
_STOPPABLE = {ScopeEvent.TRIP: ScopeState.OPEN, ScopeEvent.BLOCK: ScopeState.OPEN}
TRANSITIONS: dict[ScopeState, dict[ScopeEvent, ScopeState]] = {
    ScopeState.CLOSED: _STOPPABLE,
    ScopeState.THROTTLED: _STOPPABLE,
    ScopeState.DOWNGRADED: _STOPPABLE,
    ScopeState.HALF_OPEN: _STOPPABLE,
    ScopeState.OPEN: _STOPPABLE
    | {
        ScopeEvent.UNBLOCK: ScopeState.CLOSED,
        ScopeEvent.TIME_UP: ScopeState.CLOSED,
        ScopeEvent.BELOW_CAP: ScopeState.CLOSED,
    },
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
