"""Posting to the budget ledger: accounts made once, journals that sum to zero."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from budgets.models import Account, Initiative, Journal, Posting
from budgets.queries.hierarchy import ids_above
from budgets.queries.ledger import KINDS
from finops.ledger import Line, check_balanced
from finops.money import to_cents
from org.models import Approval, Unit, User

Entry = tuple[Account, Decimal]


def account_of(
    *,
    kind: Account.Kind,
    fiscal_year: int,
    unit: Unit | None = None,
    initiative: Initiative | None = None,
) -> Account:
    """Return the account, made now if nobody has; two callers at once get the same one."""
    identity = {"kind": kind, "fiscal_year": fiscal_year, "unit": unit, "initiative": initiative}
    Account.objects.bulk_create([Account(**identity)], ignore_conflicts=True)
    return Account.objects.get(**identity)


def locked(account: Account) -> Account:
    """Return the account with its row locked: nobody else moves its money until we commit."""
    return Account.objects.select_for_update().get(pk=account.pk)


def lock_year(fiscal_year: int) -> Account:
    """Lock and return the fund of a year: its budgets are moved by one at a time.

    What a parent has left for its children, and what a budget is, cannot change between our
    look and our posting. It is taken before any other row of the year.
    """
    return locked(account_of(kind=Account.Kind.FUND, fiscal_year=fiscal_year))


def lock_line(*, unit: Unit, fiscal_year: int) -> None:
    """Lock the accounts from the topmost unit down to this one, in that order.

    Experiments draw on pools without asking the fund; this keeps them from it.
    """
    accounts = Account.objects.filter(
        fiscal_year=fiscal_year, unit__in=[*ids_above(unit), unit.pk], kind__in=KINDS
    )
    list(accounts.select_for_update(of=("self",)).order_by("unit__path", "kind"))


@transaction.atomic
def post_journal(
    *,
    kind: Journal.Kind,
    memo: str,
    lines: Sequence[Entry],
    by: User | None,
    at: datetime,
    approval: Approval | None = None,
) -> Journal:
    """Record a movement of money. A line of zero moves nothing and is left out.

    Raises `finops.ledger.Unbalanced` unless the lines sum to zero, and ValueError for an
    amount finer than a cent: the ledger would have to round it.
    """
    moving = [(account, amount) for account, amount in lines if amount != 0]
    for account, amount in moving:
        if to_cents(amount) != amount:
            raise ValueError(f"The line of {account} is finer than a cent: {amount}.")
    check_balanced([Line(account.pk, amount) for account, amount in moving])
    journal = Journal.objects.create(kind=kind, memo=memo, by=by, at=at, approval=approval)
    Posting.objects.bulk_create(
        Posting(journal=journal, account=account, amount_usd=amount) for account, amount in moving
    )
    return journal
