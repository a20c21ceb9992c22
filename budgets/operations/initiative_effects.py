"""What each step of an initiative does beyond moving its state."""

from collections.abc import Callable

from budgets.lifecycle import InitiativeAction
from budgets.models import Initiative
from budgets.operations.extensions import (
    ask_extension,
    grant_extension,
    reject_extension,
    void_extension,
    withdraw_extension,
)
from budgets.operations.moves import Move
from budgets.operations.requests import open_approval
from budgets.operations.sandbox import check_not_over, close_sandbox, lock_pool, open_sandbox
from budgets.queries.checks import failures, grant_problems, policy_checks
from budgets.queries.offers import MIN_STOP_REASON
from budgets.queries.pool_policy import profile_of_request
from budgets.rights import kind_of
from budgets.terms import InitiativeTerms, as_written, put_terms, terms_of
from ingestion.operations.assignments import hold_loads_still
from org.models import Approval
from org.operations.approvals import (
    record_decision,
    terms_hash_of,
    void_request,
    withdraw_request,
)
from org.queries.calendar import reporting_today
from org.queries.profile import profile_on
from org.refusals import FieldError, Invalid
from policy.wording import long_day


def take_effect(initiative: Initiative, action: InitiativeAction, move: Move) -> None:
    """Do what the action means; the caller holds the lock and moves the state."""
    if action not in CHANGING and (given := move.change.given()):
        detail = f"“{action.label}” changes no terms."
        raise Invalid(detail, errors=[FieldError(f"/{name}", detail) for name in given])
    _EFFECTS[action](initiative, move)


def _submit(initiative: Initiative, move: Move) -> None:
    terms, on = terms_of(initiative), reporting_today(move.at)
    errors = failures(policy_checks(terms, on=on, found=profile_on(on)))
    if errors:
        raise Invalid("The request does not pass the policy checks.", errors=errors)
    open_approval(
        initiative,
        title=f"Experiment {initiative.name}",
        terms=as_written(terms),
        amount_usd=initiative.cap_usd,
        by=move.person,
        at=move.at,
    )


def _withdraw(initiative: Initiative, move: Move) -> None:
    kind = kind_of(initiative)
    waiting = Approval.objects.waiting().filter(kind=kind, subject_id=initiative.pk)
    if waiting.exists():  # a draft was never asked for
        withdraw_request(kind=kind, subject_id=initiative.pk, by=move.person, at=move.at)


def _approve(initiative: Initiative, move: Move) -> None:
    """Grant what was asked, or less; the decision is on what was asked."""
    check_not_over(initiative, at=move.at)
    asked = terms_of(initiative)
    if move.change.given():
        _check_grant(asked, move)
        put_terms(initiative, move.change.of(asked))
    found = profile_of_request(
        kind=kind_of(initiative), subject_id=initiative.pk, on=reporting_today(move.at)
    )
    pool = lock_pool(initiative, found=found)
    hold_loads_still()
    approval = _decide(initiative, asked, approve=True, move=move)
    if approval.state == Approval.State.PENDING:
        return
    open_sandbox(
        initiative,
        pool=pool,
        overbooking=found.profile.pool_overbooking,
        approval=approval,
        by=move.person,
        at=move.at,
    )


def _reject(initiative: Initiative, move: Move) -> None:
    move.need_reason("A rejection needs a reason.")
    _decide(initiative, terms_of(initiative), approve=False, move=move)


def _ask(initiative: Initiative, move: Move) -> None:
    move.need_reason("Write the question.")
    void_request(kind=kind_of(initiative), subject_id=initiative.pk, by=move.person, at=move.at)


def _stop(initiative: Initiative, move: Move) -> None:
    if len(move.reason.strip()) < MIN_STOP_REASON:
        detail = f"Say why in {MIN_STOP_REASON} characters or more."
        raise Invalid("Stopping needs a reason.", errors=[FieldError("/reason", detail)])
    text = move.reason.strip().rstrip(".") + "."
    close_sandbox(initiative, code="stopped", text=text, by=move.person, at=move.at)
    void_extension(initiative, move)


def _stop_loss(initiative: Initiative, move: Move) -> None:
    close_sandbox(initiative, code="stop_loss", text=move.reason, by=move.by, at=move.at)
    void_extension(initiative, move)


def _expire(initiative: Initiative, move: Move) -> None:
    text = f"The experiment ended on {long_day(initiative.ends_on)}, as agreed."
    close_sandbox(initiative, code="expired", text=text, by=move.by, at=move.at)
    void_extension(initiative, move)


def _check_grant(asked: InitiativeTerms, move: Move) -> None:
    errors = grant_problems(asked, move.change, on=reporting_today(move.at))
    if errors:
        raise Invalid(" ".join(error.detail for error in errors), errors=errors)
    move.need_reason("Granting less than was asked needs a reason.")


def _decide(
    initiative: Initiative, asked: InitiativeTerms, *, approve: bool, move: Move
) -> Approval:
    return record_decision(
        kind=kind_of(initiative),
        subject_id=initiative.pk,
        approve=approve,
        by=move.person,
        reason=move.reason,
        at=move.at,
        terms_hash=terms_hash_of(as_written(asked)),
        granted_usd=initiative.cap_usd if initiative.cap_usd < asked.cap_usd else None,
        # Who signs after somebody granted less signs what he granted, or voids his signature.
        signed_hash=terms_hash_of(as_written(terms_of(initiative))),
    )


CHANGING = {InitiativeAction.APPROVE, InitiativeAction.EXTEND}
_EFFECTS: dict[InitiativeAction, Callable[[Initiative, Move], None]] = {
    InitiativeAction.SUBMIT: _submit,
    InitiativeAction.WITHDRAW: _withdraw,
    InitiativeAction.APPROVE: _approve,
    InitiativeAction.REJECT: _reject,
    InitiativeAction.ASK: _ask,
    InitiativeAction.EXTEND: ask_extension,
    InitiativeAction.GRANT_EXTENSION: grant_extension,
    InitiativeAction.REJECT_EXTENSION: reject_extension,
    InitiativeAction.WITHDRAW_EXTENSION: withdraw_extension,
    InitiativeAction.STOP: _stop,
    InitiativeAction.STOP_LOSS: _stop_loss,
    InitiativeAction.EXPIRE: _expire,
}
