"""The lifecycle of a gate: every state, every way on."""

from django.db import models
from django.db.models import Q

from budgets.lifecycle import IN_CORE, RUNNING

LAST_GATE = 5


class GateState(models.TextChoices):
    NOT_STARTED = "not_started", "Not started"
    EVIDENCE = "evidence", "Evidence"
    IN_REVIEW = "in_review", "In review"
    PASSED = "passed", "Passed"
    DEFERRED = "deferred", "Deferred"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"
    REVOKED = "revoked", "Revoked"


class GateAction(models.TextChoices):
    GATHER = "gather", "Gather evidence"
    SUBMIT = "submit", "Submit for review"
    SIGN = "sign", "Sign"
    PASS = "pass", "Pass"
    DEFER = "defer", "Defer"
    FAIL = "fail", "Fail"
    REOPEN = "reopen", "Reopen"
    REVOKE = "revoke", "Revoke"
    EXPIRE = "expire", "Expire"
    RECHECK = "recheck", "Check again sooner"


GATE_TRANSITIONS: dict[GateState, dict[GateAction, GateState]] = {
    GateState.NOT_STARTED: {GateAction.GATHER: GateState.EVIDENCE},
    GateState.EVIDENCE: {
        GateAction.GATHER: GateState.EVIDENCE,
        GateAction.SUBMIT: GateState.IN_REVIEW,
    },
    GateState.IN_REVIEW: {
        GateAction.SIGN: GateState.IN_REVIEW,
        GateAction.PASS: GateState.PASSED,
        GateAction.DEFER: GateState.DEFERRED,
        GateAction.FAIL: GateState.FAILED,
        GateAction.REOPEN: GateState.EVIDENCE,
    },
    # A gate is checked again while it stands: newer evidence, signed anew, renews it.
    GateState.PASSED: {
        GateAction.GATHER: GateState.PASSED,
        GateAction.SIGN: GateState.PASSED,
        GateAction.PASS: GateState.PASSED,
        GateAction.RECHECK: GateState.PASSED,
        GateAction.EXPIRE: GateState.EXPIRED,
        GateAction.REVOKE: GateState.REVOKED,
    },
    GateState.DEFERRED: {GateAction.GATHER: GateState.EVIDENCE},
    GateState.FAILED: {GateAction.REOPEN: GateState.EVIDENCE},
    GateState.EXPIRED: {GateAction.GATHER: GateState.EVIDENCE},
    GateState.REVOKED: {GateAction.GATHER: GateState.EVIDENCE},
}

# The last signature passes a gate, the ledger hastens its day and the clock ends it: nobody
# does any of it by hand.
BY_ITSELF = (GateAction.PASS, GateAction.RECHECK, GateAction.EXPIRE)

# In core the return, the models and the breaker are checked again; the rest was proved.
CHECKED_IN_CORE = (1, 2, 3)
# Of gates: those that are worked on, in the state their initiative is in.
ON_TABLE = Q(initiative__state__in=RUNNING) | Q(
    initiative__state__in=IN_CORE, number__in=CHECKED_IN_CORE
)


def works_on_gate(state: str, number: int) -> bool:
    """Test whether a gate of an initiative in this state is worked on."""
    return state in RUNNING or (state in IN_CORE and number in CHECKED_IN_CORE)
