"""Reading the budget ledger: balances, and the journals that touched an account."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Q, Sum

from budgets.amounts import Amounts
from budgets.lifecycle import SPENDING
from budgets.models import Account, Budget, Initiative, Journal, Posting
from org.models import Unit

ZERO = Decimal("0.00")
# The account of each class of a budget's money, in the order of `Amounts`.
KINDS = (Account.Kind.CORE, Account.Kind.POOL, Account.Kind.RESERVE)


def balance_usd(account: Account) -> Decimal:
    """Return the sum of everything ever posted to the account."""
    total = Posting.objects.filter(account=account).aggregate(total=Sum("amount_usd"))["total"]
    return total if total is not None else ZERO


def balances_of_units(
    *, units: Iterable[Unit], fiscal_year: int
) -> dict[tuple[int, Account.Kind], Decimal]:
    """Return what the core, pool and reserve accounts of the units hold, by unit and kind."""
    rows = (
        Posting.objects.filter(
            account__fiscal_year=fiscal_year,
            account__unit__in=[unit.pk for unit in units],
            account__kind__in=KINDS,
        )
        .values_list("account__unit", "account__kind")
        .annotate(total=Sum("amount_usd"))
    )
    return {(unit_id, Account.Kind(kind)): total for unit_id, kind, total in rows}


def held_by(budget: Budget) -> Amounts:
    """Return what the budget's own accounts hold: what can be passed on, capped or opened."""
    held = balances_of_units(units=[budget.unit], fiscal_year=budget.fiscal_year)
    return Amounts(*(held.get((budget.unit_id, kind), ZERO) for kind in KINDS))


def committed_to_experiments(*, units: Iterable[Unit], fiscal_year: int) -> dict[int, Decimal]:
    """Return what the units' experiments hold of their pools, by unit."""
    rows = (
        Posting.objects.filter(
            account__fiscal_year=fiscal_year,
            account__unit__in=[unit.pk for unit in units],
            account__kind=Account.Kind.INITIATIVE,
        )
        .values_list("account__unit")
        .annotate(total=Sum("amount_usd"))
    )
    return dict(rows)


def held_by_experiment(initiative: Initiative) -> Decimal | None:
    """Return what a running experiment holds of its cap; None where it holds all or has ended."""
    if initiative.state not in SPENDING:
        return None
    own = account_of_experiment(initiative)
    held_usd = balance_usd(own) if own else ZERO
    return held_usd if held_usd < initiative.cap_usd else None


def account_of_experiment(initiative: Initiative) -> Account | None:
    """Return the experiment's account of the year it draws on; the last, where it has more."""
    found = Account.objects.filter(kind=Account.Kind.INITIATIVE, initiative=initiative)
    return found.order_by("-fiscal_year").first()


def pool_left_usd(*, unit: Unit, fiscal_year: int) -> Decimal:
    """Return what the unit's experimentation pool can still give."""
    held = balances_of_units(units=[unit], fiscal_year=fiscal_year)
    return held.get((unit.pk, Account.Kind.POOL), ZERO)


def journals_of_budget(budget: Budget) -> list[Journal]:
    """Return the journals that touched the budget's accounts, oldest first."""
    own = Q(
        postings__account__unit=budget.unit,
        postings__account__fiscal_year=budget.fiscal_year,
    )
    return _in_order(own)


def journals_of_initiative(initiative: Initiative) -> list[Journal]:
    """Return the journals that touched the initiative's account, oldest first."""
    return _in_order(Q(postings__account__initiative=initiative))


def _in_order(condition: Q) -> list[Journal]:
    found = Journal.objects.filter(condition).distinct().order_by("at", "pk")
    return list(
        found.select_related("by__person").prefetch_related(
            "postings__account__unit", "postings__account__initiative"
        )
    )
