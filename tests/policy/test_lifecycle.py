"""Every state meets every event: it is in the breaker's table, or refused in words."""

from itertools import product

import pytest

from finops import breaker
from policy.lifecycle import TRANSITIONS, NotPossible, ScopeEvent, ScopeState, state_after


@pytest.mark.parametrize(("state", "event"), list(product(ScopeState, ScopeEvent)))
def test_every_event_leads_on_or_is_refused(state: ScopeState, event: ScopeEvent) -> None:
    expected = breaker.TRANSITIONS[breaker.State(state)].get(breaker.Event(event))

    if expected is None:
        with pytest.raises(NotPossible, match=state.label.lower()):
            state_after(state, event)
    else:
        assert state_after(state, event) == ScopeState(expected)


def test_the_table_names_every_state_and_event_of_the_breaker() -> None:
    assert set(TRANSITIONS) == set(ScopeState)
    assert set(ScopeState.values) == set(breaker.State)
    assert set(ScopeEvent.values) == set(breaker.Event)
