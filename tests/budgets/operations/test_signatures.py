"""Signatures by amount: a chain of different persons, ended by one no, void with its terms."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from budgets.lifecycle import BudgetAction, InitiativeAction
from budgets.models import Budget, FundPlan, HeldDecision, Initiative
from budgets.operations.budgets import take_budget_step
from budgets.operations.fund import ask_fund_plan, decide_fund_plan
from budgets.operations.held import WINDOW, carry_out_due, hold_decision
from budgets.operations.initiatives import take_step
from budgets.terms import Change
from org.models import Approval, ApprovalSignature, Delivered, Notice, Role, User
from org.operations.approvals import SelfApproval
from org.operations.delegations import give_delegation
from org.queries.deciders import waiting_for
from org.queries.signing import chain_of, missing_parts
from org.refusals import NotAllowed, Stale
from tests.factories.budgets import (
    asked_budget,
    budget_step,
    extended,
    granted_budget,
    ledger_total,
    pool_of,
    requested,
    revision_asked,
    stepped,
)
from tests.factories.org import new_user
from tests.factories.signing import limited
from tests.org_cast import Cast, gather
from tests.races import race


@pytest.fixture
def cora(cast: Cast) -> User:
    return new_user(username="cora", person__name="Cora", roles=[Role.CFO])


@pytest.fixture
def finn(cast: Cast) -> User:
    return new_user(username="finn", person__name="Finn", roles=[Role.FINANCE])


def approved(budget: Budget, *, by: User, at: datetime, reason: str = "") -> Budget:
    return budget_step(budget, "approve", by=by, at=at, reason=reason)


def told() -> tuple[str, set[str]]:
    notice = Notice.objects.latest("pk")
    readers = Delivered.objects.filter(notice=notice).values_list("user__username", flat=True)
    return notice.title, set(readers)


class TestBudgets:
    def test_it_waits_until_the_last_of_the_chain_has_signed(
        self, cast: Cast, at: datetime, cora: User, finn: User
    ) -> None:
        limited(cast, at=at)
        budget = asked_budget(cast, by=cast.grace, at=at)
        assert told()[1] == {"carl", "cora", "fiona", finn.username}

        approved(budget, by=cast.carl, at=at)
        assert told() == (
            "Budget of Support FY2026 waits for another signature",
            {"cora", "fiona", "finn"},
        )
        approved(budget, by=cast.fiona, at=at)
        assert told()[1] == {"cora"}
        assert ledger_total() == 0
        assert Budget.objects.get().state == "requested"
        assert pool_of(cast) == 0

        assert approved(budget, by=cora, at=at).state == "active"

        assert pool_of(cast) == 500
        approval = Approval.objects.get()
        assert (approval.state, approval.decided_by) == ("approved", cora)
        assert [step.action for step in budget.steps.order_by("pk")] == [
            "submit",
            "sign",
            "sign",
            "approve",
        ]
        signed = ApprovalSignature.objects.order_by("pk")
        assert [(each.by.username, each.role) for each in signed] == [
            ("carl", "cfo"),
            ("fiona", "finance"),
            ("cora", "cfo"),
        ]

    def test_below_the_step_one_person_decides_as_ever(self, cast: Cast, at: datetime) -> None:
        limited(cast, at=at)
        budget = asked_budget(cast, core="500.00", pool="499.99", at=at)

        assert approved(budget, by=cast.carl, at=at).state == "active"
        assert not ApprovalSignature.objects.exists()

    def test_one_no_ends_it_whoever_signed_before(
        self, cast: Cast, at: datetime, cora: User
    ) -> None:
        limited(cast, at=at)
        budget = asked_budget(cast, by=cast.grace, at=at)
        approved(budget, by=cast.carl, at=at)

        budget_step(budget, "reject", by=cast.fiona, at=at, reason="Not this year.")

        assert Approval.objects.get().state == "rejected"
        with pytest.raises(Stale):
            take_budget_step(
                budget_id=budget.pk, action=BudgetAction.APPROVE, by=cora, reason="",
                version=budget.version, at=at,
            )  # fmt: skip

    def test_nobody_signs_twice_nor_what_she_asked_for(
        self, cast: Cast, at: datetime, cora: User
    ) -> None:
        limited(cast, at=at)
        budget = asked_budget(cast, by=cora, at=at)
        approved(budget, by=cast.carl, at=at)
        twin = new_user(username="carl-2", person=cast.carl.person, roles=[Role.CFO, Role.FINANCE])

        for by in (cast.carl, twin):
            with pytest.raises(NotAllowed, match="You signed this already"):
                approved(budget, by=by, at=at)
        with pytest.raises(SelfApproval):
            approved(budget, by=cora, at=at)
        with pytest.raises(NotAllowed, match="Only a CFO or FinOps analyst of Support decides"):
            approved(budget, by=cast.grace, at=at)

    def test_a_part_that_is_complete_takes_no_more_of_its_right(
        self, cast: Cast, at: datetime, finn: User
    ) -> None:
        limited(cast, at=at)
        budget = asked_budget(cast, by=cast.grace, at=at)
        approved(budget, by=cast.fiona, at=at)

        with pytest.raises(NotAllowed, match="Only a CFO of Support decides"):
            approved(budget, by=finn, at=at)
        assert [part.missing for part in chain_of(Approval.objects.get(), at=at)] == [2, 0]

    def test_a_delegate_signs_by_a_right_that_is_used_once(
        self, cast: Cast, at: datetime, cora: User
    ) -> None:
        limited(cast, ("0", "cfo", 2), at=at)
        budget = asked_budget(cast, by=cast.grace, at=at)
        give_delegation(
            taker=cast.ed, unit=None, starts_on=at.date(), ends_on=date(2026, 11, 25),
            reason="On leave.", by=cast.carl, at=at,
        )  # fmt: skip

        approved(budget, by=cast.ed, at=at)
        with pytest.raises(NotAllowed, match="signed in your place already"):
            approved(budget, by=cast.carl, at=at)

        assert [str(each.who) for each in ApprovalSignature.objects.all()] == ["Ed for Carl"]
        assert approved(budget, by=cora, at=at).state == "active"

    def test_what_waits_keeps_the_chain_it_was_asked_under(self, cast: Cast, at: datetime) -> None:
        budget = asked_budget(cast, at=at)
        limited(cast, at=at)

        assert approved(budget, by=cast.carl, at=at).state == "active"

    def test_the_inbox_has_it_for_whoever_is_missing(
        self, cast: Cast, at: datetime, cora: User, finn: User
    ) -> None:
        limited(cast, at=at)
        budget = asked_budget(cast, by=cast.grace, at=at)

        def inbox() -> set[str]:
            people = (cast.carl, cora, cast.fiona, finn, cast.grace, cast.ed)
            return {user.username for user in people if waiting_for(user, at=at).exists()}

        assert inbox() == {"carl", "cora", "fiona", "finn"}
        approved(budget, by=cast.fiona, at=at)
        assert inbox() == {"carl", "cora"}
        approved(budget, by=cast.carl, at=at)
        assert inbox() == {"cora"}
        give_delegation(
            taker=cast.ed, unit=None, starts_on=at.date(), ends_on=date(2026, 11, 25),
            reason="On leave.", by=cora, at=at,
        )  # fmt: skip
        assert inbox() == {"cora", "ed"}

    def test_a_revision_is_signed_by_what_it_moves_not_by_what_it_adds(
        self, cast: Cast, at: datetime, cora: User
    ) -> None:
        budget = granted_budget(cast, core="4000.00", pool="500.00", at=at)
        limited(cast, ("0", "cfo", 1), ("1000", "cfo", 2), at=at)
        revision_asked(budget, by=cast.fiona, core="3000.00", pool="1500.00", at=at)

        budget_step(budget, "grant_revision", by=cast.carl, at=at)
        assert Budget.objects.get().core_usd == 4000
        budget_step(budget, "grant_revision", by=cora, at=at)

        assert Budget.objects.get().core_usd == 3000


class TestExperiments:
    def test_less_than_was_signed_voids_the_signatures(
        self, cast: Cast, at: datetime, cora: User
    ) -> None:
        granted_budget(cast, at=at)
        limited(cast, ("0", "cfo", 2), at=at)
        made = requested(cast, at=at)
        stepped(made, "approve", by=cast.carl, at=at)

        take_step(
            initiative_id=made.pk, action=InitiativeAction.APPROVE, by=cora, reason="Half of it.",
            version=made.version, at=at, change=Change(cap_usd=Decimal("50.00")),
        )  # fmt: skip
        made.refresh_from_db()
        assert (made.state, made.cap_usd) == ("requested", Decimal(100))
        approval = Approval.objects.get(kind="initiative")
        standing = approval.signatures.filter(void_at__isnull=True)
        assert [each.by.username for each in standing] == ["cora"]
        assert missing_parts(approval)[0].signers == 1

        take_step(
            initiative_id=made.pk, action=InitiativeAction.APPROVE, by=cast.carl, reason="Yes.",
            version=made.version, at=at, change=Change(cap_usd=Decimal("50.00")),
        )  # fmt: skip

        made.refresh_from_db()
        assert (made.state, made.cap_usd) == ("sandbox", Decimal(50))
        assert pool_of(cast) == 450

    def test_more_time_is_signed_by_the_cap_that_goes_on(
        self, cast: Cast, at: datetime, cora: User
    ) -> None:
        granted_budget(cast, at=at)
        made = stepped(requested(cast, at=at), "approve", by=cast.carl, at=at)
        limited(cast, ("0", "cfo", 1), ("100", "cfo", 2), at=at)
        extended(made, by=cast.grace, at=at, ends_on=date(2027, 1, 10))

        stepped(made, "grant_extension", by=cast.carl, at=at)
        assert Initiative.objects.get().ends_on == date(2026, 12, 20)
        stepped(made, "grant_extension", by=cora, at=at)

        assert Initiative.objects.get().ends_on == date(2027, 1, 10)

    def test_changed_terms_void_all_signatures(self, cast: Cast, at: datetime, cora: User) -> None:
        granted_budget(cast, at=at)
        limited(cast, ("0", "cfo", 2), at=at)
        made = requested(cast, at=at)
        stepped(made, "approve", by=cast.carl, at=at)

        stepped(made, "ask", by=cora, at=at, reason="Which tickets?")
        stepped(made, "submit", by=cast.grace, at=at)

        again = Approval.objects.waiting().get(kind="initiative")
        assert not again.signatures.exists()
        assert [part.missing for part in chain_of(again, at=at)] == [2]


def test_the_fund_is_planned_by_a_chain_too(cast: Cast, at: datetime, cora: User) -> None:
    limited(cast, at=at)
    asked = ask_fund_plan(
        fiscal_year=2026, planned_usd=Decimal(5000), reason="The frame.", by=cast.fiona, at=at
    )

    def sign(by: User) -> None:
        decide_fund_plan(
            fiscal_year=2026, approval_id=asked.pk, approve=True, by=by, reason="", at=at
        )

    sign(cast.carl)
    with pytest.raises(NotAllowed, match="You signed this already"):
        sign(cast.carl)
    sign(cora)
    assert not FundPlan.objects.exists()
    finn = new_user(username="finn", roles=[Role.FINANCE])
    sign(finn)

    assert FundPlan.objects.get().planned_usd == 5000


class TestHeld:
    def test_each_signature_can_be_taken_back_for_ten_seconds(
        self, cast: Cast, at: datetime, cora: User
    ) -> None:
        limited(cast, ("0", "cfo", 2), at=at)
        budget = asked_budget(cast, by=cast.grace, at=at)
        for by in (cast.carl, cora):
            hold_decision(
                subject=budget, action="approve", by=by, reason="", version=budget.version, at=at
            )
            assert not ApprovalSignature.objects.filter(by=by).exists()
            at += WINDOW
            carry_out_due(at=at)
            assert ApprovalSignature.objects.filter(by=by).exists()

        assert Budget.objects.get().state == "active"
        assert [each.state for each in HeldDecision.objects.all()] == ["done", "done"]


class TestTheDatabase:
    def test_it_lets_nobody_sign_for_who_asked_twice_or_without_a_part(
        self, cast: Cast, at: datetime, cora: User
    ) -> None:
        limited(cast, at=at)
        asked_budget(cast, by=cora, at=at)
        approval = Approval.objects.get()
        twin = new_user(username="cora-2", person=cora.person, roles=[Role.CFO])
        base = {"approval": approval, "terms_hash": approval.terms_hash, "at": at, "role": "cfo"}
        ApprovalSignature.objects.create(**base, by=cast.carl)

        for wrong in (
            {"by": cora},
            {"by": twin},
            {"by": cast.ed, "given_by": cora},
            {"by": cast.carl},
            {"by": cast.ed, "given_by": cast.carl},
            {"by": cast.fiona, "role": "gm"},
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                ApprovalSignature.objects.create(**(base | wrong))

    def test_nor_approve_what_lacks_a_signature(self, cast: Cast, at: datetime) -> None:
        limited(cast, at=at)
        asked_budget(cast, by=cast.grace, at=at)

        with pytest.raises(DatabaseError, match="lacks signatures"), transaction.atomic():
            Approval.objects.update(state="approved", decided_by=cast.carl, decided_at=at)

    def test_nor_edit_who_signs(self, cast: Cast, at: datetime) -> None:
        limited(cast, at=at)
        asked_budget(cast, by=cast.grace, at=at)
        approval = Approval.objects.get()

        with pytest.raises(DatabaseError), transaction.atomic():
            approval.parts.update(signers=1)
        with pytest.raises(DatabaseError), transaction.atomic():
            approval.parts.all().delete()


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_two_who_sign_and_one_who_rejects_leave_one_outcome(self, at: datetime) -> None:
        cast = gather()
        granted_budget(cast, at=at)
        cora = new_user(username="cora", roles=[Role.CFO])
        cleo = new_user(username="cleo", roles=[Role.CFO])
        limited(cast, ("0", "cfo", 2), at=at)
        asked = requested(cast, at=at)

        race(
            lambda: self.decide(asked, "approve", by=cast.carl, at=at),
            lambda: self.decide(asked, "approve", by=cora, at=at),
            lambda: self.decide(asked, "reject", by=cleo, at=at),
        )

        asked.refresh_from_db()
        approval = Approval.objects.get(kind="initiative")
        signed = approval.signatures.count()
        outcome = (asked.state, approval.state, pool_of(cast))
        if asked.state == "sandbox":
            assert (outcome, signed) == (("sandbox", "approved", Decimal("400.00")), 2)
        else:
            assert outcome == ("rejected", "rejected", Decimal("500.00"))
            assert signed < 2

    def test_one_person_with_two_accounts_signs_once(self, at: datetime) -> None:
        cast = gather()
        twin = new_user(username="carl-2", person=cast.carl.person, roles=[Role.CFO])
        limited(cast, ("0", "cfo", 2), at=at)
        budget = asked_budget(cast, by=cast.grace, at=at)

        results = race(
            *[
                lambda by=by: take_budget_step(
                    budget_id=budget.pk, action=BudgetAction.APPROVE, by=by, reason="",
                    version=budget.version, at=at,
                )
                for by in (cast.carl, twin)
            ]
        )  # fmt: skip

        assert sorted(type(result).__name__ for result in results) == ["Budget", "NotAllowed"]
        assert Budget.objects.get().state == "requested"

    @staticmethod
    def decide(asked: Initiative, action: str, *, by: User, at: datetime) -> Initiative:
        return take_step(
            initiative_id=asked.pk,
            action=InitiativeAction(action),
            by=by,
            reason="It was decided.",
            version=asked.version,
            at=at + timedelta(seconds=1),
        )
