"""Revisions of a budget in force: asked for, decided by another person, or void with its end."""

from dataclasses import replace
from datetime import datetime

from budgets.amounts import Amounts
from budgets.lifecycle import BudgetState
from budgets.models import Budget, BudgetRevision, Journal
from budgets.operations.budget_moves import BudgetMove, remember
from budgets.operations.grants import move_money, open_reserve
from budgets.operations.ledger import lock_line
from budgets.operations.requests import ask_for
from budgets.operations.thresholds import arm_again
from budgets.queries.checks import failures
from budgets.queries.hierarchy import budget_above, budgets_above
from budgets.queries.revisions import (
    amount_problems,
    amounts_asked,
    difference_in_words,
    revision_checks,
    revision_terms,
    revision_waiting,
)
from budgets.rights import REVISION
from org.models import Approval, User
from org.operations.approvals import (
    record_decision,
    terms_hash_of,
    void_request,
    withdraw_request,
)
from org.queries.calendar import reporting_today
from org.refusals import Invalid, Refusal

OPENED_BENEATH = "open_reserve_beneath"


def ask_revision(budget: Budget, move: BudgetMove) -> None:
    amounts = _wanted(budget, move)
    _check(budget, amounts, move)
    move.need_reason("A revision needs a reason.", reader="the person who decides")
    difference = amounts.minus(budget.amounts)
    moved_usd = difference.reserve_usd if difference.opens_reserve else difference.total_usd
    ask_for(
        kind=REVISION,
        subject_id=budget.pk,
        unit=budget.unit,
        title=f"Budget of {budget}: {difference_in_words(budget.amounts, amounts)}"[:200],
        terms=revision_terms(budget, amounts, reason=move.reason.strip()),
        amount_usd=abs(moved_usd),
        at_stake_usd=difference.moved_usd,
        by=move.by,
        at=move.at,
    )


def grant_revision(budget: Budget, move: BudgetMove) -> None:
    """Put the amounts asked for in force from today on; what was planned before stays."""
    amounts = amounts_asked(_waiting(budget))
    lock_line(unit=budget.unit, fiscal_year=budget.fiscal_year)
    _check(budget, amounts, move)
    approval = _decide(budget, move, approve=True)
    if approval.state == Approval.State.PENDING:
        return
    difference = amounts.minus(budget.amounts)
    if difference.opens_reserve:
        _open_reserve(budget, difference, approval, move)
        return
    move_money(
        budget,
        difference,
        parent=budget_above(unit=budget.unit, fiscal_year=budget.fiscal_year),
        kind=Journal.Kind.REVISION,
        memo=f"Budget of {budget} revised",
        approval=approval,
        by=move.by,
        at=move.at,
    )
    _put_in_force(budget, amounts, approval, kind=BudgetRevision.Kind.CHANGE, move=move)


def _open_reserve(
    budget: Budget, difference: Amounts, approval: Approval, move: BudgetMove
) -> None:
    """Open the reserve of a budget; those above hold what it holds, so they follow."""
    open_reserve(budget, difference, approval=approval, by=move.by, at=move.at)
    kind = BudgetRevision.Kind.TRANSFER
    _put_in_force(budget, budget.amounts.plus(difference), approval, kind=kind, move=move)
    told = replace(move, reason=f"{budget.unit} opened its reserve. {move.reason}".strip())
    for above in _locked_above(budget):
        void_revision(above, by=move.by, at=move.at)
        _put_in_force(above, above.amounts.plus(difference), approval, kind=kind, move=told)
        remember(above, OPENED_BENEATH, told, came_from=BudgetState.ACTIVE)


def _locked_above(budget: Budget) -> list[Budget]:
    """Return the budgets above with their rows locked; the year is, so nobody waits in turn."""
    ids = [above.pk for above in budgets_above(unit=budget.unit, fiscal_year=budget.fiscal_year)]
    rows = Budget.objects.select_for_update(of=("self",)).select_related("unit")
    return list(rows.filter(pk__in=ids).order_by("unit__path"))


def reject_revision(budget: Budget, move: BudgetMove) -> None:
    _waiting(budget)
    move.need_reason("A rejection needs a reason.")
    _decide(budget, move, approve=False)


def withdraw_revision(budget: Budget, move: BudgetMove) -> None:
    _waiting(budget)
    withdraw_request(kind=REVISION, subject_id=budget.pk, by=move.by, at=move.at)


def void_revision(budget: Budget, *, by: User, at: datetime) -> None:
    """End what waits for a decision together with the budget, or the amounts, it is about."""
    if revision_waiting(budget) is not None:
        void_request(kind=REVISION, subject_id=budget.pk, by=by, at=at)


def _put_in_force(
    budget: Budget,
    amounts: Amounts,
    approval: Approval,
    *,
    kind: BudgetRevision.Kind,
    move: BudgetMove,
) -> None:
    """Write the revision down and give the budget its amounts; saving it is the caller's."""
    before = budget.amounts
    BudgetRevision.objects.create(
        budget=budget,
        number=budget.revisions.count() + 1,
        kind=kind,
        **amounts._asdict(),
        core_before_usd=before.core_usd,
        experiment_before_usd=before.experiment_usd,
        reserve_before_usd=before.reserve_usd,
        starts_on=reporting_today(move.at),
        reason=approval.terms["reason"],
        approval=approval,
        by=move.by,
        at=move.at,
    )
    budget.amounts = amounts
    arm_again(budget, by=move.by, at=move.at)


def _wanted(budget: Budget, move: BudgetMove) -> Amounts:
    if move.amounts is None:
        raise Invalid.of("core_usd", "Name the amounts that are asked for.")
    if problems := amount_problems(move.amounts):
        raise Invalid("The budget cannot be revised to this.", errors=problems)
    if move.amounts == budget.amounts:
        raise Invalid.of("core_usd", "These are the amounts in force: nothing would change.")
    return move.amounts


def _check(budget: Budget, amounts: Amounts, move: BudgetMove) -> None:
    errors = failures(revision_checks(budget, amounts, on=reporting_today(move.at)))
    if errors:
        raise Invalid(" ".join(error.detail for error in errors), errors=errors)


def _waiting(budget: Budget) -> Approval:
    waiting = revision_waiting(budget)
    if waiting is None:
        raise Refusal(f"No revision of the budget of {budget} waits for a decision.")
    return waiting


def _decide(budget: Budget, move: BudgetMove, *, approve: bool) -> Approval:
    waiting = _waiting(budget)
    terms = revision_terms(budget, amounts_asked(waiting), reason=waiting.terms["reason"])
    return record_decision(
        kind=REVISION,
        subject_id=budget.pk,
        approve=approve,
        by=move.by,
        reason=move.reason,
        at=move.at,
        terms_hash=terms_hash_of(terms),
    )
