"""Every state meets every event: it is in the table, or refused."""

from itertools import product

import pytest

from policy.lifecycle import TRANSITIONS, NotPossible, ScopeEvent, ScopeState, state_after

OPEN, CLOSED = ScopeState.OPEN, ScopeState.CLOSED
WAYS_ON = {
    (ScopeState.CLOSED, ScopeEvent.TRIP): OPEN,
    (ScopeState.CLOSED, ScopeEvent.BLOCK): OPEN,
    (ScopeState.THROTTLED, ScopeEvent.TRIP): OPEN,
    (ScopeState.THROTTLED, ScopeEvent.BLOCK): OPEN,
    (ScopeState.DOWNGRADED, ScopeEvent.TRIP): OPEN,
    (ScopeState.DOWNGRADED, ScopeEvent.BLOCK): OPEN,
    (ScopeState.HALF_OPEN, ScopeEvent.TRIP): OPEN,
    (ScopeState.HALF_OPEN, ScopeEvent.BLOCK): OPEN,
    (ScopeState.OPEN, ScopeEvent.TRIP): OPEN,
    (ScopeState.OPEN, ScopeEvent.BLOCK): OPEN,
    (ScopeState.OPEN, ScopeEvent.UNBLOCK): CLOSED,
    (ScopeState.OPEN, ScopeEvent.TIME_UP): CLOSED,
    (ScopeState.OPEN, ScopeEvent.BELOW_CAP): CLOSED,
}


@pytest.mark.parametrize(("state", "event"), list(product(ScopeState, ScopeEvent)))
def test_every_event_leads_on_or_is_refused(state: ScopeState, event: ScopeEvent) -> None:
    expected = WAYS_ON.get((state, event))

    if expected is None:
        with pytest.raises(NotPossible, match=state.label.lower()):
            state_after(state, event)
    else:
        assert state_after(state, event) == expected


def test_the_table_names_every_state() -> None:
    assert set(TRANSITIONS) == set(ScopeState)
