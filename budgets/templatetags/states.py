"""Template filters that give states their tone and steps their words."""

from django.template import Library

from budgets.lifecycle import BudgetState, InitiativeState
from policy.lifecycle import ScopeState

register = Library()

TONES: dict[str, str] = {
    BudgetState.ACTIVE: "ok",
    BudgetState.REQUESTED: "info",
    BudgetState.REJECTED: "danger",
    InitiativeState.SANDBOX: "ok",
    InitiativeState.GRADUATING: "info",
    InitiativeState.CORE: "ok",
    InitiativeState.PROBATION: "warn",
    InitiativeState.DEMOTED: "warn",
    InitiativeState.STOPPED: "danger",
    InitiativeState.EXPIRED: "neutral",
}
STEPS = {
    "draft": "Drafted",
    "revise": "Revised",
    "submit": "Asked for approval",
    "withdraw": "Withdrawn",
    "sign": "Signed",
    "approve": "Approved",
    "reject": "Rejected",
    "ask": "Sent back with a question",
    "extend": "Asked for more time",
    "grant_extension": "Given more time",
    "reject_extension": "Refused more time",
    "withdraw_extension": "Took back the wish for more time",
    "ask_revision": "Asked for a revision",
    "grant_revision": "Revised",
    "open_reserve_beneath": "Revised with a unit beneath",
    "flex": "Flexed by volume",
    "reject_revision": "Refused a revision",
    "withdraw_revision": "Took back the wish for a revision",
    "ask_opening": "Told what was spent before",
    "grant_opening": "Opened with what was spent before",
    "reject_opening": "Refused an opening balance",
    "withdraw_opening": "Took back an opening balance",
    "hand_over": "Handed over",
    "stop": "Stopped",
    "stop_loss": "Stopped by its stop-loss",
    "expire": "Ended",
    "graduate": "Graduated",
    "enter_core": "Entered core",
    "true_up": "Core trued up",
    "probate": "Put on probation",
    "recover": "Probation ended",
    "demote": "Demoted",
    "core": "Revised by a graduation",
    "release": "Money returned",
    "close": "Closed",
    # Moves of the breaker, by the state they lead to.
    "scope_open": "Calls blocked",
    "scope_closed": "Calls run again",
    "scope_throttled": "Calls slowed",
    "scope_downgraded": "Calls on a cheaper model",
    "scope_half_open": "Calls tested",
}


NOTHING_TO_DO: dict[str, str] = {
    InitiativeState.GRADUATING: "It is signed: it runs as an experiment until its day, and then is"
    " core. Nobody has to do anything.",
    InitiativeState.CORE: "It runs in core: its money is in the budget of its department.",
    InitiativeState.PROBATION: "The month decides whether it stays in core.",
}


@register.filter
def nothing_to_do(state: str) -> str:
    """Say why there is no step to take; nothing where it is simply over."""
    return NOTHING_TO_DO.get(state, "")


@register.filter
def state_tone(state: str) -> str:
    """Return the tone of a budget's or initiative's state."""
    return TONES.get(state, "neutral")


@register.filter
def scope_tone(state: str) -> str:
    """Return the tone of a breaker's state."""
    return {"closed": "ok", "open": "danger"}.get(state, "warn")


@register.filter
def scope_word(state: str) -> str:
    """Return the plain word for a breaker's state."""
    return str(ScopeState(state).label)


@register.filter
def step_word(action: str) -> str:
    """Return what a history line calls a step."""
    return STEPS.get(action, action.capitalize())
