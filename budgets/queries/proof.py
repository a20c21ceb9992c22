"""Proof of the budget ledger: journals sum to zero, budgets are what was granted."""

from django.db.models import Sum

from budgets.lifecycle import BudgetState
from budgets.models import Budget, Posting
from budgets.queries.hierarchy import beneath_of
from budgets.queries.ledger import ZERO, committed_to_experiments, held_by
from org.templatetags.figures import usd


def journals_sum_to_zero() -> str | None:
    """Return the first journal whose postings do not sum to zero."""
    off = (
        Posting.objects.values("journal")
        .annotate(sum_usd=Sum("amount_usd"))
        .exclude(sum_usd=0)
        .order_by("journal")
        .first()
    )
    return off and f"Journal {off['journal']} is off by {off['sum_usd']} dollars."


def budgets_are_what_was_granted() -> str | None:
    """Return the first active budget that is not what its accounts hold and passed on."""
    active = Budget.objects.filter(state=BudgetState.ACTIVE).select_related("unit").order_by("pk")
    for budget in active:
        year = budget.fiscal_year
        held = held_by(budget).plus(beneath_of([budget], fiscal_year=year)[budget.pk])
        committed = committed_to_experiments(units=[budget.unit], fiscal_year=year)
        held = held._replace(
            experiment_usd=held.experiment_usd + committed.get(budget.unit_id, ZERO)
        )
        for (label, amount), found in zip(budget.amounts.named(), held, strict=True):
            if amount != found:
                return f"{label} of {budget}: {usd(amount)} in force, {usd(found)} in the ledger."
    return None
