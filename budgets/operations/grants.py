"""Moving a budget's money: from the budget above or the fund, or within the budget itself."""

from datetime import datetime
from decimal import Decimal

from budgets.amounts import Amounts
from budgets.models import Account, Budget, Journal
from budgets.operations.ledger import account_of, post_journal
from budgets.queries.ledger import KINDS
from org.models import Approval, Unit, User


def move_money(
    budget: Budget,
    difference: Amounts,
    *,
    parent: Budget | None,
    kind: Journal.Kind,
    memo: str,
    approval: Approval,
    by: User,
    at: datetime,
) -> None:
    """Give the budget a difference in each class; below zero it is given back."""
    lines = _lines(budget, budget.unit, difference)
    if parent is None:
        fund = account_of(kind=Account.Kind.FUND, fiscal_year=budget.fiscal_year)
        lines.append((fund, -difference.total_usd))
    else:
        lines += [(account, -usd) for account, usd in _lines(budget, parent.unit, difference)]
    if any(usd for _, usd in lines):
        post_journal(kind=kind, memo=memo, lines=lines, by=by, at=at, approval=approval)


def open_reserve(
    budget: Budget, difference: Amounts, *, approval: Approval, by: User, at: datetime
) -> None:
    """Move reserve into the budget's own core or pool; no other account takes part."""
    post_journal(
        kind=Journal.Kind.TRANSFER,
        memo=f"Reserve of {budget} opened",
        lines=_lines(budget, budget.unit, difference),
        by=by,
        at=at,
        approval=approval,
    )


def _lines(budget: Budget, unit: Unit, difference: Amounts) -> list[tuple[Account, Decimal]]:
    return [
        (account_of(kind=kind, fiscal_year=budget.fiscal_year, unit=unit), usd)
        for kind, usd in zip(KINDS, difference, strict=True)
        if usd
    ]
