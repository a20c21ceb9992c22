"""The lifecycles as tables: every state is there, and every end is an end."""

import pytest

from budgets.lifecycle import (
    BUDGET_TRANSITIONS,
    INITIATIVE_TRANSITIONS,
    BudgetAction,
    BudgetState,
    InitiativeAction,
    InitiativeState,
)
from budgets.templatetags.states import STEPS


def test_each_state_stands_in_its_table() -> None:
    assert set(BUDGET_TRANSITIONS) == set(BudgetState)
    assert set(INITIATIVE_TRANSITIONS) == set(InitiativeState)


@pytest.mark.parametrize(
    "state",
    [
        InitiativeState.STOPPED,
        InitiativeState.EXPIRED,
        InitiativeState.REJECTED,
        InitiativeState.WITHDRAWN,
    ],
)
def test_what_ended_has_no_way_on(state: InitiativeState) -> None:
    assert INITIATIVE_TRANSITIONS[state] == {}


def test_money_is_decided_on_only_where_it_was_asked_for() -> None:
    deciding = [s for s, ways in INITIATIVE_TRANSITIONS.items() if InitiativeAction.APPROVE in ways]

    assert deciding == [InitiativeState.REQUESTED]


def test_each_action_has_its_word_in_the_history() -> None:
    assert {action.value for action in (*InitiativeAction, *BudgetAction)} <= set(STEPS)
