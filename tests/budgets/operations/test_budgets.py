"""Budgets: asked for by one person, decided by another, paid from the fund or from above."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from budgets.lifecycle import BUDGET_TRANSITIONS, BudgetAction, BudgetState
from budgets.models import Account, Budget, Journal
from budgets.operations.budgets import take_budget_step
from budgets.operations.ledger import account_of
from budgets.queries.ledger import balance_usd
from org.audit import first_broken_link
from org.models import Approval, FiscalPeriod, Role
from org.operations.approvals import SelfApproval
from org.refusals import Invalid, NotAllowed, Refusal, Stale
from policy.models import PolicyRevision, Scope
from tests.factories.budgets import asked_budget, budget_step, granted_budget
from tests.factories.org import new_user
from tests.org_cast import Cast, gather
from tests.races import race


def step(
    budget: Any, action: Any, *, by: Any, at: datetime, reason: str = "", version: int | None = None
) -> Budget:
    return take_budget_step(
        budget_id=budget.pk,
        action=BudgetAction(action),
        by=by,
        reason=reason,
        version=budget.version if version is None else version,
        at=at,
    )


def held(unit: Any, kind: Any) -> Decimal:
    return balance_usd(account_of(kind=kind, fiscal_year=2026, unit=unit))


def fund() -> Decimal:
    return balance_usd(account_of(kind=Account.Kind.FUND, fiscal_year=2026))


def test_a_request_waits_for_a_decision_and_moves_no_money(cast: Cast, at: datetime) -> None:
    budget = asked_budget(cast, by=cast.grace, at=at)

    approval = Approval.objects.get()
    assert budget.state == BudgetState.REQUESTED
    assert (approval.kind, approval.subject_id, approval.amount_usd) == (
        "budget",
        budget.pk,
        Decimal("1500.00"),
    )
    assert approval.url == f"/approvals/{approval.pk}/"
    assert Journal.objects.count() == 0


def test_an_approved_budget_moves_its_money_from_the_fund_to_core_and_pool(
    cast: Cast, at: datetime
) -> None:
    budget = granted_budget(cast, core="1000.00", pool="500.00", at=at)

    assert budget.state == BudgetState.ACTIVE
    assert fund() == Decimal("-1500.00")
    assert held(cast.support, Account.Kind.CORE) == Decimal("1000.00")
    assert held(cast.support, Account.Kind.POOL) == Decimal("500.00")
    journal = Journal.objects.get()
    assert journal.by == cast.carl
    assert journal.approval == Approval.objects.get()


def test_an_approved_budget_gives_its_unit_a_scope_and_all_above_it(
    cast: Cast, at: datetime
) -> None:
    granted_budget(cast, at=at)

    assert list(Scope.objects.order_by("pk").values_list("slug", "parent__slug")) == [
        ("org", None),
        ("unit:acme", "org"),
        ("unit:operations", "unit:acme"),
        ("unit:support", "unit:operations"),
    ]
    assert PolicyRevision.objects.count() == 1


def test_each_step_is_remembered_and_the_audit_chain_holds(cast: Cast, at: datetime) -> None:
    budget = granted_budget(cast, by=cast.grace, at=at)

    steps = budget.steps.order_by("pk").values_list("action", "from_state", "to_state", "by")
    assert list(steps) == [
        ("submit", "draft", "requested", cast.grace.pk),
        ("approve", "requested", "active", cast.carl.pk),
    ]
    assert first_broken_link() is None


def test_the_cfo_who_asked_may_not_approve(cast: Cast, at: datetime) -> None:
    budget = asked_budget(cast, by=cast.carl, at=at)

    with pytest.raises(SelfApproval, match="another person has to decide"):
        step(budget, "approve", by=cast.carl, at=at)

    assert Budget.objects.get().state == BudgetState.REQUESTED


def test_a_second_account_of_the_person_who_asked_may_not_approve(cast: Cast, at: datetime) -> None:
    budget = asked_budget(cast, by=cast.carl, at=at)
    other_account = new_user(username="carl-admin", person=cast.carl.person, roles=[Role.CFO])

    with pytest.raises(SelfApproval):
        step(budget, "approve", by=other_account, at=at)


@pytest.mark.parametrize("name", ["fiona", "greta", "ed", "aud", "ada", "stan"])
def test_only_a_cfo_approves(cast: Cast, at: datetime, name: str) -> None:
    budget = asked_budget(cast, by=cast.grace, at=at)

    with pytest.raises(NotAllowed):
        step(budget, "approve", by=getattr(cast, name), at=at)


@pytest.mark.parametrize("name", ["greta", "ed", "aud", "ada", "stan"])
def test_only_the_units_manager_finance_and_the_cfo_ask(
    cast: Cast, at: datetime, name: str
) -> None:
    with pytest.raises(NotAllowed):
        asked_budget(cast, by=getattr(cast, name), at=at)


def test_a_rejection_needs_a_reason_and_moves_no_money(cast: Cast, at: datetime) -> None:
    budget = asked_budget(cast, at=at)

    with pytest.raises(Invalid, match="needs a reason"):
        step(budget, "reject", by=cast.carl, at=at)
    rejected = step(budget, "reject", by=cast.carl, reason="Not this year.", at=at)

    assert rejected.state == BudgetState.REJECTED
    assert Journal.objects.count() == 0


def test_a_rejected_budget_may_be_asked_for_again(cast: Cast, at: datetime) -> None:
    step(asked_budget(cast, at=at), "reject", by=cast.carl, reason="Too much.", at=at)

    assert asked_budget(cast, core="800.00", at=at).state == BudgetState.REQUESTED


def test_a_withdrawn_request_leaves_nothing_to_decide(cast: Cast, at: datetime) -> None:
    budget = asked_budget(cast, at=at)

    step(budget, "withdraw", by=cast.fiona, at=at)

    assert Approval.objects.get().state == Approval.State.WITHDRAWN


def test_a_unit_has_one_budget_a_year(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)

    with pytest.raises(Refusal, match="Support has a budget for FY2026 already"):
        asked_budget(cast, at=at)
    assert asked_budget(cast, fiscal_year=2027, at=at).fiscal_year == 2027


def test_a_year_that_is_not_open_is_refused(cast: Cast, at: datetime) -> None:
    with pytest.raises(Refusal, match="2031"):
        asked_budget(cast, fiscal_year=2031, at=at)


@pytest.mark.parametrize(
    ("core", "pool", "pointers"),
    [
        ("-1", "0", ["/core_usd"]),
        ("0.001", "-5", ["/core_usd", "/experiment_usd"]),
        ("NaN", "0", ["/core_usd"]),
        ("0", "0", ["/core_usd"]),
    ],
)
def test_amounts_that_make_no_budget_are_named_all_at_once(
    cast: Cast, at: datetime, core: str, pool: str, pointers: list[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        asked_budget(cast, core=core, pool=pool, at=at)

    assert [error.pointer for error in refused.value.errors] == pointers


def test_a_step_on_an_old_reading_is_refused_with_the_state_there_is(
    cast: Cast, at: datetime
) -> None:
    budget = asked_budget(cast, at=at)
    step(budget, "approve", by=cast.carl, at=at)

    with pytest.raises(Stale, match="it is active now") as refused:
        step(budget, "reject", by=cast.carl, reason="No.", version=budget.version, at=at)

    assert refused.value.extra == {"version": 3, "state": "active"}


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (state, action)
        for state in BudgetState
        for action in BudgetAction
        if action not in BUDGET_TRANSITIONS[state]
    ],
)
def test_a_step_the_table_does_not_know_is_refused(
    cast: Cast, at: datetime, state: Any, action: Any
) -> None:
    budget = asked_budget(cast, at=at)
    Budget.objects.update(state=state)

    with pytest.raises(Refusal, match="cannot be changed by"):
        step(budget, action, by=cast.carl, reason="Because.", at=at)


def test_a_year_is_closed_after_it_ended(cast: Cast, at: datetime) -> None:
    budget = granted_budget(cast, at=at)

    with pytest.raises(Refusal, match="can be closed after that"):
        step(budget, "close", by=cast.fiona, at=at)
    closed = step(budget, "close", by=cast.fiona, at=at.replace(year=2027))

    assert closed.state == BudgetState.CLOSED


class TestBudgetsBeneathBudgets:
    def test_money_beneath_a_budget_comes_from_that_budget(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, unit=cast.operations, core="1000.00", pool="300.00", at=at)

        granted_budget(cast, unit=cast.support, core="400.00", pool="100.00", at=at)

        assert fund() == Decimal("-1300.00")
        assert held(cast.operations, Account.Kind.CORE) == Decimal("600.00")
        assert held(cast.operations, Account.Kind.POOL) == Decimal("200.00")
        assert held(cast.support, Account.Kind.CORE) == Decimal("400.00")

    def test_the_nearest_budget_above_gives_also_over_units_without_one(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, unit=cast.acme, core="1000.00", pool="0.00", at=at)

        granted_budget(cast, unit=cast.support, core="400.00", pool="0.00", at=at)

        assert held(cast.acme, Account.Kind.CORE) == Decimal("600.00")

    def test_more_than_the_budget_above_has_left_is_refused(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, unit=cast.operations, core="1000.00", pool="0.00", at=at)
        granted_budget(cast, unit=cast.claims, core="700.00", pool="0.00", at=at)

        with pytest.raises(Invalid, match=r"Operations has \$300.00 left .*: \$0.01 less"):
            asked_budget(cast, unit=cast.support, core="300.01", pool="0.00", at=at)

    def test_a_budget_above_holds_at_least_what_those_beneath_were_granted(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, unit=cast.support, core="400.00", pool="100.00", at=at)

        with pytest.raises(Invalid, match=r"granted \$400.00 already, \$0.01 more"):
            asked_budget(cast, unit=cast.operations, core="399.99", pool="100.00", at=at)

    def test_a_budget_above_that_comes_later_adds_only_what_is_new(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, unit=cast.support, core="400.00", pool="100.00", at=at)

        granted_budget(cast, unit=cast.operations, core="1000.00", pool="100.00", at=at)

        assert fund() == Decimal("-1100.00")
        assert held(cast.operations, Account.Kind.CORE) == Decimal("600.00")
        assert held(cast.operations, Account.Kind.POOL) == Decimal("0.00")

    def test_a_budget_that_only_restates_those_beneath_moves_nothing(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, unit=cast.support, core="400.00", pool="100.00", at=at)

        budget = granted_budget(cast, unit=cast.operations, core="400.00", pool="100.00", at=at)

        assert budget.state == BudgetState.ACTIVE
        assert Journal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_cannot_share_what_only_one_can_have(at: datetime) -> None:
    cast = gather()
    granted_budget(cast, unit=cast.operations, core="1000.00", pool="0.00", at=at)
    for_support = asked_budget(cast, unit=cast.support, core="600.00", pool="0.00", at=at)
    for_claims = asked_budget(cast, unit=cast.claims, core="600.00", pool="0.00", at=at)

    results = race(
        lambda: step(for_support, "approve", by=cast.carl, at=at),
        lambda: step(for_claims, "approve", by=cast.carl, at=at),
    )

    assert sorted(type(result).__name__ for result in results) == ["Budget", "Invalid"]
    assert held(cast.operations, Account.Kind.CORE) == Decimal("400.00")


@pytest.mark.django_db(transaction=True)
def test_one_budget_is_granted_once_however_often_it_is_approved_at_once(at: datetime) -> None:
    cast = gather()
    budget = asked_budget(cast, at=at)

    results = race(*[lambda: step(budget, "approve", by=cast.carl, at=at)] * 4)

    assert sorted(type(result).__name__ for result in results) == ["Budget"] + ["Stale"] * 3
    assert fund() == Decimal("-1500.00")


def test_asking_for_money_keeps_the_days_of_its_year(cast: Cast, at: datetime) -> None:
    asked_budget(cast, at=at)

    assert {row.booked_at for row in FiscalPeriod.objects.of_year(2026)} == {at}
    assert {row.booked_at for row in FiscalPeriod.objects.of_year(2027)} == {None}


def test_what_is_refused_keeps_no_year(cast: Cast, at: datetime) -> None:
    with pytest.raises(Invalid):
        asked_budget(cast, core="0.00", pool="0.00", at=at)

    assert {row.booked_at for row in FiscalPeriod.objects.of_year(2026)} == {None}


def test_nothing_of_a_year_that_is_over_is_asked_for_or_granted(cast: Cast, at: datetime) -> None:
    asked = asked_budget(cast, at=at)
    january = datetime(2027, 1, 1, 0, 0, tzinfo=UTC)

    with pytest.raises(Refusal, match="FY2026 is over: nothing of it"):
        budget_step(asked, "approve", by=cast.carl, at=january)
    with pytest.raises(Invalid) as refused:
        asked_budget(cast, unit=cast.claims, at=january)

    assert [error.pointer for error in refused.value.errors] == ["/fiscal_year"]
    assert budget_step(asked, "reject", by=cast.carl, at=january).state == "rejected"
