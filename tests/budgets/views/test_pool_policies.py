"""A pool under the policies that were not chosen: from real spend, with what is not known."""

from datetime import date, datetime

from budgets.models import Budget
from ingestion.operations.outcomes import record_outcomes
from tests.budgets.conftest import SignIn
from tests.factories.budgets import granted_budget, running, spend
from tests.factories.outcomes import defined, told
from tests.org_cast import Cast


def page_of(cast: Cast, as_user: SignIn, query: str = "") -> str:
    budget = Budget.objects.get(unit=cast.support)
    answer = as_user(cast.carl).get(f"/budgets/{budget.pk}/pool-policies/{query}")
    return answer.content.decode()


def test_spend_of_experiments_is_held_against_results_of_the_period_before(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    defined(cast, at=at)
    for day in ("2026-10-01", "2026-10-31", "2026-11-01"):
        told_on = told(day, at=f"{day}T10:00:00Z")
        record_outcomes(records=[told_on], by=cast.ed, at=at)
    spend(cast.support, date(2026, 11, 20), "6.40", cost_object=made.cost_object)
    spend(cast.support, date(2026, 11, 19), "99.00")

    page = page_of(cast, as_user, "?results=ticket-answered&usd_a_result=2")

    assert "1 experiment spent $6.40." in page
    assert "they could cost $10.00 in their dearest day" in page
    assert "could have lost $500.00 in one" in page
    # Two tickets in October allow $4.00 in November.
    assert "Linked to output, $2.40 of it would have had no money when it was needed" in page
    assert "as far as results are known" in page


def test_without_results_that_anybody_counts_output_funds_nothing(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)

    page = page_of(cast, as_user)

    assert "Nobody counts results in Support or beneath it" in page
    assert "0 experiments spent $0.00" in page


def test_a_rate_that_is_no_amount_is_refused_in_place(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    defined(cast, at=at)

    page = page_of(cast, as_user, "?results=ticket-answered&usd_a_result=-1")

    assert "greater than or equal to 0" in page


def test_who_cannot_see_the_budget_does_not_see_this(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)

    answer = as_user(cast.greta).get(f"/budgets/{budget.pk}/pool-policies/")

    assert answer.status_code == 404
