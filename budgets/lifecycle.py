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


# What only the clock and the ledger take, never a person.
BY_ITSELF = (InitiativeAction.STOP_LOSS, InitiativeAction.EXPIRE)
# What ends a running experiment, whoever does it.
ENDING = (InitiativeAction.STOP, *BY_ITSELF)

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
    InitiativeState.SANDBOX: {
        # Asked for, decided and taken back while the experiment goes on.
        InitiativeAction.EXTEND: InitiativeState.SANDBOX,
        InitiativeAction.GRANT_EXTENSION: InitiativeState.SANDBOX,
        InitiativeAction.REJECT_EXTENSION: InitiativeState.SANDBOX,
        InitiativeAction.WITHDRAW_EXTENSION: InitiativeState.SANDBOX,
        InitiativeAction.STOP: InitiativeState.STOPPED,
        InitiativeAction.STOP_LOSS: InitiativeState.STOPPED,
        InitiativeAction.EXPIRE: InitiativeState.EXPIRED,
    },
    InitiativeState.STOPPED: {},
    InitiativeState.EXPIRED: {},
    InitiativeState.REJECTED: {},
    InitiativeState.WITHDRAWN: {},
}
