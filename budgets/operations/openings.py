"""Opening balances: told by one person, signed by another, superseded rather than edited."""

from datetime import datetime

from budgets.models import Budget, OpeningBalance
from budgets.openings import CoveredLine
from budgets.operations.budget_moves import BudgetMove
from budgets.operations.requests import ask_for
from budgets.queries.openings import (
    covered_lines,
    lines_asked,
    opening_terms,
    opening_waiting,
    openings_in_force,
    overlap_problem,
)
from budgets.rights import OPENING
from org.models import Approval, User
from org.operations.approvals import (
    record_decision,
    terms_hash_of,
    void_request,
    withdraw_request,
)
from org.queries.calendar import reporting_today
from org.refusals import FieldError, Invalid, Refusal
from org.templatetags.figures import usd

MOST_SOURCE = 200


def ask_opening(budget: Budget, move: BudgetMove) -> None:
    """Ask to count what was spent before the first loaded day."""
    lines = _wanted(budget, move)
    source = move.opening.source.strip() if move.opening else ""
    total_usd = sum(line.amount_usd for line in lines)
    ask_for(
        kind=OPENING,
        subject_id=budget.pk,
        unit=budget.unit,
        title=f"Budget of {budget}: {usd(total_usd)} spent before TokenOps"[:200],
        terms=opening_terms(budget, lines, source=source, reason=move.reason.strip()),
        amount_usd=total_usd or None,
        by=move.by,
        at=move.at,
    )


def grant_opening(budget: Budget, move: BudgetMove) -> None:
    """Count what was told, unless usage of these days was loaded since."""
    waiting = _waiting(budget)
    lines = lines_asked(waiting)
    if (problem := overlap_problem(budget, lines)) is not None:
        raise Refusal(problem)
    approval = _decide(budget, move, approve=True)
    if approval.state == Approval.State.PENDING:
        return
    before = openings_in_force(budget)
    OpeningBalance.objects.bulk_create(
        OpeningBalance(
            budget=budget,
            period=line.period,
            number=before[line.period].number + 1 if line.period in before else 1,
            starts_on=line.starts_on,
            ends_on=line.ends_on,
            amount_usd=line.amount_usd,
            source=approval.terms["source"],
            reason=approval.terms["reason"],
            approval=approval,
            by=move.by,
            at=move.at,
        )
        for line in lines
    )


def reject_opening(budget: Budget, move: BudgetMove) -> None:
    _waiting(budget)
    move.need_reason("A rejection needs a reason.")
    _decide(budget, move, approve=False)


def withdraw_opening(budget: Budget, move: BudgetMove) -> None:
    _waiting(budget)
    withdraw_request(kind=OPENING, subject_id=budget.pk, by=move.by, at=move.at)


def void_opening(budget: Budget, *, by: User, at: datetime) -> None:
    """End what waits for a decision together with the budget it is about."""
    if opening_waiting(budget) is not None:
        void_request(kind=OPENING, subject_id=budget.pk, by=by, at=at)


def _wanted(budget: Budget, move: BudgetMove) -> list[CoveredLine]:
    asked = move.opening
    if asked is None or not asked.lines:
        raise Invalid.of("periods", "Name what was spent in one period at least.")
    lines, errors = covered_lines(budget, asked.lines, on=reporting_today(move.at))
    if not asked.source.strip() or len(asked.source.strip()) > MOST_SOURCE:
        detail = f"Name the source, such as an invoice, in at most {MOST_SOURCE} characters."
        errors.append(FieldError("/source", detail))
    if not move.reason.strip():
        errors.append(FieldError("/reason", "Say why: the person who decides will read it."))
    before = openings_in_force(budget)
    if not errors and all(_stands(line, before) for line in lines):
        errors.append(FieldError("/periods", "These stand already: nothing would change."))
    if errors:
        raise Invalid(" ".join(error.detail for error in errors), errors=errors)
    return lines


def _stands(line: CoveredLine, before: dict[int, OpeningBalance]) -> bool:
    row = before.get(line.period)
    if row is None:
        return False
    return (row.amount_usd, row.ends_on) == (line.amount_usd, line.ends_on)


def _waiting(budget: Budget) -> Approval:
    waiting = opening_waiting(budget)
    if waiting is None:
        raise Refusal(f"No opening balance of {budget} waits for a decision.")
    return waiting


def _decide(budget: Budget, move: BudgetMove, *, approve: bool) -> Approval:
    waiting = _waiting(budget)
    terms = opening_terms(
        budget,
        lines_asked(waiting),
        source=waiting.terms["source"],
        reason=waiting.terms["reason"],
    )
    return record_decision(
        kind=OPENING,
        subject_id=budget.pk,
        approve=approve,
        by=move.by,
        reason=move.reason,
        at=move.at,
        terms_hash=terms_hash_of(terms),
    )
