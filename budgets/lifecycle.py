"""The lifecycles of a budget and of an initiative: every state, every way on."""

from django.db import models


class BudgetState(models.TextChoices):
    DRAFT = "draft", "Draft"
    REQUESTED = "requested", "Requested"
    ACTIVE = "active", "Active"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    CLOSED = "closed", "Closed"


class BudgetAction(models.TextChoices):
    SUBMIT = "submit", "Submit"
    WITHDRAW = "withdraw", "Withdraw"
    APPROVE = "approve", "Approve"
    REJECT = "reject", "Reject"
    CLOSE = "close", "Close"
    ASK_REVISION = "ask_revision", "Ask for a revision"
    GRANT_REVISION = "grant_revision", "Approve the revision"
    REJECT_REVISION = "reject_revision", "Reject the revision"
    WITHDRAW_REVISION = "withdraw_revision", "Withdraw the revision"
    ASK_OPENING = "ask_opening", "Tell what was spent before TokenOps"
    GRANT_OPENING = "grant_opening", "Approve the opening balance"
    REJECT_OPENING = "reject_opening", "Reject the opening balance"
    WITHDRAW_OPENING = "withdraw_opening", "Withdraw the opening balance"


BUDGET_TRANSITIONS: dict[BudgetState, dict[BudgetAction, BudgetState]] = {
    BudgetState.DRAFT: {
        BudgetAction.SUBMIT: BudgetState.REQUESTED,
        BudgetAction.WITHDRAW: BudgetState.WITHDRAWN,
    },
    BudgetState.REQUESTED: {
        BudgetAction.APPROVE: BudgetState.ACTIVE,
        BudgetAction.REJECT: BudgetState.REJECTED,
        BudgetAction.WITHDRAW: BudgetState.WITHDRAWN,
    },
    BudgetState.ACTIVE: {
        # Asked for, decided and taken back while the budget stays in force.
        BudgetAction.ASK_REVISION: BudgetState.ACTIVE,
        BudgetAction.GRANT_REVISION: BudgetState.ACTIVE,
        BudgetAction.REJECT_REVISION: BudgetState.ACTIVE,
        BudgetAction.WITHDRAW_REVISION: BudgetState.ACTIVE,
        BudgetAction.ASK_OPENING: BudgetState.ACTIVE,
        BudgetAction.GRANT_OPENING: BudgetState.ACTIVE,
        BudgetAction.REJECT_OPENING: BudgetState.ACTIVE,
        BudgetAction.WITHDRAW_OPENING: BudgetState.ACTIVE,
        BudgetAction.CLOSE: BudgetState.CLOSED,
    },
    BudgetState.REJECTED: {},
    BudgetState.WITHDRAWN: {},
    BudgetState.CLOSED: {},
}


class InitiativeState(models.TextChoices):
    DRAFT = "draft", "Draft"
    REQUESTED = "requested", "Requested"
    SANDBOX = "sandbox", "Sandbox"
    GRADUATING = "graduating", "Graduating"
    CORE = "core", "Core"
    PROBATION = "probation", "On probation"
    DEMOTED = "demoted", "Demoted"
    STOPPED = "stopped", "Stopped"
    EXPIRED = "expired", "Expired"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class InitiativeAction(models.TextChoices):
    SUBMIT = "submit", "Submit"
    WITHDRAW = "withdraw", "Withdraw"
    APPROVE = "approve", "Approve"
    REJECT = "reject", "Reject"
    ASK = "ask", "Ask a question"
    EXTEND = "extend", "Ask for more time"
    GRANT_EXTENSION = "grant_extension", "Grant more time"
    REJECT_EXTENSION = "reject_extension", "Refuse more time"
    WITHDRAW_EXTENSION = "withdraw_extension", "Ask for no more time after all"
    STOP = "stop", "Stop now"
    STOP_LOSS = "stop_loss", "Stop-loss"
    EXPIRE = "expire", "Expire"
    GRADUATE = "graduate", "Graduate"
    ENTER_CORE = "enter_core", "Enter core"
    PROBATE = "probate", "Put on probation"
    RECOVER = "recover", "End the probation"
    DEMOTE = "demote", "Demote"


# What ends a running experiment, whoever does it.
ENDING = (InitiativeAction.STOP, InitiativeAction.STOP_LOSS, InitiativeAction.EXPIRE)
# What only the clock, the ledger and the last signature take, never a person by hand.
BY_ITSELF = (
    InitiativeAction.STOP_LOSS,
    InitiativeAction.EXPIRE,
    InitiativeAction.GRADUATE,
    InitiativeAction.ENTER_CORE,
    InitiativeAction.PROBATE,
    InitiativeAction.RECOVER,
    InitiativeAction.DEMOTE,
)
# An experiment under way, under its own cap, that proves itself gate by gate.
RUNNING = (InitiativeState.SANDBOX, InitiativeState.DEMOTED)
# What spends a cap of its own: an experiment, up to the day on which it enters core.
SPENDING = (*RUNNING, InitiativeState.GRADUATING)
# In core, where the first gates are checked again.
IN_CORE = (InitiativeState.CORE, InitiativeState.PROBATION)
# What a graduation holds for: in core, or waiting for its day.
GRADUATED = (InitiativeState.GRADUATING, *IN_CORE)


def _under_way(state: InitiativeState) -> dict[InitiativeAction, InitiativeState]:
    """Return the ways on of an experiment that runs."""
    return {
        # Asked for, decided and taken back while the experiment goes on.
        InitiativeAction.EXTEND: state,
        InitiativeAction.GRANT_EXTENSION: state,
        InitiativeAction.REJECT_EXTENSION: state,
        InitiativeAction.WITHDRAW_EXTENSION: state,
        InitiativeAction.STOP: InitiativeState.STOPPED,
        InitiativeAction.STOP_LOSS: InitiativeState.STOPPED,
        InitiativeAction.EXPIRE: InitiativeState.EXPIRED,
        InitiativeAction.GRADUATE: InitiativeState.GRADUATING,
    }


INITIATIVE_TRANSITIONS: dict[InitiativeState, dict[InitiativeAction, InitiativeState]] = {
    InitiativeState.DRAFT: {
        InitiativeAction.SUBMIT: InitiativeState.REQUESTED,
        InitiativeAction.WITHDRAW: InitiativeState.WITHDRAWN,
    },
    InitiativeState.REQUESTED: {
        InitiativeAction.APPROVE: InitiativeState.SANDBOX,
        InitiativeAction.REJECT: InitiativeState.REJECTED,
        InitiativeAction.ASK: InitiativeState.DRAFT,  # back to the requester, with a question
        InitiativeAction.WITHDRAW: InitiativeState.WITHDRAWN,
    },
    InitiativeState.SANDBOX: _under_way(InitiativeState.SANDBOX),
    # Signed, and an experiment until the day has come.
    InitiativeState.GRADUATING: {InitiativeAction.ENTER_CORE: InitiativeState.CORE},
    InitiativeState.CORE: {InitiativeAction.PROBATE: InitiativeState.PROBATION},
    InitiativeState.PROBATION: {
        InitiativeAction.RECOVER: InitiativeState.CORE,
        InitiativeAction.DEMOTE: InitiativeState.DEMOTED,
    },
    InitiativeState.DEMOTED: _under_way(InitiativeState.DEMOTED),
    InitiativeState.STOPPED: {},
    InitiativeState.EXPIRED: {},
    InitiativeState.REJECTED: {},
    InitiativeState.WITHDRAWN: {},
}
