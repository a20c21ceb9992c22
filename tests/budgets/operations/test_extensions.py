"""One extension of an experiment: asked for by one person, granted by another, once."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from budgets.lifecycle import InitiativeAction, InitiativeState
from budgets.models import Initiative, InitiativeStep
from budgets.operations.initiatives import expire_due, take_step
from budgets.queries.experiments import initiative_standing
from budgets.queries.history import history_of
from ingestion.queries.rules import rules_in_force
from org.models import Approval, AuditEntry, Role
from org.operations.approvals import SelfApproval
from org.refusals import Invalid, NotAllowed, Refusal, Stale
from policy.models import Cap, PolicyRevision, Scope
from tests.factories.budgets import (
    drafted,
    extended,
    granted_budget,
    ledger_total,
    own_balance,
    pool_of,
    running,
    spend,
    stepped,
)
from tests.factories.org import new_user
from tests.org_cast import Cast, gather
from tests.races import race

FIRST_END = date(2026, 12, 20)
LATER = date(2027, 1, 20)
LATEST = date(2027, 3, 20)  # ninety days after the first end
NO = "It shows too little."


@pytest.fixture
def made(cast: Cast, at: datetime) -> Initiative:
    """Return an experiment of Support that runs until the first end."""
    granted_budget(cast, at=at)
    return running(cast, at=at)


def ask(made: Initiative, *, by: Any, at: datetime, **changes: Any) -> Initiative:
    return extended(made, by=by, at=at, ends_on=changes.pop("ends_on", LATER), **changes)


def refused(made: Initiative, *, by: Any, at: datetime, **changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        ask(made, by=by, at=at, **changes)
    return [(error.pointer, error.detail) for error in refusal.value.errors]


def approval() -> Approval:
    return Approval.objects.get(kind="extension")


class TestAsking:
    def test_the_request_says_what_it_changes_and_changes_nothing_yet(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        asked = ask(made, by=cast.grace, at=at)

        found = approval()
        assert (asked.state, asked.ends_on) == (InitiativeState.SANDBOX, FIRST_END)
        assert found.title == "Support drafter until 20 Jan 2027 instead of 20 Dec 2026"
        assert found.url == f"/approvals/{found.pk}/"
        assert found.amount_usd is None
        assert found.terms == {
            "initiative": "support-drafter",
            "instead_of": "2026-12-20",
            "ends_on": "2027-01-20",
        }

    def test_ninety_days_more_are_the_most(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        too_late = refused(made, by=cast.grace, at=at, ends_on=LATEST + timedelta(days=1))

        ask(made, by=cast.grace, at=at, ends_on=LATEST)

        assert too_late == [
            (
                "/ends_on",
                (
                    "At most 90 days are added."
                    " The latest end is 20 Mar 2027; the limit is set by hand by Carl."
                ),
            )
        ]
        assert approval().terms["ends_on"] == "2027-03-20"

    def test_an_end_that_is_not_later_is_refused(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        assert refused(made, by=cast.grace, at=at, ends_on=FIRST_END) == [
            ("/ends_on", "The end moves to a later day. From 20 Dec 2026 to 20 Dec 2026.")
        ]

    def test_an_experiment_whose_end_date_has_come_is_not_extended(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        late = datetime(2026, 12, 20, 12, tzinfo=at.tzinfo)

        with pytest.raises(Invalid, match="It ends on 20 Dec 2026; today is 20 Dec 2026"):
            ask(made, by=cast.grace, at=late)

    def test_it_needs_an_end_and_a_reason_and_gives_no_money(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        assert refused(made, by=cast.grace, at=at, ends_on=None) == [
            ("/ends_on", "Name the end that is asked for.")
        ]
        assert refused(made, by=cast.grace, at=at, reason="  ") == [
            ("/reason", "Say why: the person who decides will read it.")
        ]
        assert refused(made, by=cast.grace, at=at, cap_usd=Decimal("200.00")) == [
            ("/cap_usd", "An extension moves the end; the caps stay as they are.")
        ]
        assert not Approval.objects.filter(kind="extension").exists()

    @pytest.mark.parametrize("name", ["grace", "fiona", "carl"])
    def test_who_may_ask_for_the_unit_may_ask_for_more_time(
        self, cast: Cast, at: datetime, made: Initiative, name: str
    ) -> None:
        ask(made, by=getattr(cast, name), at=at)

        assert approval().requested_by == getattr(cast, name)

    def test_so_may_its_owner(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)

        ask(running(cast, owner=cast.ed, at=at), by=cast.ed, at=at)

        assert approval().requested_by == cast.ed

    @pytest.mark.parametrize("name", ["greta", "ed", "aud", "ada", "stan"])
    def test_nobody_else_may(self, cast: Cast, at: datetime, made: Initiative, name: str) -> None:
        with pytest.raises(NotAllowed):
            ask(made, by=getattr(cast, name), at=at)

    def test_two_do_not_wait_at_once(self, cast: Cast, at: datetime, made: Initiative) -> None:
        ask(made, by=cast.grace, at=at)

        with pytest.raises(Refusal, match="already waits for a decision"):
            ask(made, by=cast.fiona, at=at)

    def test_only_what_runs_is_extended(self, cast: Cast, at: datetime) -> None:
        with pytest.raises(Refusal, match="it is draft"):
            ask(drafted(cast, at=at), by=cast.grace, at=at)


class TestGranting:
    def test_the_end_moves_and_no_money_does(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        ask(made, by=cast.grace, at=at)

        granted = stepped(made, "grant_extension", by=cast.carl, reason="Go on.", at=at)

        assert (granted.state, granted.ends_on) == (InitiativeState.SANDBOX, LATER)
        assert granted.cap_usd == own_balance(made) == Decimal("100.00")
        assert pool_of(cast) == Decimal("400.00")
        assert (approval().state, approval().decided_by) == ("approved", cast.carl)
        detail = AuditEntry.objects.get(action="initiative.grant_extension").detail
        assert (detail["ends_on"], detail["reason"]) == ("2027-01-20", "Go on.")

    def test_caps_and_rules_hold_on_and_the_clock_ends_it_on_the_new_day(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        ask(made, by=cast.grace, at=at)
        stepped(made, "grant_extension", by=cast.carl, at=at)

        on_first_end = expire_due(at=datetime(2026, 12, 20, 12, tzinfo=at.tzinfo))
        scope = Scope.objects.get(slug="initiative:support-drafter")
        caps, state = list(scope.caps.values_list("window", "limit_usd", "ends_on")), scope.state
        rules = [(rule.name, rule.ends_on) for rule in rules_in_force()]
        on_new_end = expire_due(at=datetime(2027, 1, 20, 12, tzinfo=at.tzinfo))

        assert (on_first_end, state) == ([], "closed")
        assert set(caps) == {
            (Cap.Window.DAY, Decimal("10.00"), None),
            (Cap.Window.TOTAL, Decimal("100.00"), None),
        }
        assert rules == [("Support drafter", None)]
        assert on_new_end == ["support-drafter"]
        scope.refresh_from_db()
        assert (scope.state, scope.reason_code) == ("open", "expired")
        assert "20 January 2027" in scope.reason_text

    def test_what_is_left_at_the_new_end_goes_back_to_the_pool(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        ask(made, by=cast.grace, at=at)
        stepped(made, "grant_extension", by=cast.carl, at=at)
        spend(cast.support, date(2026, 12, 1), "30.00", cost_object=made.cost_object)
        spend(cast.support, date(2027, 1, 19), "12.345678901234", cost_object=made.cost_object)

        expire_due(at=datetime(2027, 1, 20, 12, tzinfo=at.tzinfo))

        assert own_balance(made) == Decimal("42.35")
        assert pool_of(cast) == Decimal("457.65")
        assert ledger_total() == 0

    def test_routers_hear_nothing_new(self, cast: Cast, at: datetime, made: Initiative) -> None:
        before = PolicyRevision.objects.count()
        ask(made, by=cast.grace, at=at)

        stepped(made, "grant_extension", by=cast.carl, at=at)

        assert PolicyRevision.objects.count() == before

    def test_a_second_one_is_refused(self, cast: Cast, at: datetime, made: Initiative) -> None:
        ask(made, by=cast.grace, at=at)
        stepped(made, "grant_extension", by=cast.carl, at=at)

        assert refused(made, by=cast.grace, at=at, ends_on=date(2027, 1, 21)) == [
            (
                "/ends_on",
                "An experiment is extended once. It was extended until 20 Jan 2027 already.",
            )
        ]

    def test_the_database_grants_one_too(self, cast: Cast, at: datetime, made: Initiative) -> None:
        ask(made, by=cast.grace, at=at)
        stepped(made, "grant_extension", by=cast.carl, at=at)
        again = InitiativeStep.objects.get(action="grant_extension")
        again.pk = None

        with pytest.raises(IntegrityError, match="is_extended_once"), transaction.atomic():
            again.save(force_insert=True)

    @pytest.mark.parametrize("action", ["grant_extension", "reject_extension"])
    @pytest.mark.parametrize("name", ["fiona", "grace", "greta", "ed", "aud"])
    def test_only_a_cfo_decides(
        self, cast: Cast, at: datetime, made: Initiative, action: Any, name: str
    ) -> None:
        ask(made, by=cast.grace, at=at)

        with pytest.raises(NotAllowed):
            stepped(made, action, by=getattr(cast, name), reason=NO, at=at)

        assert approval().state == "pending"

    def test_whoever_asked_decides_by_no_account(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        ask(made, by=cast.carl, at=at)
        other_account = new_user(username="carl-2", person=cast.carl.person, roles=[Role.CFO])

        for account in (cast.carl, other_account):
            with pytest.raises(SelfApproval):
                stepped(made, "grant_extension", by=account, at=at)

    def test_a_decision_after_the_end_date_is_refused(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        ask(made, by=cast.grace, at=at)
        late = datetime(2026, 12, 20, 12, tzinfo=at.tzinfo)

        with pytest.raises(Invalid, match="while it runs"):
            stepped(made, "grant_extension", by=cast.carl, at=late)

    def test_a_decision_on_an_old_reading_is_refused(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        read = ask(made, by=cast.grace, at=at)
        stepped(made, "withdraw_extension", by=cast.grace, at=at)
        ask(made, by=cast.grace, at=at, ends_on=LATEST)

        with pytest.raises(Stale):
            take_step(
                initiative_id=made.pk,
                action=InitiativeAction.GRANT_EXTENSION,
                by=cast.carl,
                reason="",
                version=read.version,
                at=at,
            )


class TestNotGranting:
    @pytest.mark.parametrize(
        ("action", "state"),
        [("reject_extension", "rejected"), ("withdraw_extension", "withdrawn")],
    )
    def test_the_old_end_holds_and_it_can_be_asked_for_again(
        self, cast: Cast, at: datetime, action: Any, state: str
    ) -> None:
        granted_budget(cast, at=at)
        made = running(cast, at=at)
        ask(made, by=cast.grace, at=at)

        after = stepped(made, action, by=cast.carl, reason=NO, at=at)
        once_more = ask(made, by=cast.grace, at=at, ends_on=LATEST)
        granted = stepped(once_more, "grant_extension", by=cast.carl, at=at)

        assert (after.state, after.ends_on) == (InitiativeState.SANDBOX, FIRST_END)
        assert list(
            Approval.objects.filter(kind="extension").order_by("pk").values_list("state", flat=True)
        ) == [state, "approved"]
        assert granted.ends_on == LATEST

    def test_a_rejection_needs_a_reason(self, cast: Cast, at: datetime, made: Initiative) -> None:
        ask(made, by=cast.grace, at=at)

        with pytest.raises(Invalid, match="A rejection needs a reason"):
            stepped(made, "reject_extension", by=cast.carl, at=at)

    @pytest.mark.parametrize(
        ("action", "by"),
        [
            ("grant_extension", "carl"),
            ("reject_extension", "carl"),
            ("withdraw_extension", "grace"),
        ],
    )
    def test_what_was_not_asked_for_is_not_decided(
        self, cast: Cast, at: datetime, made: Initiative, action: Any, by: str
    ) -> None:
        with pytest.raises(Refusal, match="No extension of Support drafter waits"):
            stepped(made, action, by=getattr(cast, by), reason=NO, at=at)

    def test_it_is_void_when_the_experiment_is_stopped(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        ask(made, by=cast.grace, at=at)

        stepped(made, "stop", by=cast.ed, reason="It loops on long tickets.", at=at)

        assert approval().state == "void"
        with pytest.raises(Refusal, match="it is stopped"):
            stepped(made, "grant_extension", by=cast.carl, at=at)

    def test_it_is_void_when_the_end_date_comes_before_the_decision(
        self, cast: Cast, at: datetime, made: Initiative
    ) -> None:
        ask(made, by=cast.grace, at=at)

        ended = expire_due(at=datetime(2026, 12, 20, 12, tzinfo=at.tzinfo))

        assert ended == ["support-drafter"]
        assert approval().state == "void"
        assert AuditEntry.objects.get(action="approval.void").actor is None


def test_the_history_says_what_was_asked_and_how_it_was_decided(
    cast: Cast, at: datetime, made: Initiative
) -> None:
    ask(made, by=cast.grace, at=at, ends_on=LATEST, reason="Two teams joined late.")
    stepped(made, "reject_extension", by=cast.carl, reason=NO, at=at)
    ask(made, by=cast.grace, at=at, reason="Then a month.")
    stepped(made, "grant_extension", by=cast.carl, reason="Go on.", at=at)

    told = history_of(made, scope=None)[-4:]

    assert [(line.action, line.reason) for line in told] == [
        ("extend", "Until 20 Mar 2027 instead of 20 Dec 2026. Two teams joined late."),
        ("reject_extension", NO),
        ("extend", "Until 20 Jan 2027 instead of 20 Dec 2026. Then a month."),
        ("grant_extension", "It ends on 20 Jan 2027 now. Go on."),
    ]


def test_the_standing_counts_the_days_to_the_new_end(
    cast: Cast, at: datetime, made: Initiative
) -> None:
    ask(made, by=cast.grace, at=at)

    granted = stepped(made, "grant_extension", by=cast.carl, at=at)

    standing = initiative_standing(initiative=granted, on=at.date())
    assert standing.days_left == 61  # from 20 November to 20 January
    assert standing.extension == approval()


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_granting_rejecting_and_withdrawing_at_once_leave_one_outcome(
        self, at: datetime
    ) -> None:
        cast, made = self.asked(at)
        other_cfo = new_user(username="cora", roles=[Role.CFO])

        results = race(
            lambda: self.take(made, "grant_extension", by=cast.carl, at=at),
            lambda: self.take(made, "grant_extension", by=other_cfo, at=at),
            lambda: self.take(made, "reject_extension", by=other_cfo, at=at),
            lambda: self.take(made, "withdraw_extension", by=cast.grace, at=at),
        )

        done = [result for result in results if isinstance(result, Initiative)]
        made.refresh_from_db()
        assert len(done) == 1
        assert {type(result) for result in results if result is not done[0]} == {Stale}
        assert (made.ends_on == LATER) == (approval().state == "approved")
        assert approval().state in {"approved", "rejected", "withdrawn"}

    def test_a_grant_and_a_stop_at_once_leave_nothing_waiting(self, at: datetime) -> None:
        cast, made = self.asked(at)

        race(
            lambda: self.take(made, "grant_extension", by=cast.carl, at=at),
            lambda: stepped(made, "stop", by=cast.ed, reason="It loops on long tickets.", at=at),
        )

        made.refresh_from_db()
        assert (made.state, approval().state) in {
            ("stopped", "void"),
            ("stopped", "approved"),
            ("sandbox", "approved"),  # whoever stops read what the grant has changed since
        }

    def test_a_grant_on_the_day_it_ends_does_not_bring_it_back(self, at: datetime) -> None:
        cast, made = self.asked(at)
        late = datetime(2026, 12, 20, 12, tzinfo=at.tzinfo)

        race(
            lambda: self.take(made, "grant_extension", by=cast.carl, at=late),
            lambda: expire_due(at=late),
            lambda: expire_due(at=late),
        )

        made.refresh_from_db()
        assert (made.state, made.ends_on) == (InitiativeState.EXPIRED, FIRST_END)
        assert approval().state == "void"
        assert pool_of(cast) == Decimal("500.00")

    @staticmethod
    def asked(at: datetime) -> tuple[Cast, Initiative]:
        cast = gather()
        granted_budget(cast, at=at)
        return cast, ask(running(cast, at=at), by=cast.grace, at=at)

    @staticmethod
    def take(made: Initiative, action: str, *, by: Any, at: datetime) -> Initiative:
        return take_step(
            initiative_id=made.pk,
            action=InitiativeAction(action),
            by=by,
            reason=NO,
            version=made.version,
            at=at,
        )
