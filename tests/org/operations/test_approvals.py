"""Approvals: two people, one decision, on the terms that were asked for."""

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from org.models import Approval, AuditEntry, Membership, Role, User
from org.operations.approvals import (
    AlreadyAsked,
    AlreadyDecided,
    SelfApproval,
    TermsChanged,
    record_decision,
    request_decision,
    terms_hash_of,
    void_request,
    withdraw_request,
)
from org.refusals import Invalid, NotAllowed, NotThere
from tests.factories.org import new_user
from tests.org_cast import Cast, gather
from tests.races import race

TERMS = {"core_usd": "1000.00", "experiment_usd": "200.00"}


def ask(cast: Cast, *, by: User, at: datetime, **changes: Any) -> Approval:
    asked: dict[str, Any] = {
        "kind": "budget",
        "subject_id": 7,
        "title": "Budget of Support, 2027",
        "url": "/budgets/7/",
        "unit": cast.support,
        "terms": TERMS,
        "amount_usd": Decimal("1200.00"),
    }
    return request_decision(**(asked | changes), by=by, at=at)


def decide(*, by: User, at: datetime, approve: bool = True, **more: Any) -> Approval:
    return record_decision(
        kind="budget", subject_id=7, approve=approve, by=by, reason="Too much.", at=at, **more
    )


def test_a_request_keeps_its_terms_and_the_person_who_asked(cast: Cast, at: datetime) -> None:
    approval = ask(cast, by=cast.grace, at=at)

    assert approval.state == "pending"
    assert approval.terms == TERMS
    assert approval.terms_hash == terms_hash_of(dict(reversed(TERMS.items())))
    assert approval.requested_person == cast.grace.person


def test_terms_may_hold_money_and_dates(cast: Cast, at: datetime) -> None:
    approval = ask(cast, by=cast.grace, at=at, terms={"cap_usd": Decimal("45.00"), "on": at.date()})

    assert approval.terms == {"cap_usd": "45.00", "on": "2026-11-20"}


def test_the_cfo_approves_what_another_person_requested(cast: Cast, at: datetime) -> None:
    ask(cast, by=cast.grace, at=at)

    approval = decide(by=cast.carl, at=at)

    assert (approval.state, approval.decided_by, approval.decided_at) == ("approved", cast.carl, at)
    assert approval.decided_person == cast.carl.person


@pytest.mark.parametrize("approve", [True, False])
def test_nobody_decides_what_she_requested(cast: Cast, at: datetime, approve: Any) -> None:
    ask(cast, by=cast.carl, at=at)

    with pytest.raises(SelfApproval, match=r"You requested .* yourself"):
        decide(by=cast.carl, at=at, approve=approve)


def test_a_second_account_of_the_same_person_does_not_decide(cast: Cast, at: datetime) -> None:
    second_account = new_user(person=cast.carl.person, roles=[Role.CFO])
    ask(cast, by=cast.carl, at=at)

    with pytest.raises(SelfApproval):
        decide(by=second_account, at=at)


def test_a_superuser_does_not_decide_what_she_requested(cast: Cast, at: datetime) -> None:
    cast.carl.is_superuser = True
    cast.carl.save()
    ask(cast, by=cast.carl, at=at)

    with pytest.raises(SelfApproval):
        decide(by=cast.carl, at=at)


@pytest.mark.parametrize("second_account", [False, True])
def test_the_database_refuses_self_approval_by_any_other_path(
    cast: Cast, at: datetime, second_account: Any
) -> None:
    approval = ask(cast, by=cast.carl, at=at)
    decider = new_user(person=cast.carl.person) if second_account else cast.carl

    with (
        pytest.raises(IntegrityError, match="approval_is_decided_by_another_person"),
        transaction.atomic(),
    ):
        Approval.objects.filter(pk=approval.pk).update(
            state="approved", decided_by=decider, decided_at=at
        )


def test_an_account_without_a_person_neither_requests_nor_decides(cast: Cast, at: datetime) -> None:
    machine = new_user(username="machine", person=None, email="m@example.org", roles=[Role.CFO])

    with pytest.raises(NotAllowed, match="machine belongs to no person"):
        ask(cast, by=machine, at=at)
    ask(cast, by=cast.grace, at=at)
    with pytest.raises(NotAllowed, match="machine belongs to no person"):
        decide(by=machine, at=at)


@pytest.mark.parametrize("name", ["fiona", "greta", "ed", "aud", "ada", "stan"])
def test_only_a_cfo_decides_where_nothing_else_is_said(cast: Cast, at: datetime, name: str) -> None:
    ask(cast, by=cast.grace, at=at)

    with pytest.raises(NotAllowed, match="Only CFO for Support can decide"):
        decide(by=getattr(cast, name), at=at)


def test_the_owner_of_a_matter_may_name_other_deciders(cast: Cast, at: datetime) -> None:
    ask(cast, by=cast.ada, at=at)

    approval = decide(by=cast.fiona, at=at, deciders=[Role.FINANCE, Role.CFO])

    assert approval.decided_by == cast.fiona


def test_a_cfo_of_one_unit_does_not_decide_for_another(cast: Cast, at: datetime) -> None:
    cfo_of_claims = new_user(roles=[(Role.CFO, cast.claims)])
    cfo_of_operations = new_user(roles=[(Role.CFO, cast.operations)])
    ask(cast, by=cast.grace, at=at)

    with pytest.raises(NotAllowed):
        decide(by=cfo_of_claims, at=at)
    assert decide(by=cfo_of_operations, at=at).state == "approved"


def test_a_deactivated_cfo_does_not_decide(cast: Cast, at: datetime) -> None:
    ask(cast, by=cast.grace, at=at)
    User.objects.filter(pk=cast.carl.pk).update(is_active=False)

    with pytest.raises(NotAllowed):
        decide(by=cast.carl, at=at)


def test_less_than_was_asked_stands_beside_it(cast: Cast, at: datetime) -> None:
    ask(cast, by=cast.grace, at=at)

    approval = decide(by=cast.carl, at=at, granted_usd=Decimal("1199.99"))

    assert (approval.amount_usd, approval.granted_usd) == (Decimal("1200.00"), Decimal("1199.99"))
    assert AuditEntry.objects.get(action="approval.approved").detail["granted_usd"] == "1199.99"


@pytest.mark.parametrize(
    ("granted", "approve"), [("1200.01", True), ("0.00", True), ("800.00", False)]
)
def test_the_database_refuses_a_grant_that_is_not_less_and_not_approved(
    cast: Cast, at: datetime, granted: str, approve: Any
) -> None:
    ask(cast, by=cast.grace, at=at)

    with pytest.raises(IntegrityError, match="grants_no_more_than_was_asked"), transaction.atomic():
        decide(by=cast.carl, at=at, approve=approve, granted_usd=Decimal(granted))


def test_nothing_is_granted_of_a_matter_that_asks_for_no_money(cast: Cast, at: datetime) -> None:
    ask(cast, by=cast.grace, at=at, amount_usd=None)

    with pytest.raises(IntegrityError, match="grants_no_more_than_was_asked"), transaction.atomic():
        decide(by=cast.carl, at=at, granted_usd=Decimal("1.00"))


def test_a_rejection_says_why(cast: Cast, at: datetime) -> None:
    ask(cast, by=cast.grace, at=at)

    with pytest.raises(Invalid) as refused:
        record_decision(kind="budget", subject_id=7, approve=False, by=cast.carl, reason=" ", at=at)
    assert refused.value.errors == (("/reason", "Say why this is rejected."),)
    assert decide(by=cast.carl, at=at, approve=False).reason == "Too much."


def test_a_decision_is_taken_once(cast: Cast, at: datetime) -> None:
    ask(cast, by=cast.grace, at=at)
    decide(by=cast.carl, at=at)

    with pytest.raises(AlreadyDecided, match="was approved by Carl on 20 Nov 2026, 12:00 UTC"):
        decide(by=new_user(roles=[Role.CFO]), at=at, approve=False)


def test_terms_that_changed_are_not_approved(cast: Cast, at: datetime) -> None:
    ask(cast, by=cast.grace, at=at)

    with pytest.raises(TermsChanged, match="has to be requested again"):
        decide(by=cast.carl, at=at, terms_hash=terms_hash_of(TERMS | {"core_usd": "1000.01"}))
    assert decide(by=cast.carl, at=at, terms_hash=terms_hash_of(TERMS)).state == "approved"


@pytest.mark.parametrize("end", [withdraw_request, void_request])
def test_a_request_that_ended_can_be_made_again(cast: Cast, at: datetime, end: Any) -> None:
    ask(cast, by=cast.grace, at=at)

    end(kind="budget", subject_id=7, by=cast.grace, at=at)

    with pytest.raises(AlreadyDecided):
        decide(by=cast.carl, at=at)
    ask(cast, by=cast.grace, at=at)
    assert decide(by=cast.carl, at=at).state == "approved"


def test_one_request_waits_per_subject(cast: Cast, at: datetime) -> None:
    ask(cast, by=cast.grace, at=at)

    with pytest.raises(AlreadyAsked, match="already waits"):
        ask(cast, by=cast.grace, at=at)
    ask(cast, by=cast.grace, at=at, subject_id=8)


def test_what_was_never_requested_is_not_there(cast: Cast, at: datetime) -> None:
    with pytest.raises(NotThere, match="No decision was ever requested for this budget"):
        decide(by=cast.carl, at=at)


def test_every_step_stands_in_the_audit_log(cast: Cast, at: datetime) -> None:
    ask(cast, by=cast.grace, at=at)
    decide(by=cast.carl, at=at)

    entries = AuditEntry.objects.order_by("pk").values_list("action", "subject", "actor__username")
    assert list(entries) == [
        ("approval.requested", "budget:7", "grace"),
        ("approval.approved", "budget:7", "carl"),
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(10))
def test_of_two_approvers_and_a_rejecter_exactly_one_decides(at: datetime, _round: int) -> None:
    cast = gather()
    other = new_user(roles=[Role.CFO])
    third = new_user(roles=[Role.CFO])
    ask(cast, by=cast.grace, at=at)

    outcomes = race(
        partial(decide, by=cast.carl, at=at),
        partial(decide, by=other, at=at),
        partial(decide, by=third, at=at, approve=False),
    )

    winners = [outcome for outcome in outcomes if isinstance(outcome, Approval)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, AlreadyDecided)]
    assert (len(winners), len(refused)) == (1, 2)
    assert Approval.objects.get().state == winners[0].state
    assert AuditEntry.objects.exclude(action="approval.requested").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_role_that_is_being_taken_away_does_not_decide_any_more(at: datetime) -> None:
    cast = gather()
    ask(cast, by=cast.grace, at=at)

    def take_role_away() -> None:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=cast.carl.pk)
            Membership.objects.filter(user=cast.carl).delete()

    decided, _ = race(partial(decide, by=cast.carl, at=at), take_role_away)

    # Whichever came first: a decision was taken by a CFO, or refused to one who is none.
    assert isinstance(decided, Approval | NotAllowed)
    assert Approval.objects.get().state == (
        "approved" if isinstance(decided, Approval) else "pending"
    )
