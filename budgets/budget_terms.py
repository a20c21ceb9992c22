"""The terms of a budget, as approvals and history keep them."""

from budgets.models import Budget
from budgets.phasing import Phasing


def terms_of(budget: Budget) -> dict[str, str]:
    """Return what is asked for, as the approval keeps it."""
    return {
        "unit": budget.unit.slug,
        "fiscal_year": str(budget.fiscal_year),
        "core_usd": f"{budget.core_usd:.2f}",
        "experiment_usd": f"{budget.experiment_usd:.2f}",
        **_reserve_terms(budget),
        "note": budget.note,
        **_phasing_terms(budget),
    }


def _reserve_terms(budget: Budget) -> dict[str, str]:
    # No reserve is no term: requests that waited when there was none stay as asked.
    return {"reserve_usd": f"{budget.reserve_usd:.2f}"} if budget.reserve_usd else {}


def _phasing_terms(budget: Budget) -> dict[str, str]:
    # An even phasing is no term: requests that waited when there was no other stay as asked.
    if budget.phasing == Phasing.EVEN:
        return {}
    # Written alike before they are stored and after, when they carry all their decimals.
    weights = [f"{weight:.12f}".rstrip("0").rstrip(".") for weight in budget.phasing_weights or []]
    return {"phasing": budget.phasing, "phasing_weights": " ".join(weights)}
