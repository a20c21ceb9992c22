"""Who is told of a step of a budget or an experiment, and in which words."""

from collections.abc import Iterable
from datetime import datetime

from budgets.lifecycle import BudgetAction, InitiativeAction
from budgets.models import Budget, Initiative
from budgets.rights import BUDGET, EXTENSION, INITIATIVE, OPENING, REVISION
from org.models import Approval, NoticeKind, Role, User
from org.operations.notices import tell
from org.queries.people import company_holders_of, holders_of
from org.queries.signing import missing_parts, signers_of
from org.signing_wording import parts_in_words
from org.templatetags.figures import day as written_day
from org.templatetags.figures import usd

# What each step is to those it is told to, and how its title goes on after the name.
_STEPS: dict[str, tuple[NoticeKind, str]] = {
    InitiativeAction.SUBMIT: (NoticeKind.REQUEST, "waits for a decision"),
    InitiativeAction.WITHDRAW: (NoticeKind.DECISION, "was withdrawn"),
    InitiativeAction.APPROVE: (NoticeKind.DECISION, "was approved"),
    InitiativeAction.REJECT: (NoticeKind.DECISION, "was rejected"),
    InitiativeAction.ASK: (NoticeKind.QUESTION, "came back with a question"),
    InitiativeAction.EXTEND: (NoticeKind.REQUEST, "asks for more time"),
    InitiativeAction.GRANT_EXTENSION: (NoticeKind.DECISION, "got more time"),
    InitiativeAction.REJECT_EXTENSION: (NoticeKind.DECISION, "got no more time"),
    InitiativeAction.WITHDRAW_EXTENSION: (NoticeKind.DECISION, "asks for no more time after all"),
    InitiativeAction.STOP: (NoticeKind.STOP, "was stopped"),
    InitiativeAction.STOP_LOSS: (NoticeKind.STOP, "reached its stop-loss and was stopped"),
    InitiativeAction.EXPIRE: (NoticeKind.EXPIRY, "has ended"),
    InitiativeAction.GRADUATE: (NoticeKind.DECISION, "graduates into core"),
    InitiativeAction.ENTER_CORE: (NoticeKind.DECISION, "runs in core"),
    InitiativeAction.PROBATE: (NoticeKind.DECISION, "is on probation"),
    InitiativeAction.RECOVER: (NoticeKind.DECISION, "has recovered"),
    InitiativeAction.DEMOTE: (NoticeKind.DECISION, "was demoted to an experiment"),
    BudgetAction.CLOSE: (NoticeKind.DECISION, "was closed"),
    BudgetAction.ASK_REVISION: (NoticeKind.REQUEST, "is to be revised"),
    BudgetAction.GRANT_REVISION: (NoticeKind.DECISION, "was revised"),
    BudgetAction.REJECT_REVISION: (NoticeKind.DECISION, "stays as it is"),
    BudgetAction.WITHDRAW_REVISION: (NoticeKind.DECISION, "is not to be revised after all"),
    BudgetAction.ASK_OPENING: (NoticeKind.REQUEST, "is to open with what was spent before"),
    BudgetAction.GRANT_OPENING: (NoticeKind.DECISION, "opens with what was spent before"),
    BudgetAction.REJECT_OPENING: (NoticeKind.DECISION, "does not open with what was told"),
    BudgetAction.WITHDRAW_OPENING: (NoticeKind.DECISION, "is told of nothing before after all"),
}
_FOR_DECIDERS = {
    InitiativeAction.SUBMIT,
    InitiativeAction.EXTEND,
    InitiativeAction.WITHDRAW,
    InitiativeAction.WITHDRAW_EXTENSION,
    BudgetAction.ASK_REVISION,
    BudgetAction.WITHDRAW_REVISION,
    BudgetAction.ASK_OPENING,
    BudgetAction.WITHDRAW_OPENING,
}
_FOR_MANAGERS = {
    InitiativeAction.STOP,
    InitiativeAction.STOP_LOSS,
    InitiativeAction.EXPIRE,
    InitiativeAction.GRADUATE,
    InitiativeAction.ENTER_CORE,
    InitiativeAction.PROBATE,
    InitiativeAction.RECOVER,
    InitiativeAction.DEMOTE,
}


def tell_of_step(
    initiative: Initiative, action: str, *, by: User | None, reason: str, at: datetime
) -> None:
    """Tell whoever decides of what is asked, and all others concerned of what came of it."""
    if action not in _STEPS:
        return
    kind, what = _STEPS[action]
    decides = action in _FOR_DECIDERS
    of = [EXTENSION] if "extension" in action or action == "extend" else [INITIATIVE]
    approval = _last_approval(initiative.pk, kinds=of)
    if decides and approval is None:
        return  # a draft that nobody was asked about
    tell(
        kind=kind,
        subject=f"initiative:{initiative.slug}",
        title=f"{initiative.name} {what}",
        text=reason or _what_is_asked(initiative),
        url=approval.url if decides and approval else f"/initiatives/{initiative.slug}/",
        unit=initiative.unit,
        to=signers_of(approval, at=at)
        if decides and approval
        else _concerned(initiative, approval, action),
        by=by,
        at=at,
    )


def tell_of_budget(budget: Budget, action: str, *, by: User, reason: str, at: datetime) -> None:
    """Tell whoever decides of a request, and who asked of what came of it."""
    kind, what = _STEPS[action]
    of = [REVISION] if "revision" in action else [OPENING] if "opening" in action else [BUDGET]
    approval = _last_approval(budget.pk, kinds=of)
    decides = action in _FOR_DECIDERS
    asker = approval.requested_by if approval else budget.created_by
    managers = holders_of(Role.GM, Role.FINANCE, unit=budget.unit)
    total_usd = usd(budget.amounts.total_usd)
    tell(
        kind=kind,
        subject=f"budget:{budget.pk}",
        title=f"The budget of {budget} {what}",
        text=reason or f"{total_usd} for {budget.unit} in FY{budget.fiscal_year}.",
        url=approval.url if decides and approval else f"/budgets/{budget.pk}/",
        unit=budget.unit,
        to=signers_of(approval, at=at) if decides and approval else [asker, *managers],
        by=by,
        at=at,
    )


def tell_of_signature(approval: Approval, *, by: User | None, at: datetime) -> None:
    """Tell those who have still to sign that somebody did."""
    missing = parts_in_words(missing_parts(approval))
    tell(
        kind=NoticeKind.REQUEST,
        subject=f"{approval.kind}:{approval.subject_id}",
        title=f"{approval.title} waits for another signature",
        text=f"{by} signed it; {missing} of other people has still to.",
        url=approval.url,
        unit=approval.unit,
        to=signers_of(approval, at=at),
        by=by,
        at=at,
    )


def tell_of_fund(approval: Approval, *, by: User, at: datetime) -> None:
    """Tell the CFOs of a plan of the fund that waits; finance and who asked of its end."""
    waits = approval.state == Approval.State.PENDING
    readers = company_holders_of(Role.CFO) if waits else company_holders_of(Role.FINANCE)
    what = "waits for a decision" if waits else f"was {approval.get_state_display().lower()}"
    tell(
        kind=NoticeKind.REQUEST if waits else NoticeKind.DECISION,
        subject=f"{approval.kind}:{approval.subject_id}",
        title=f"{approval.title} {what}",
        text=approval.terms["reason"] if waits else approval.reason,
        url=approval.url,
        unit=None,
        to={*readers, *([] if waits else [approval.requested_by])},
        by=by,
        at=at,
    )


def _what_is_asked(initiative: Initiative) -> str:
    return (
        f"{usd(initiative.cap_usd)} from the pool of {initiative.unit}, from"
        f" {written_day(initiative.starts_on)} until {written_day(initiative.ends_on)}."
    )


def _last_approval(subject_id: int, *, kinds: list[str]) -> Approval | None:
    found = Approval.objects.filter(kind__in=kinds, subject_id=subject_id)
    return found.select_related("requested_by__person").order_by("-pk").first()


def _concerned(initiative: Initiative, approval: Approval | None, action: str) -> Iterable[User]:
    people = {initiative.owner, initiative.on_call, initiative.requested_by}
    if approval is not None:
        people.add(approval.requested_by)
    if action in _FOR_MANAGERS:
        people |= set(holders_of(Role.GM, unit=initiative.unit))
    return {person for person in people if person is not None}
