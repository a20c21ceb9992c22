"""Revisions: signed by two people, paid from above, never below what is spent or held."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from budgets.amounts import Amounts
from budgets.lifecycle import BudgetState
from budgets.models import Account, Budget, BudgetRevision, Journal, Posting
from budgets.operations.ledger import account_of
from budgets.queries.hierarchy import budgets_right_beneath, sum_of
from budgets.queries.ledger import balance_usd, held_by
from budgets.queries.standing import standing_of
from org.audit import first_broken_link
from org.models import Approval, Notice, Role, Unit
from org.operations.approvals import SelfApproval
from org.refusals import Invalid, NotAllowed, Refusal, Stale
from tests.factories.budgets import (
    asked_budget,
    budget_step,
    granted_budget,
    ledger_total,
    requested,
    revised,
    revision_asked,
    running,
    spend,
    stepped,
)
from tests.factories.org import new_unit, new_user
from tests.org_cast import Cast, gather
from tests.races import race

ROUNDS = 10
MORE = {"core": "1600.00", "pool": "500.00"}


def fund() -> Decimal:
    return balance_usd(account_of(kind=Account.Kind.FUND, fiscal_year=2026))


class TestAskingForARevision:
    def test_moves_no_money_and_waits_in_the_inbox(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)

        revision_asked(budget, by=cast.grace, at=at, **MORE)

        approval = Approval.objects.get(kind="revision")
        assert approval.title == ("Budget of Support FY2026: core $1,600.00 instead of $1,000.00")
        assert approval.url == f"/approvals/{approval.pk}/"
        assert approval.amount_usd == Decimal("600.00")
        assert fund() == Decimal("-1500.00")
        assert Budget.objects.get().amounts == Amounts(Decimal(1000), Decimal(500), Decimal(0))

    @pytest.mark.parametrize("name", ["greta", "ed", "aud", "ada", "stan"])
    def test_is_for_the_units_manager_finance_and_the_cfo(
        self, cast: Cast, at: datetime, name: str
    ) -> None:
        budget = granted_budget(cast, at=at)

        with pytest.raises(NotAllowed):
            revision_asked(budget, by=getattr(cast, name), at=at, **MORE)

    @pytest.mark.parametrize(
        ("amounts", "pointer"),
        [
            ({"core": "1000.00"}, "/core_usd"),  # nothing changes
            ({"core": "-1"}, "/core_usd"),
            ({"pool": "0.001"}, "/experiment_usd"),
            ({"reserve": "NaN"}, "/reserve_usd"),
        ],
    )
    def test_of_no_other_plain_amounts_is_refused_in_its_field(
        self, cast: Cast, at: datetime, amounts: dict[str, str], pointer: str
    ) -> None:
        budget = granted_budget(cast, at=at)

        with pytest.raises(Invalid) as refused:
            revision_asked(budget, by=cast.grace, at=at, **amounts)

        assert [error.pointer for error in refused.value.errors] == [pointer]

    def test_needs_a_reason(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)

        with pytest.raises(Invalid, match="needs a reason"):
            revision_asked(budget, by=cast.grace, at=at, reason="  ", **MORE)

    def test_is_possible_once_at_a_time(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        revision_asked(budget, by=cast.grace, at=at, **MORE)

        with pytest.raises(Refusal, match="already waits for a decision"):
            revision_asked(budget, by=cast.fiona, at=at, core="1700.00")

    def test_after_the_year_is_refused(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)

        with pytest.raises(Invalid, match="FY2026 is not over"):
            revision_asked(budget, by=cast.grace, at=at.replace(year=2027), **MORE)


class TestAnApprovedRevision:
    def test_moves_the_difference_from_the_fund_in_one_journal(
        self, cast: Cast, at: datetime
    ) -> None:
        budget = granted_budget(cast, at=at)

        budget = revised(cast, budget, at=at, core="1600.00", pool="400.00")

        journal = Journal.objects.get(kind="revision")
        lines = {
            posting.account.kind: posting.amount_usd
            for posting in journal.postings.select_related("account")
        }
        assert lines == {
            "core": Decimal("600.00"),
            "pool": Decimal("-100.00"),
            "fund": Decimal("-500.00"),
        }
        assert budget.amounts == Amounts(Decimal(1600), Decimal(400), Decimal(0))
        assert held_by(budget) == budget.amounts
        assert fund() == Decimal("-2000.00")
        assert first_broken_link() is None

    def test_is_kept_as_a_row_that_nobody_edits(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        revised(cast, budget, at=at, **MORE)
        revised(cast, budget, at=at, core="1400.00")

        rows = budget.revisions.order_by("number").values_list(
            "number", "core_before_usd", "core_usd", "starts_on", "reason", "by__username"
        )

        day, why = date(2026, 11, 20), "Twice the tickets."
        assert list(rows) == [
            (1, Decimal("1000.00"), Decimal("1600.00"), day, why, "carl"),
            (2, Decimal("1600.00"), Decimal("1400.00"), day, why, "carl"),
        ]
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            BudgetRevision.objects.update(core_usd=5)

    def test_beneath_another_budget_is_paid_from_that_one(self, cast: Cast, at: datetime) -> None:
        above = granted_budget(cast, unit=cast.operations, core="5000.00", pool="900.00", at=at)
        budget = granted_budget(cast, at=at)

        revised(cast, budget, at=at, core="1600.00", pool="500.00")

        assert held_by(above) == Amounts(Decimal(3400), Decimal(400), Decimal(0))
        assert fund() == Decimal("-5900.00")

    def test_beyond_what_the_budget_above_has_left_is_refused_with_the_figure(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, unit=cast.operations, core="1200.00", pool="900.00", at=at)
        budget = granted_budget(cast, at=at)

        with pytest.raises(
            Invalid, match=r"Operations has \$200.00 left to pass on: \$400.00 less than asked"
        ):
            revision_asked(budget, by=cast.grace, at=at, **MORE)

    def test_leaves_what_was_planned_before_and_spreads_the_difference_over_what_remains(
        self, cast: Cast, at: datetime
    ) -> None:
        budget = granted_budget(cast, core="365.00", at=at)

        budget = revised(cast, budget, at=at, core="396.00")  # on 20 November

        plan = standing_of(budget=budget, on=date(2026, 12, 31)).plan
        assert plan.amounts_usd()[-3:] == [31, 30, 62]
        assert plan.to_date_usd(date(2026, 12, 1)) == 334

    def test_is_decided_by_another_person_though_with_another_account(
        self, cast: Cast, at: datetime
    ) -> None:
        budget = granted_budget(cast, at=at)
        revision_asked(budget, by=cast.carl, at=at, **MORE)
        other = new_user(username="carl-admin", person=cast.carl.person, roles=[Role.CFO])

        for account in (cast.carl, other):
            with pytest.raises(SelfApproval):
                budget_step(budget, "grant_revision", by=account, at=at)

    def test_may_be_decided_by_whoever_asked_for_the_budget_itself(
        self, cast: Cast, at: datetime
    ) -> None:
        cora = new_user(username="cora", roles=[Role.CFO])
        budget = asked_budget(cast, by=cast.carl, at=at)
        budget_step(budget, "approve", by=cora, at=at)
        revision_asked(budget, by=cast.grace, at=at, **MORE)

        decided = budget_step(budget, "grant_revision", by=cast.carl, at=at)

        assert decided.core_usd == Decimal("1600.00")

    @pytest.mark.parametrize("name", ["fiona", "grace", "ed"])
    def test_is_decided_by_a_cfo_alone(self, cast: Cast, at: datetime, name: str) -> None:
        budget = granted_budget(cast, at=at)
        revision_asked(budget, by=cast.carl, at=at, **MORE)

        with pytest.raises(NotAllowed):
            budget_step(budget, "grant_revision", by=getattr(cast, name), at=at)

    def test_of_an_older_reading_is_refused(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        revision_asked(budget, by=cast.grace, at=at, **MORE)

        with pytest.raises(Stale) as refused:
            budget_step(budget, "grant_revision", by=cast.carl, at=at, version=budget.version)

        assert refused.value.extra == {"version": budget.version + 1, "state": "active"}

    def test_is_judged_by_the_money_of_the_day_it_is_decided(
        self, cast: Cast, at: datetime
    ) -> None:
        budget = granted_budget(cast, at=at)
        revision_asked(budget, by=cast.grace, at=at, core="600.00")
        spend(cast.support, at.date(), "600.01")

        with pytest.raises(Invalid, match=r"no less than \$600.01"):
            budget_step(budget, "grant_revision", by=cast.carl, at=at)

        assert Approval.objects.get(kind="revision").state == "pending"

    def test_is_void_where_the_amounts_it_replaces_are_no_longer_in_force(
        self, cast: Cast, at: datetime
    ) -> None:
        budget = granted_budget(cast, at=at)
        revision_asked(budget, by=cast.grace, at=at, **MORE)
        Budget.objects.update(core_usd=1200)

        with pytest.raises(Stale, match="has to be requested again"):
            budget_step(budget, "grant_revision", by=cast.carl, at=at)


class TestNoLess:
    """Support's core cannot be less than what it spent and what units beneath it hold."""

    def test_than_the_unit_spent(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        spend(cast.support, at.date(), "250.001")

        revision_asked(budget, by=cast.grace, at=at, core="250.01")
        budget_step(budget, "withdraw_revision", by=cast.grace, at=at)

        with pytest.raises(
            Invalid,
            match=r"no less than \$250.01: \$250.01 is spent and \$0.00 is held by units beneath",
        ):
            revision_asked(budget, by=cast.grace, at=at, core="250.00")

    def test_than_units_beneath_hold_and_the_rest_spent(self, cast: Cast, at: datetime) -> None:
        above = granted_budget(cast, unit=cast.operations, core="5000.00", at=at)
        granted_budget(cast, unit=cast.support, core="1000.00", pool="0.00", at=at)
        granted_budget(cast, unit=cast.claims, core="400.00", pool="0.00", at=at)
        spend(cast.operations, at.date(), "70.00")
        spend(cast.support, at.date(), "900.00")  # within its budget
        spend(cast.claims, at.date(), "450.00")  # fifty more than it was granted

        with pytest.raises(
            Invalid,
            match=r"no less than \$1,520.00: \$70.00 is spent and \$1,450.00 is held by units",
        ):
            revision_asked(above, by=cast.fiona, at=at, core="1519.99")

    def test_than_experiments_and_pools_beneath_hold(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        running(cast, at=at)  # a cap of 100 from the pool

        with pytest.raises(Invalid, match=r"no less than \$100.00: \$100.00 is held by experim"):
            revision_asked(budget, by=cast.grace, at=at, pool="99.99")
        assert revised(cast, budget, at=at, pool="100.00").experiment_usd == Decimal("100.00")

    def test_but_more_is_possible_for_who_spent_too_much(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        spend(cast.support, at.date(), "3000.00")

        assert revised(cast, budget, at=at, **MORE).core_usd == Decimal("1600.00")


def test_who_decides_is_told_of_the_request_and_who_asked_of_the_answer(
    cast: Cast, at: datetime
) -> None:
    budget = granted_budget(cast, at=at)
    revision_asked(budget, by=cast.grace, at=at, **MORE)
    budget_step(budget, "grant_revision", by=cast.carl, at=at)

    asked, answered = Notice.objects.order_by("pk")[2:]
    assert asked.title == "The budget of Support FY2026 is to be revised"
    assert asked.url == Approval.objects.get(kind="revision").url
    assert set(asked.delivered.values_list("user__username", flat=True)) == {"carl"}
    assert answered.title == "The budget of Support FY2026 was revised"
    assert "grace" in answered.delivered.values_list("user__username", flat=True)


class TestTheEndOfARequest:
    def test_rejected_needs_a_reason_and_moves_nothing(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        revision_asked(budget, by=cast.grace, at=at, **MORE)

        with pytest.raises(Invalid, match="needs a reason"):
            budget_step(budget, "reject_revision", by=cast.carl, at=at, reason="")
        budget = budget_step(budget, "reject_revision", by=cast.carl, at=at)

        assert (budget.state, budget.core_usd) == (BudgetState.ACTIVE, Decimal("1000.00"))
        assert Journal.objects.count() == 1

    def test_withdrawn_can_be_asked_for_again(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        revision_asked(budget, by=cast.grace, at=at, **MORE)

        budget_step(budget, "withdraw_revision", by=cast.fiona, at=at)
        revision_asked(budget, by=cast.grace, at=at, core="1100.00")

        states = Approval.objects.filter(kind="revision").order_by("pk")
        assert [each.state for each in states] == ["withdrawn", "pending"]

    def test_is_void_with_the_close_of_its_budget(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        revision_asked(budget, by=cast.grace, at=at, **MORE)

        budget = budget_step(budget, "close", by=cast.fiona, at=at.replace(year=2027))

        assert budget.state == BudgetState.CLOSED
        assert Approval.objects.get(kind="revision").state == "void"

    @pytest.mark.parametrize("action", ["grant_revision", "reject_revision", "withdraw_revision"])
    def test_takes_a_request(self, cast: Cast, at: datetime, action: str) -> None:
        budget = granted_budget(cast, at=at)

        with pytest.raises(Refusal, match="No revision of the budget of Support FY2026 waits"):
            budget_step(budget, action, by=cast.carl, at=at)


@pytest.mark.django_db
def test_the_database_lets_no_account_give_what_it_does_not_hold() -> None:
    cast = gather()
    core = account_of(kind=Account.Kind.CORE, fiscal_year=2026, unit=cast.support)
    purse = account_of(kind=Account.Kind.FUND, fiscal_year=2026)
    journal = Journal.objects.create(kind="grant", memo="By hand", at="2026-11-20T00:00Z")

    refused = pytest.raises(IntegrityError, match="nothing is taken from it that it does not hold")
    with refused, transaction.atomic():
        Posting.objects.create(journal=journal, account=core, amount_usd=Decimal("-0.01"))
    Posting.objects.create(journal=journal, account=purse, amount_usd=Decimal("-0.01"))
    Posting.objects.create(journal=journal, account=core, amount_usd=Decimal("0.01"))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_two_revisions_of_siblings_cannot_share_what_only_one_can_have(
        self, at: datetime
    ) -> None:
        cast = gather()
        above = granted_budget(cast, unit=cast.operations, core="1000.00", pool="0.00", at=at)
        both = [
            granted_budget(cast, unit=unit, core="100.00", pool="0.00", at=at)
            for unit in (cast.support, cast.claims)
        ]
        for budget in both:
            revision_asked(budget, by=cast.fiona, at=at, core="800.00", pool="0.00")

        results = race(
            *[lambda b=b: budget_step(b, "grant_revision", by=cast.carl, at=at) for b in both]
        )

        assert sorted(type(result).__name__ for result in results) == ["Budget", "Invalid"]
        assert held_by(above).core_usd == Decimal("100.00")

    def test_a_cut_above_and_an_approval_beneath_leave_room_for_all_children(
        self, at: datetime
    ) -> None:
        cast = gather()
        for number in range(ROUNDS):
            self._cut_above_and_grant_beneath(cast, new_unit(f"Line {number}"), at)
        assert ledger_total() == 0

    def _cut_above_and_grant_beneath(self, cast: Cast, unit: Unit, at: datetime) -> None:
        parent = granted_budget(cast, unit=unit, core="1000.00", pool="0.00", at=at)
        revision_asked(parent, by=cast.fiona, at=at, core="500.00", pool="0.00")
        beneath = new_unit(f"{unit.name} below", parent=unit)
        child = asked_budget(cast, unit=beneath, core="600.00", pool="0.00", at=at)

        results = race(
            lambda: budget_step(parent, "grant_revision", by=cast.carl, at=at),
            lambda: budget_step(child, "approve", by=cast.carl, at=at),
        )

        parent.refresh_from_db()
        granted = sum_of(budgets_right_beneath(unit=unit, fiscal_year=2026))
        assert sorted(type(result).__name__ for result in results) == ["Budget", "Invalid"]
        assert granted.core_usd <= parent.core_usd
        assert held_by(parent).core_usd == parent.core_usd - granted.core_usd

    def test_a_revision_and_a_close_leave_no_open_request(self, at: datetime) -> None:
        cast = gather()
        budget = granted_budget(cast, at=at)
        revision_asked(budget, by=cast.grace, at=at, **MORE)
        last_day, next_year = at.replace(month=12, day=31), at.replace(year=2027)

        results = race(
            lambda: budget_step(budget, "grant_revision", by=cast.carl, at=last_day),
            lambda: budget_step(budget, "close", by=cast.fiona, at=next_year),
        )

        budget.refresh_from_db()
        assert [type(result) for result in results if type(result) is not Budget] in ([], [Stale])
        assert not Approval.objects.waiting().exists() or budget.state == BudgetState.ACTIVE
        assert (budget.core_usd == Decimal(1600)) == budget.revisions.exists()

    def test_a_cut_of_the_pool_and_an_experiment_cannot_both_have_the_money(
        self, at: datetime
    ) -> None:
        cast = gather()
        budget = granted_budget(cast, pool="100.00", at=at)
        revision_asked(budget, by=cast.fiona, at=at, pool="50.00")
        made = requested(cast, at=at)  # asks for 100

        results = race(
            lambda: budget_step(budget, "grant_revision", by=cast.carl, at=at),
            lambda: stepped(made, "approve", by=cast.carl, at=at),
        )

        assert len([result for result in results if isinstance(result, Invalid)]) == 1
        assert ledger_total() == 0
