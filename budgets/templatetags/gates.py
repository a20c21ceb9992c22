"""Template filters of gates: the tone of a state, and measured values in their unit."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.template import Library

from budgets.gate_lifecycle import GateState
from finops.gates.criteria import Outcome, Unit, Verdict
from org.templatetags.figures import UNKNOWN, percent, rounded, usd, whole

register = Library()

TONES: dict[str, str] = {
    GateState.EVIDENCE: "info",
    GateState.IN_REVIEW: "info",
    GateState.PASSED: "ok",
    GateState.DEFERRED: "warn",
    GateState.FAILED: "danger",
    GateState.EXPIRED: "warn",
    GateState.REVOKED: "danger",
}
OUTCOMES: dict[str, str] = {
    Outcome.PASSED: "would pass",
    Outcome.DEFERRED: "would be deferred",
    Outcome.FAILED: "would fail",
}
STEPS = {
    "gather": "Evidence gathered",
    "submit": "Submitted for review",
    "sign": "Signed",
    "pass": "Passed",
    "defer": "Deferred",
    "fail": "Failed",
    "reopen": "Reopened",
    "revoke": "Revoked",
    "recheck": "To be checked again sooner",
    "expire": "Expired",
}


@register.filter
def gate_tone(state: str) -> str:
    """Return the tone of a gate's state."""
    return TONES.get(state, "")


@register.filter
def verdict_tone(verdict: str) -> str:
    """Return the tone of a criterion's verdict."""
    return {Verdict.MET.value: "ok", Verdict.MISSED.value: "danger"}.get(verdict, "warn")


@register.filter
def outcome_word(outcome: str) -> str:
    """Return what evidence means for its gate."""
    return OUTCOMES[outcome]


@register.filter
def gate_step_word(action: str) -> str:
    """Return what a history line calls a step of a gate."""
    return STEPS[action]


@register.filter
def in_unit(value: str | None, unit: str) -> str:
    """Write a measured value or a limit; what is not known is a dash."""
    if value is None:
        return UNKNOWN
    match Unit(unit):
        case Unit.USD:
            return usd(Decimal(value))
        case Unit.SHARE:
            return percent(Decimal(value))
        case Unit.COUNT:
            return whole(int(value)) if value.isdigit() else f"{rounded(Decimal(value), 2):,f}"
        case Unit.DAYS:
            return f"{value} days"
        case Unit.WORD:
            return value


@register.filter
def calls_of(data_status: Mapping[str, Any]) -> str:
    """Say on how many calls evidence rests, and how many of them have no price."""
    calls, unpriced = data_status.get("calls"), data_status.get("unpriced_calls")
    if calls is None:
        return UNKNOWN
    return f"{whole(calls)}, {whole(unpriced)} unpriced" if unpriced else whole(calls)
