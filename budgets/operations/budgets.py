"""What can be done to a budget: ask for one, decide on it, close it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from budgets.amounts import Amounts
from budgets.budget_terms import terms_of
from budgets.lifecycle import BUDGET_TRANSITIONS, BudgetAction, BudgetState
from budgets.models import Budget, Journal
from budgets.openings import OpeningAsked
from budgets.operations.budget_moves import BudgetMove, remember, remember_signature
from budgets.operations.grants import move_money
from budgets.operations.ledger import lock_line, lock_year
from budgets.operations.news import tell_of_budget, tell_of_signature
from budgets.operations.openings import (
    ask_opening,
    grant_opening,
    reject_opening,
    void_opening,
    withdraw_opening,
)
from budgets.operations.requests import check_nothing_held, open_approval, refusal_of
from budgets.operations.revisions import (
    ask_revision,
    grant_revision,
    reject_revision,
    void_revision,
    withdraw_revision,
)
from budgets.phasing import Phasing
from budgets.queries.hierarchy import Room, room_for
from budgets.queries.plan import plan_of, weights_for, why_year_is_over
from budgets.queries.pool_policy import budget_problems, profile_of_request
from budgets.queries.revisions import amount_problems
from budgets.queries.unsigned import still_unsigned
from budgets.rights import BUDGET, why_not_budget_step
from org.models import Approval, Unit, User
from org.operations.approvals import record_decision, terms_hash_of, withdraw_request
from org.operations.calendar import book_fiscal_year
from org.permissions import can_request_for
from org.queries.calendar import periods_of_year, reporting_today, year_period
from org.refusals import FieldError, Invalid, NotAllowed, Refusal, Stale
from policy.operations.publish import publish
from policy.operations.unit_scopes import ensure_unit_scope

KIND = BUDGET
ZERO = Decimal("0.00")


@transaction.atomic
def request_budget(
    *,
    unit: Unit,
    fiscal_year: int,
    core_usd: Decimal,
    experiment_usd: Decimal,
    note: str,
    by: User,
    at: datetime,
    reserve_usd: Decimal = ZERO,
    phasing: Phasing = Phasing.EVEN,
    phasing_weights: Sequence[Decimal] | None = None,
) -> Budget:
    """Ask for a unit's budget of a fiscal year and open its approval.

    What its core is phased by is kept as it is now: a plan that is decided on stays.
    Raises NotAllowed, Invalid with a sentence per field, or Refusal where the unit has a
    budget of that year already.
    """
    if not can_request_for(by, unit=unit):
        raise NotAllowed(f"Only the general manager of {unit}, finance or the CFO may ask.")
    budget = Budget(
        unit=unit,
        fiscal_year=fiscal_year,
        core_usd=core_usd,
        experiment_usd=experiment_usd,
        reserve_usd=reserve_usd,
        phasing=phasing,
        note=note,
        created_by=by,
        created_at=at,
    )
    book_fiscal_year(fiscal_year=fiscal_year, at=at)
    _check_request(budget, at=at)
    _phase(budget, given=phasing_weights)
    _insert(budget)
    _move(budget, BudgetAction.SUBMIT, BudgetMove(by=by, reason=note, at=at))
    _open_approval(budget, by=by, at=at)
    tell_of_budget(budget, BudgetAction.SUBMIT, by=by, reason=note, at=at)
    return budget


@transaction.atomic
def take_budget_step(
    *,
    budget_id: int,
    action: BudgetAction,
    by: User,
    reason: str,
    version: int,
    at: datetime,
    amounts: Amounts | None = None,
    opening: OpeningAsked | None = None,
) -> Budget:
    """Move a budget along its lifecycle, with the money that goes with it.

    `amounts` are those that a revision asks for, `opening` is what was spent before. Raises
    Stale where the budget changed after
    `version` was read, NotAllowed where the person may not, Refusal where the state or the
    money does not allow it.
    """
    budget = _locked(budget_id)
    _check_step(budget, action, by=by, version=version, at=at)
    if amounts is not None and action != BudgetAction.ASK_REVISION:
        raise Invalid(f"“{action.label}” changes no amounts.")
    if opening is not None and action != BudgetAction.ASK_OPENING:
        raise Invalid(f"“{action.label}” tells of nothing that was spent before.")
    move = BudgetMove(by=by, reason=reason, at=at, amounts=amounts, opening=opening)
    _EFFECTS[action](budget, move)
    if (waiting := still_unsigned(budget, action)) is not None:
        remember_signature(budget, move)
        tell_of_signature(waiting, by=by, at=at)
        return budget
    _move(budget, action, move)
    tell_of_budget(budget, action, by=by, reason=reason, at=at)
    return budget


def _locked(budget_id: int) -> Budget:
    """Return the budget with its row and its year locked.

    Two approvers may press at once: the second reads what the first left.
    """
    lock_year(Budget.objects.values_list("fiscal_year", flat=True).get(pk=budget_id))
    return Budget.objects.select_for_update(of=("self",)).select_related("unit").get(pk=budget_id)


def _check_request(budget: Budget, *, at: datetime) -> None:
    errors = amount_problems(budget.amounts)
    if not errors and budget.amounts.total_usd == 0:
        errors.append(
            FieldError("/core_usd", "A budget of nothing needs no approval: give an amount.")
        )
    if budget.unit.retired_on is not None:
        errors.append(
            FieldError("/unit", f"{budget.unit} was retired on {budget.unit.retired_on}.")
        )
    if (over := why_year_is_over(budget, on=reporting_today(at))) is not None:
        errors.append(FieldError("/fiscal_year", over))
    if errors:
        raise Invalid("The budget cannot be asked for like this.", errors=errors)
    _check_room(budget, room_for(budget), at=at)


def _phase(budget: Budget, *, given: Sequence[Decimal] | None) -> None:
    """Give the budget the weights it is phased by; refuse those that spread nothing."""
    year = budget.fiscal_year
    budget.phasing_weights = weights_for(
        Phasing(budget.phasing), given=given, unit=budget.unit, fiscal_year=year
    )
    plan_of(budget, periods_of_year(year))


def _insert(budget: Budget) -> None:
    try:
        with transaction.atomic():
            budget.save(force_insert=True)
    except IntegrityError as error:
        if "budget_stands_once_per_unit_and_year" not in str(error):
            raise
        raise Refusal(
            f"{budget.unit} has a budget for FY{budget.fiscal_year} already, or one waits for a"
            " decision."
        ) from error


def _check_step(
    budget: Budget, action: BudgetAction, *, by: User, version: int, at: datetime
) -> None:
    if budget.version != version:
        raise Stale(
            f"The budget changed after you opened it: it is"
            f" {BudgetState(budget.state).label.lower()} now.",
            extra={"version": budget.version, "state": budget.state},
        )
    state = BudgetState(budget.state)
    if action not in BUDGET_TRANSITIONS[state]:
        raise Refusal(
            f"A budget that is {state.label.lower()} cannot be changed by “{action.label}”."
        )
    if (why_not := why_not_budget_step(by, budget=budget, action=action, at=at)) is not None:
        raise refusal_of(by, subject=budget, why_not=why_not)
    check_nothing_held(budget, action)


def _check_room(budget: Budget, room: Room, *, at: datetime) -> None:
    """Refuse a budget that fits neither those above and beneath, nor the policy of pools."""
    found = profile_of_request(kind=KIND, subject_id=budget.pk, on=reporting_today(at))
    if (problems := budget_problems(budget.amounts, room, found)) != []:
        raise Invalid(problems[0].detail, errors=problems)


def _check_year_is_over(budget: Budget, *, at: datetime) -> None:
    year = year_period(budget.fiscal_year)
    if reporting_today(at) < year.end:
        raise Refusal(f"FY{budget.fiscal_year} runs until {year.end}: it can be closed after that.")


def _grant(budget: Budget, move: BudgetMove) -> None:
    if (over := why_year_is_over(budget, on=reporting_today(move.at))) is not None:
        raise Refusal(over)
    lock_line(unit=budget.unit, fiscal_year=budget.fiscal_year)
    _check_room(budget, room := room_for(budget), at=move.at)
    approval = _decide(budget, move, approve=True)
    if approval.state == Approval.State.PENDING:
        return
    # What units beneath were granted earlier is part of this budget already.
    move_money(
        budget,
        budget.amounts.minus(room.beneath),
        parent=room.parent,
        kind=Journal.Kind.GRANT,
        memo=f"Budget of {budget}",
        approval=approval,
        by=move.by,
        at=move.at,
    )
    ensure_unit_scope(unit=budget.unit, at=move.at)
    publish(cause=f"Budget of {budget} approved", by=move.by, at=move.at)


def _reject(budget: Budget, move: BudgetMove) -> None:
    move.need_reason("A rejection needs a reason.")
    _decide(budget, move, approve=False)


def _withdraw(budget: Budget, move: BudgetMove) -> None:
    withdraw_request(kind=KIND, subject_id=budget.pk, by=move.by, at=move.at)


def _close(budget: Budget, move: BudgetMove) -> None:
    _check_year_is_over(budget, at=move.at)
    void_revision(budget, by=move.by, at=move.at)
    void_opening(budget, by=move.by, at=move.at)


def _submit(budget: Budget, move: BudgetMove) -> None:
    _open_approval(budget, by=move.by, at=move.at)


_EFFECTS: dict[BudgetAction, Callable[[Budget, BudgetMove], None]] = {
    BudgetAction.SUBMIT: _submit,
    BudgetAction.WITHDRAW: _withdraw,
    BudgetAction.APPROVE: _grant,
    BudgetAction.REJECT: _reject,
    BudgetAction.CLOSE: _close,
    BudgetAction.ASK_REVISION: ask_revision,
    BudgetAction.GRANT_REVISION: grant_revision,
    BudgetAction.REJECT_REVISION: reject_revision,
    BudgetAction.WITHDRAW_REVISION: withdraw_revision,
    BudgetAction.ASK_OPENING: ask_opening,
    BudgetAction.GRANT_OPENING: grant_opening,
    BudgetAction.REJECT_OPENING: reject_opening,
    BudgetAction.WITHDRAW_OPENING: withdraw_opening,
}


def _decide(budget: Budget, move: BudgetMove, *, approve: bool) -> Approval:
    return record_decision(
        kind=KIND,
        subject_id=budget.pk,
        approve=approve,
        by=move.by,
        reason=move.reason,
        at=move.at,
        terms_hash=terms_hash_of(terms_of(budget)),
    )


def _open_approval(budget: Budget, *, by: User, at: datetime) -> None:
    open_approval(
        budget,
        title=f"Budget of {budget}",
        terms=terms_of(budget),
        amount_usd=budget.amounts.total_usd,
        by=by,
        at=at,
    )


def _move(budget: Budget, action: BudgetAction, move: BudgetMove) -> None:
    came_from = BudgetState(budget.state)
    budget.state = BUDGET_TRANSITIONS[came_from][action]
    remember(budget, action, move, came_from=came_from)
