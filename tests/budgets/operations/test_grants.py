"""Approving less than was asked: the ledger, the caps and the end are those granted."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.lifecycle import InitiativeAction, InitiativeState
from budgets.models import Initiative, Journal
from budgets.operations.initiatives import expire_due, take_step
from budgets.queries.checks import grant_problems
from budgets.queries.grants import Difference, Grant, grant_of
from budgets.terms import Change, InitiativeTerms
from org.models import Approval, AuditEntry, Role, Unit, User
from org.operations.approvals import SelfApproval, terms_hash_of
from org.refusals import Invalid, NotAllowed, Refusal, Stale
from policy.models import Cap, Scope
from tests.factories.budgets import (
    drafted,
    granted_budget,
    ledger_total,
    own_balance,
    pool_of,
    requested,
    running,
    stepped,
)
from tests.factories.org import new_user
from tests.org_cast import Cast, gather
from tests.races import race

WHY = "Start with one team."


def approve_less(
    asked: Initiative, *, by: Any, at: datetime, reason: str = WHY, **less: Any
) -> Initiative:
    return take_step(
        initiative_id=asked.pk,
        action=InitiativeAction.APPROVE,
        by=by,
        reason=reason,
        version=asked.version,
        at=at,
        change=Change(**less),
    )


def refused(asked: Initiative, *, by: Any, at: datetime, **less: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        approve_less(asked, by=by, at=at, **less)
    return [(error.pointer, error.detail) for error in refusal.value.errors]


class TestGranting:
    def test_the_ledger_books_what_was_granted(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)

        made = approve_less(requested(cast, at=at), by=cast.carl, at=at, cap_usd=Decimal("62.50"))

        assert made.state == InitiativeState.SANDBOX
        assert pool_of(cast) == Decimal("437.50")
        assert own_balance(made) == Decimal("62.50")
        assert ledger_total() == 0
        journal = Journal.objects.get(kind=Journal.Kind.EXPERIMENT)
        assert journal.approval == Approval.objects.get(kind="initiative")

    def test_the_caps_of_its_scope_are_those_granted(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)

        approve_less(
            requested(cast, at=at),
            by=cast.carl,
            at=at,
            cap_usd=Decimal("62.50"),
            daily_cap_usd=Decimal("4.00"),
        )

        scope = Scope.objects.get(slug="initiative:support-drafter")
        assert set(scope.caps.values_list("window", "limit_usd", "mode")) == {
            (Cap.Window.DAY, Decimal("4.00"), "hard"),
            (Cap.Window.TOTAL, Decimal("62.50"), "hard"),
        }

    def test_it_ends_on_the_day_granted(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        approve_less(requested(cast, at=at), by=cast.carl, at=at, ends_on=date(2026, 12, 1))

        before = expire_due(at=datetime(2026, 11, 30, 12, tzinfo=at.tzinfo))
        after = expire_due(at=datetime(2026, 12, 1, 12, tzinfo=at.tzinfo))

        assert (before, after) == ([], ["support-drafter"])

    def test_what_is_not_lowered_is_granted_as_asked(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)

        made = approve_less(
            requested(cast, at=at), by=cast.carl, at=at, daily_cap_usd=Decimal("4.00")
        )

        assert (made.cap_usd, made.daily_cap_usd) == (Decimal("100.00"), Decimal("4.00"))
        assert Approval.objects.get(kind="initiative").granted_usd is None  # the cap is as asked
        assert made.ends_on == date(2026, 12, 20)

    def test_a_pool_too_small_for_what_was_asked_may_be_enough_for_less(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, pool="150.00", at=at)
        second = requested(cast, name="Second", at=at)
        running(cast, at=at)

        with pytest.raises(Invalid, match=r"has \$50.00 left; \$50.01 is asked"):
            approve_less(second, by=cast.carl, at=at, cap_usd=Decimal("50.01"))
        approve_less(second, by=cast.carl, at=at, cap_usd=Decimal("50.00"))

        assert pool_of(cast) == Decimal("0.00")

    def test_what_was_asked_stays_readable_and_what_was_granted_beside_it(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        asked = requested(cast, at=at)

        made = approve_less(
            asked, by=cast.carl, at=at, cap_usd=Decimal("62.50"), ends_on=date(2026, 12, 1)
        )

        approval = Approval.objects.get(kind="initiative")
        submitted, approved = made.steps.filter(action__in=["submit", "approve"]).order_by("pk")
        assert (approval.amount_usd, approval.granted_usd) == (Decimal("100.00"), Decimal("62.50"))
        assert (approval.terms["cap_usd"], approval.terms["ends_on"]) == ("100.00", "2026-12-20")
        assert approval.terms_hash == terms_hash_of(approval.terms)
        assert submitted.terms["cap_usd"] == "100.00"
        assert (approved.terms["cap_usd"], approved.terms["ends_on"]) == ("62.50", "2026-12-01")
        assert AuditEntry.objects.get(action="initiative.approve").detail["cap_usd"] == "62.50"
        assert grant_of(made) == Grant(
            [
                Difference("Cap", "$100.00", "$62.50"),
                Difference("End date", "20 Dec 2026", "1 Dec 2026"),
            ],
            "Start with one team.",
        )

    def test_less_is_measured_against_the_last_request(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        back = stepped(requested(cast, at=at), "ask", by=cast.carl, reason="Why?", at=at)
        again = stepped(back, "submit", by=cast.grace, at=at)

        made = stepped(again, "approve", by=cast.carl, at=at)

        assert grant_of(made) is None
        assert grant_of(drafted(cast, at=at)) is None


class TestRefusing:
    def test_more_than_was_asked(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)

        found = refused(
            requested(cast, at=at),
            by=cast.carl,
            at=at,
            cap_usd=Decimal("100.01"),
            daily_cap_usd=Decimal("10.01"),
            ends_on=date(2026, 12, 21),
        )

        assert found == [
            ("/cap_usd", "A cap of $100.00 was asked: grant that or less."),
            ("/daily_cap_usd", "A daily cap of $10.00 was asked: grant that or less."),
            ("/ends_on", "The end asked is 20 Dec 2026: grant that or an earlier one."),
        ]
        assert Initiative.objects.get().state == InitiativeState.REQUESTED
        assert pool_of(cast) == Decimal("500.00")

    @pytest.mark.parametrize(
        ("less", "said"),
        [
            (
                {"cap_usd": Decimal("9.99")},
                ("/daily_cap_usd", "A day cannot be allowed more than the whole: at most $9.99."),
            ),
            (
                {"cap_usd": Decimal("0.00")},
                ("/cap_usd", "The cap must be above zero, in whole cents."),
            ),
            (
                {"ends_on": date(2026, 11, 20)},
                ("/ends_on", "It starts on 20 Nov 2026: the end must lie after that."),
            ),
            (
                {"cap_usd": Decimal("100.00")},
                (
                    "/cap_usd",
                    "Nothing is less than was asked: lower something, or approve it as asked.",
                ),
            ),
        ],
    )
    def test_what_makes_no_sense(self, cast: Cast, at: datetime, less: Any, said: Any) -> None:
        granted_budget(cast, at=at)

        assert refused(requested(cast, at=at), by=cast.carl, at=at, **less) == [said]

    def test_an_end_that_is_not_to_come(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        late = at + timedelta(days=5)

        found = refused(requested(cast, at=at), by=cast.carl, at=late, ends_on=date(2026, 11, 25))

        assert found == [("/ends_on", "The end must lie after today, 25 Nov 2026.")]

    def test_less_without_a_reason(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)

        found = refused(
            requested(cast, at=at), by=cast.carl, at=at, reason=" ", cap_usd=Decimal("50.00")
        )

        assert found == [("/reason", "Say why: the person who asked will read it.")]

    @pytest.mark.parametrize(("action", "by"), [("reject", "carl"), ("withdraw", "grace")])
    def test_other_terms_in_any_other_step(
        self, cast: Cast, at: datetime, action: Any, by: str
    ) -> None:
        granted_budget(cast, at=at)
        asked = requested(cast, at=at)

        with pytest.raises(Invalid, match="changes no terms"):
            take_step(
                initiative_id=asked.pk,
                action=InitiativeAction(action),
                by=getattr(cast, by),
                reason=WHY,
                version=asked.version,
                at=at,
                change=Change(cap_usd=Decimal("50.00")),
            )

        assert Initiative.objects.get().state == InitiativeState.REQUESTED

    def test_an_old_reading(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        read = requested(cast, at=at)
        back = stepped(read, "ask", by=cast.carl, reason="Why?", at=at)
        stepped(back, "submit", by=cast.grace, at=at)

        with pytest.raises(Stale):
            approve_less(read, by=cast.carl, at=at, cap_usd=Decimal("50.00"))

    def test_terms_that_are_no_longer_those_of_the_request(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        asked = requested(cast, at=at)
        Initiative.objects.update(hypothesis="Something else is tried, and not a word of it said.")

        with pytest.raises(Refusal, match="has to be requested again"):
            approve_less(asked, by=cast.carl, at=at, cap_usd=Decimal("50.00"))

        assert pool_of(cast) == Decimal("500.00")

    def test_the_person_who_asked(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        asked = stepped(drafted(cast, by=cast.carl, at=at), "submit", by=cast.carl, at=at)
        other_account = new_user(username="carl-2", person=cast.carl.person, roles=[Role.CFO])

        for account in (cast.carl, other_account):
            with pytest.raises(SelfApproval):
                approve_less(asked, by=account, at=at, cap_usd=Decimal("50.00"))

    @pytest.mark.parametrize("name", ["fiona", "ed", "aud"])
    def test_who_does_not_decide(self, cast: Cast, at: datetime, name: str) -> None:
        granted_budget(cast, at=at)

        with pytest.raises(NotAllowed):
            approve_less(
                requested(cast, at=at), by=getattr(cast, name), at=at, cap_usd=Decimal("50.00")
            )


@pytest.mark.django_db(transaction=True)
def test_approving_approving_less_and_rejecting_at_once_leave_one_outcome(at: datetime) -> None:
    cast = gather()
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)
    other_cfo = new_user(username="cora", roles=[Role.CFO])

    results = race(
        lambda: stepped(asked, "approve", by=cast.carl, at=at),
        lambda: approve_less(asked, by=other_cfo, at=at, cap_usd=Decimal("40.00")),
        lambda: stepped(asked, "reject", by=other_cfo, reason="No.", at=at),
    )

    decided = [result for result in results if isinstance(result, Initiative)]
    asked.refresh_from_db()
    left = {"sandbox": Decimal(500) - asked.cap_usd, "rejected": Decimal(500)}[asked.state]
    assert len(decided) == 1
    assert all(isinstance(r, Refusal) for r in results if r is not decided[0])
    assert asked.cap_usd == decided[0].cap_usd
    assert pool_of(cast) == left
    assert ledger_total() == 0
    assert Approval.objects.get(kind="initiative").state in {"approved", "rejected"}


CENTS = st.integers(min_value=1, max_value=1_000_000).map(lambda cents: Decimal(cents) / 100)
DAYS = st.integers(min_value=-20, max_value=60).map(
    lambda days: date(2026, 11, 20) + timedelta(days=days)
)


@given(cap_usd=CENTS, daily_cap_usd=CENTS, ends_on=DAYS)
def test_nothing_is_granted_but_what_is_less_and_holds_together(
    cap_usd: Decimal, daily_cap_usd: Decimal, ends_on: date
) -> None:
    asked = InitiativeTerms(
        name="Support drafter",
        unit=Unit(name="Support"),
        hypothesis="It helps.",
        owner=User(username="grace"),
        cap_usd=Decimal(5000),
        daily_cap_usd=Decimal(2500),
        starts_on=date(2026, 11, 20),
        ends_on=date(2026, 12, 20),
    )
    change = Change(cap_usd=cap_usd, daily_cap_usd=daily_cap_usd, ends_on=ends_on)

    admitted = not grant_problems(asked, change, on=date(2026, 11, 22))

    assert admitted == (
        daily_cap_usd <= cap_usd <= 5000
        and daily_cap_usd <= 2500
        and date(2026, 11, 22) < ends_on <= date(2026, 12, 20)
        and change.of(asked) != asked
    )
