"""Steps of an initiative: asked for by one person, decided by another, with the money."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from budgets.lifecycle import InitiativeAction, InitiativeState
from budgets.models import Journal
from budgets.operations.initiatives import (
    revise_initiative,
    take_step,
)
from ingestion.queries.rules import rules_in_force
from org.models import Approval, CostObject, Role
from org.operations.approvals import SelfApproval
from org.refusals import Invalid, NotAllowed, Refusal, Stale
from policy.models import Cap, PolicyRevision, Scope
from tests.factories.budgets import (
    asked_budget,
    drafted,
    granted_budget,
    own_balance,
    pool_of,
    requested,
    running,
    some_terms,
    stepped,
)
from tests.factories.org import new_user
from tests.org_cast import Cast


class TestAsking:
    def test_a_request_opens_an_approval_on_exactly_its_terms(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)

        asked = requested(cast, at=at)

        approval = Approval.objects.get(kind="initiative")
        assert asked.state == InitiativeState.REQUESTED
        assert approval.amount_usd == Decimal("100.00")
        assert approval.terms["match"] == [{"workflow": "support-drafter"}]
        assert pool_of(cast) == Decimal("500.00")

    def test_all_checks_that_fail_are_named_at_once(self, cast: Cast, at: datetime) -> None:
        made = drafted(
            cast,
            hypothesis="It helps.",
            starts_on=date(2026, 11, 18),
            ends_on=date(2027, 2, 17),
            match=[],
            at=at,
        )

        with pytest.raises(Invalid) as refused:
            stepped(made, "submit", by=cast.grace, at=at)

        assert [error.pointer for error in refused.value.errors] == [
            "/hypothesis",
            "/starts_on",
            "/ends_on",
            "/match",
            "/unit",
            "/cap_usd",
        ]

    def test_ninety_days_and_a_start_yesterday_are_still_admitted(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)

        asked = requested(cast, starts_on=date(2026, 11, 19), ends_on=date(2027, 2, 17), at=at)

        assert asked.state == InitiativeState.REQUESTED

    def test_a_cap_above_what_the_pool_has_left_says_how_much_there_is(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, pool="99.99", at=at)

        with pytest.raises(Invalid) as refused:
            requested(cast, at=at)

        assert refused.value.errors[0].detail.endswith(
            "The pool has $99.99 left; $100.00 is asked."
        )

    def test_a_budget_that_is_only_asked_for_pays_nothing(self, cast: Cast, at: datetime) -> None:
        asked_budget(cast, at=at)

        with pytest.raises(Invalid) as refused:
            requested(cast, at=at)

        assert refused.value.errors[0].pointer == "/unit"

    def test_an_owner_whose_account_was_closed_is_refused(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        made = drafted(cast, owner=cast.ed, at=at)
        cast.ed.is_active = False
        cast.ed.save()

        with pytest.raises(Invalid) as refused:
            stepped(made, "submit", by=cast.grace, at=at)

        assert refused.value.errors[0].pointer == "/owner"

    def test_a_request_can_be_withdrawn_and_so_can_a_draft(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)

        asked = stepped(requested(cast, at=at), "withdraw", by=cast.grace, at=at)
        never_asked = stepped(drafted(cast, at=at), "withdraw", by=cast.grace, at=at)

        assert asked.state == never_asked.state == InitiativeState.WITHDRAWN
        assert Approval.objects.get(kind="initiative").state == Approval.State.WITHDRAWN


class TestDeciding:
    def test_an_approved_experiment_is_funded_from_its_units_pool(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)

        made = running(cast, at=at)

        assert made.state == InitiativeState.SANDBOX
        assert pool_of(cast) == Decimal("400.00")
        assert own_balance(made) == Decimal("100.00")
        journal = Journal.objects.get(kind=Journal.Kind.EXPERIMENT)
        assert journal.approval == Approval.objects.get(kind="initiative")

    def test_an_approved_experiment_gets_its_cost_object_and_rules_before_all_others(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        running(cast, name="Older", at=at)

        made = running(cast, match=[{"key": "a"}, {"key": ["b", "c*"]}], at=at)

        rules = rules_in_force()
        assert made.cost_object == CostObject.objects.get(slug="support-drafter")
        assert [(rule.name, rule.when) for rule in rules] == [
            ("Support drafter 1", {"key": "a"}),
            ("Support drafter 2", {"key": ["b", "c*"]}),
            ("Older", {"workflow": "support-drafter"}),
        ]
        assert {(rule.unit, rule.cost_object) for rule in rules[:2]} == {
            (cast.support, made.cost_object)
        }
        assert {rule.starts_on for rule in rules} == {date(2026, 11, 20)}

    def test_its_rules_have_no_end_so_that_its_calls_still_meet_the_block_afterwards(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)

        running(cast, at=at)

        assert [rule.ends_on for rule in rules_in_force()] == [None]

    def test_an_approved_experiment_has_two_hard_caps_beneath_its_unit(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)

        running(cast, on_call=cast.ed, at=at)

        scope = Scope.objects.get(slug="initiative:support-drafter")
        assert scope.parent == Scope.objects.get(slug="unit:support")
        assert (scope.owner, scope.contact) == ("Grace", cast.ed.email)
        assert set(scope.caps.values_list("window", "limit_usd", "mode")) == {
            (Cap.Window.DAY, Decimal("10.00"), "hard"),
            (Cap.Window.TOTAL, Decimal("100.00"), "hard"),
        }

    def test_routers_hear_of_it_in_one_revision(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        before = PolicyRevision.objects.count()

        running(cast, at=at)

        body = bytes(PolicyRevision.objects.order_by("-number")[0].body).decode()
        assert PolicyRevision.objects.count() == before + 1
        assert (
            '{"scope":"initiative:support-drafter","when":{"workflow":"support-drafter"}}' in body
        )

    @pytest.mark.parametrize("name", ["fiona", "greta", "ed", "aud", "ada", "stan"])
    @pytest.mark.parametrize("action", ["approve", "reject", "ask"])
    def test_only_a_cfo_decides(self, cast: Cast, at: datetime, name: str, action: Any) -> None:
        granted_budget(cast, at=at)
        asked = requested(cast, at=at)

        with pytest.raises(NotAllowed):
            stepped(asked, action, by=getattr(cast, name), reason="Because.", at=at)

    @pytest.mark.parametrize("action", ["approve", "reject", "ask"])
    def test_nobody_decides_what_she_drafted_even_if_another_asked(
        self, cast: Cast, at: datetime, action: Any
    ) -> None:
        granted_budget(cast, at=at)
        asked = stepped(drafted(cast, by=cast.carl, at=at), "submit", by=cast.grace, at=at)

        with pytest.raises(SelfApproval):
            stepped(asked, action, by=cast.carl, reason="Because.", at=at)

    def test_nobody_decides_what_she_revised(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        made = drafted(cast, at=at)
        revise_initiative(
            initiative_id=made.pk, terms=some_terms(cast), by=cast.carl, version=1, at=at
        )
        asked = stepped(made, "submit", by=cast.grace, at=at)

        with pytest.raises(SelfApproval):
            stepped(asked, "approve", by=cast.carl, at=at)

    def test_a_second_account_of_the_person_who_asked_decides_nothing(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        asked = stepped(drafted(cast, by=cast.carl, at=at), "submit", by=cast.carl, at=at)
        other_account = new_user(username="carl-2", person=cast.carl.person, roles=[Role.CFO])

        with pytest.raises(SelfApproval):
            stepped(asked, "approve", by=other_account, at=at)

    @pytest.mark.parametrize("action", ["reject", "ask"])
    def test_a_rejection_and_a_question_need_words(
        self, cast: Cast, at: datetime, action: Any
    ) -> None:
        granted_budget(cast, at=at)

        with pytest.raises(Invalid) as refused:
            stepped(requested(cast, at=at), action, by=cast.carl, reason="  ", at=at)

        assert refused.value.errors[0].pointer == "/reason"

    def test_a_question_makes_it_a_draft_again_that_can_be_asked_for_anew(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        asked = requested(cast, at=at)

        back = stepped(asked, "ask", by=cast.carl, reason="Which tickets?", at=at)
        again = stepped(back, "submit", by=cast.grace, at=at)

        assert (back.state, again.state) == (InitiativeState.DRAFT, InitiativeState.REQUESTED)
        assert list(
            Approval.objects.filter(kind="initiative")
            .order_by("pk")
            .values_list("state", flat=True)
        ) == ["void", "pending"]

    def test_a_rejected_experiment_leaves_the_pool_as_it_was(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)

        made = stepped(requested(cast, at=at), "reject", by=cast.carl, reason="Not now.", at=at)

        assert made.state == InitiativeState.REJECTED
        assert pool_of(cast) == Decimal("500.00")

    def test_a_decision_that_comes_after_the_end_date_is_refused(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        asked = requested(cast, ends_on=date(2026, 11, 25), at=at)

        with pytest.raises(Refusal, match="ask for new dates"):
            stepped(asked, "approve", by=cast.carl, at=at + timedelta(days=5))

    def test_a_pool_that_emptied_meanwhile_is_noticed(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, pool="150.00", at=at)
        first, second = requested(cast, at=at), requested(cast, at=at)
        stepped(first, "approve", by=cast.carl, at=at)

        with pytest.raises(Invalid, match=r"has \$50.00 left; \$100.00 is asked"):
            stepped(second, "approve", by=cast.carl, at=at)

    def test_a_decision_on_an_old_reading_is_refused_with_what_differs(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        made = drafted(cast, at=at)
        revise_initiative(
            initiative_id=made.pk,
            terms=some_terms(cast, cap_usd=Decimal("120.00")),
            by=cast.grace,
            version=1,
            at=at,
        )

        with pytest.raises(Stale) as refused:
            take_step(
                initiative_id=made.pk,
                action=InitiativeAction.SUBMIT,
                by=cast.grace,
                reason="",
                version=1,
                at=at,
            )

        assert refused.value.extra == {
            "version": 2,
            "state": "draft",
            "changed": {"cap_usd": {"then": "100.00", "now": "120.00"}},
        }
