"""Reserves: granted with a budget, opened by a signed transfer alone, into core or pool."""

from datetime import datetime
from decimal import Decimal

import pytest

from budgets.amounts import Amounts
from budgets.models import Account, Budget, Journal
from budgets.operations.ledger import account_of
from budgets.queries.ledger import balance_usd, held_by
from budgets.queries.proof import budgets_are_what_was_granted
from budgets.queries.standing import standing_of
from org.models import Approval
from org.operations.approvals import SelfApproval
from org.refusals import Invalid, Stale
from tests.factories.budgets import (
    budget_step,
    granted_budget,
    ledger_total,
    revised,
    revision_asked,
)
from tests.org_cast import Cast, gather
from tests.races import race


def amounts(core: str, pool: str, reserve: str) -> Amounts:
    return Amounts(Decimal(core), Decimal(pool), Decimal(reserve))


def fund() -> Decimal:
    return balance_usd(account_of(kind=Account.Kind.FUND, fiscal_year=2026))


def test_a_reserve_is_granted_with_its_budget_and_is_no_core_money(
    cast: Cast, at: datetime
) -> None:
    budget = granted_budget(cast, core="1000.00", pool="500.00", reserve="200.00", at=at)

    standing = standing_of(budget=budget, on=at.date())
    assert fund() == Decimal("-1700.00")
    assert held_by(budget) == amounts("1000.00", "500.00", "200.00")
    assert standing.core.available_usd == Decimal("1000.00")
    assert standing.reserve.left_usd == Decimal("200.00")


def test_a_reserve_beneath_another_is_paid_from_that_one(cast: Cast, at: datetime) -> None:
    above = granted_budget(cast, unit=cast.operations, core="5000", reserve="300.00", at=at)

    granted_budget(cast, reserve="200.00", at=at)

    assert held_by(above).reserve_usd == Decimal("100.00")
    assert standing_of(budget=above, on=at.date()).reserve.passed_on_usd == Decimal("200.00")


def test_more_reserve_than_the_budget_above_has_is_refused(cast: Cast, at: datetime) -> None:
    granted_budget(cast, unit=cast.operations, core="5000", reserve="100.00", at=at)

    with pytest.raises(Invalid, match=r"Operations has \$100.00 left to pass on: \$50.00 less"):
        granted_budget(cast, reserve="150.00", at=at)


def test_opening_moves_reserve_into_core_in_one_journal_and_nothing_else(
    cast: Cast, at: datetime
) -> None:
    budget = granted_budget(cast, reserve="200.00", at=at)

    budget = revised(cast, budget, core="1120.00", pool="530.00", reserve="50.00", at=at)

    lines = Journal.objects.get(kind="transfer").postings.values_list("account__kind", "amount_usd")
    assert dict(lines) == {
        "core": Decimal("120.00"),
        "pool": Decimal("30.00"),
        "reserve": Decimal("-150.00"),
    }
    assert budget.amounts == held_by(budget) == amounts("1120.00", "530.00", "50.00")
    assert budget.revisions.get().kind == "transfer"
    assert Approval.objects.get(kind="revision").amount_usd == Decimal("150.00")
    assert fund() == Decimal("-1700.00")


def test_opening_needs_another_person(cast: Cast, at: datetime) -> None:
    budget = granted_budget(cast, reserve="200.00", at=at)
    revision_asked(budget, by=cast.carl, core="1200.00", reserve="0.00", at=at)

    with pytest.raises(SelfApproval):
        budget_step(budget, "grant_revision", by=cast.carl, at=at)

    assert held_by(budget).reserve_usd == Decimal("200.00")


def test_a_reserve_is_not_opened_beside_another_change(cast: Cast, at: datetime) -> None:
    budget = granted_budget(cast, reserve="200.00", at=at)

    with pytest.raises(
        Invalid, match=r"It gives \$100.00; core and pool would gain \$400.00"
    ) as refused:
        revision_asked(budget, by=cast.grace, core="1400.00", reserve="100.00", at=at)

    assert [error.pointer for error in refused.value.errors] == ["/reserve_usd"]


def test_a_reserve_may_be_given_back_to_where_it_came_from(cast: Cast, at: datetime) -> None:
    above = granted_budget(cast, unit=cast.operations, core="5000", reserve="300.00", at=at)
    budget = granted_budget(cast, reserve="200.00", at=at)

    revised(cast, budget, reserve="120.00", at=at)

    assert held_by(above).reserve_usd == Decimal("180.00")
    assert budget.revisions.get().kind == "change"


def test_what_was_passed_on_cannot_be_opened(cast: Cast, at: datetime) -> None:
    above = granted_budget(cast, unit=cast.operations, core="5000", reserve="300.00", at=at)
    granted_budget(cast, reserve="200.00", at=at)

    with pytest.raises(Invalid, match=r"no less than \$200.00: \$200.00 is held by units beneath"):
        revision_asked(above, by=cast.fiona, core="5200.00", pool="500.00", reserve="100.00", at=at)


class TestOpeningBeneathAnotherBudget:
    """The budget above holds what its units hold, so the same money changes class in it."""

    def test_revises_all_above_by_the_same_decision(self, cast: Cast, at: datetime) -> None:
        top = granted_budget(cast, unit=cast.acme, core="9000", reserve="400.00", at=at)
        above = granted_budget(cast, unit=cast.operations, core="5000", reserve="300.00", at=at)
        budget = granted_budget(cast, reserve="200.00", at=at)

        revised(cast, budget, core="1150.00", reserve="50.00", at=at)

        top.refresh_from_db()
        above.refresh_from_db()
        assert top.amounts == amounts("9150.00", "500.00", "250.00")
        assert above.amounts == amounts("5150.00", "500.00", "150.00")
        assert held_by(above) == amounts("4000.00", "0.00", "100.00")  # as before
        decisions = {each.revisions.get().approval_id for each in (top, above, budget)}
        assert decisions == {Approval.objects.get(kind="revision").pk}
        assert budgets_are_what_was_granted() is None
        step = above.steps.latest("pk")
        assert step.action == "open_reserve_beneath"
        assert step.reason == "Support opened its reserve. It was decided."

    def test_ends_a_revision_of_one_above_whose_amounts_it_changed(
        self, cast: Cast, at: datetime
    ) -> None:
        above = granted_budget(cast, unit=cast.operations, core="5000", reserve="300.00", at=at)
        budget = granted_budget(cast, reserve="200.00", at=at)
        read = Budget.objects.get(pk=above.pk).version + 1
        revision_asked(above, by=cast.fiona, core="6000.00", reserve="300.00", at=at)

        revised(cast, budget, core="1150.00", reserve="50.00", at=at)

        assert Approval.objects.get(kind="revision", subject_id=above.pk).state == "void"
        with pytest.raises(Stale):
            budget_step(above, "grant_revision", by=cast.carl, version=read, at=at)


@pytest.mark.django_db(transaction=True)
def test_openings_and_revisions_of_one_tree_at_once_neither_block_nor_lose(at: datetime) -> None:
    cast = gather()
    above = granted_budget(cast, unit=cast.operations, core="5000", reserve="500.00", at=at)
    both = [
        granted_budget(cast, unit=unit, reserve="200.00", pool="0.00", at=at)
        for unit in (cast.support, cast.claims)
    ]
    for budget in both:
        revision_asked(budget, by=cast.fiona, core="1150.00", pool="0", reserve="50.00", at=at)
    revision_asked(above, by=cast.fiona, core="6000.00", reserve="500.00", at=at)
    waiting = [*both, above]

    results = race(
        *[lambda b=b: budget_step(b, "grant_revision", by=cast.carl, at=at) for b in waiting]
    )

    above.refresh_from_db()
    core = {"Budget": Decimal("6300.00")}.get(type(results[2]).__name__, Decimal("5300.00"))
    assert [type(result) for result in results[:2]] == [Budget, Budget]
    assert (above.core_usd, above.reserve_usd) == (core, Decimal("200.00"))
    assert budgets_are_what_was_granted() is None
    assert ledger_total() == 0
