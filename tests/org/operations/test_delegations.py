"""Deciding in another's place: for some units, until a day, and never for who asked."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from org.models import Approval, AuditEntry, Delegation, Membership, Role, User
from org.operations.approvals import SelfApproval, record_decision
from org.operations.delegations import give_delegation, revoke_delegation
from org.queries.deciders import deciders_of, waiting_for
from org.refusals import Invalid, NotAllowed
from tests.factories.org import new_user
from tests.org.operations.test_approvals import ask
from tests.org_cast import Cast


def given(cast: Cast, *, at: datetime, **changes: Any) -> Delegation:
    """Let Ed decide for Carl in Support, until a week from now."""
    values: dict[str, Any] = {
        "taker": cast.ed,
        "unit": cast.support,
        "starts_on": at.date(),
        "ends_on": at.date() + timedelta(days=7),
        "reason": "On leave.",
        "by": cast.carl,
    }
    return give_delegation(**(values | changes), at=at)


def decide(*, by: User, at: datetime) -> Approval:
    return record_decision(kind="budget", subject_id=7, approve=True, by=by, reason="", at=at)


def test_the_decision_names_who_took_it_and_in_whose_place(cast: Cast, at: datetime) -> None:
    given(cast, at=at)
    ask(cast, by=cast.grace, at=at)

    approval = decide(by=cast.ed, at=at)

    assert (approval.decided_by, approval.decided_for) == (cast.ed, cast.carl)
    assert approval.decided_for_person == cast.carl.person
    assert approval.who_decided == "Ed for Carl"
    assert AuditEntry.objects.latest("pk").detail["decided_for"] == "carl"


def test_who_decides_by_her_own_right_decides_for_nobody(cast: Cast, at: datetime) -> None:
    given(cast, at=at)
    ask(cast, by=cast.grace, at=at)

    assert decide(by=cast.carl, at=at).decided_for is None


@pytest.mark.parametrize("days", [-1, 7, 8])
def test_it_holds_on_its_days_alone(cast: Cast, at: datetime, days: int) -> None:
    given(cast, at=at, starts_on=date(2026, 11, 20), ends_on=date(2026, 11, 27))
    ask(cast, by=cast.grace, at=at)

    with pytest.raises(NotAllowed):
        decide(by=cast.ed, at=at + timedelta(days=days))


def test_its_last_moment_is_that_before_its_end_in_the_reporting_zone(
    cast_in_berlin: Cast, at: datetime
) -> None:
    cast = cast_in_berlin
    given(cast, at=at, ends_on=date(2026, 11, 27))
    ask(cast, by=cast.grace, at=at)
    end = datetime(2026, 11, 26, 23, 0, tzinfo=UTC)  # midnight in Berlin

    with pytest.raises(NotAllowed):
        decide(by=cast.ed, at=end)
    assert decide(by=cast.ed, at=end - timedelta(microseconds=1)).state == "approved"


def test_it_holds_in_its_unit_and_beneath_alone(cast: Cast, at: datetime) -> None:
    given(cast, at=at, unit=cast.claims)
    ask(cast, by=cast.grace, at=at)
    with pytest.raises(NotAllowed):
        decide(by=cast.ed, at=at)

    given(cast, at=at, unit=cast.operations)

    assert decide(by=cast.ed, at=at).state == "approved"


def test_it_gives_what_the_giver_holds_at_that_moment(cast: Cast, at: datetime) -> None:
    given(cast, at=at, unit=None)
    ask(cast, by=cast.grace, at=at)
    Membership.objects.filter(user=cast.carl).delete()

    with pytest.raises(NotAllowed):
        decide(by=cast.ed, at=at)


@pytest.mark.parametrize("end", ["revoked", "giver left", "taker left"])
def test_it_ends_at_once(cast: Cast, at: datetime, end: str) -> None:
    delegation = given(cast, at=at)
    ask(cast, by=cast.grace, at=at)
    if end == "revoked":
        revoke_delegation(delegation_id=delegation.pk, by=cast.carl, at=at)
    else:
        gone = cast.carl if end == "giver left" else cast.ed
        User.objects.filter(pk=gone.pk).update(is_active=False)

    with pytest.raises(NotAllowed):
        decide(by=cast.ed, at=at)


def test_who_asked_never_decides_by_anothers_right(cast: Cast, at: datetime) -> None:
    given(cast, at=at, taker=cast.ed)
    ask(cast, by=cast.ed, at=at)

    with pytest.raises(SelfApproval):
        decide(by=cast.ed, at=at)


def test_nobody_decides_in_the_place_of_who_asked(cast: Cast, at: datetime) -> None:
    given(cast, at=at)
    ask(cast, by=cast.carl, at=at)

    with pytest.raises(NotAllowed):
        decide(by=cast.ed, at=at)
    assert not waiting_for(cast.ed, at=at).exists()


def test_the_database_refuses_both_by_itself(cast: Cast, at: datetime) -> None:
    approval = ask(cast, by=cast.carl, at=at)
    rows = Approval.objects.filter(pk=approval.pk)

    with pytest.raises(IntegrityError, match="in_the_place_of_another"), transaction.atomic():
        rows.update(state="approved", decided_by=cast.ed, decided_for=cast.carl, decided_at=at)
    second = new_user(person=cast.carl.person)
    with pytest.raises(IntegrityError, match="in_the_place_of_another"), transaction.atomic():
        rows.update(state="approved", decided_by=cast.ed, decided_for=second, decided_at=at)


def test_what_was_given_cannot_be_given_on(cast: Cast, at: datetime) -> None:
    given(cast, at=at)

    with pytest.raises(NotAllowed, match="You decide nothing for Support"):
        given(cast, at=at, by=cast.ed, taker=cast.fiona)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ends_on": date(2027, 2, 19)}, "90 days later at most"),
        ({"ends_on": date(2026, 11, 20)}, "ends after it begins"),
        ({"starts_on": date(2026, 11, 19)}, "begins today, 20 Nov 2026, or later"),
        ({"reason": " "}, "Say why"),
    ],
)
def test_what_cannot_be_given_says_why(
    cast: Cast, at: datetime, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        given(cast, at=at, **changes)


def test_ninety_days_can_be_given(cast: Cast, at: datetime) -> None:
    assert given(cast, at=at, ends_on=date(2027, 2, 18)).pk


def test_the_taker_is_another_person_who_sees_the_unit(cast: Cast, at: datetime) -> None:
    second = new_user(person=cast.carl.person)
    for taker in (second, cast.greta, cast.stan):
        with pytest.raises(Invalid):
            given(cast, at=at, taker=taker)
    with pytest.raises(Invalid, match="does not see the whole company"):
        given(cast, at=at, taker=cast.grace, unit=None)


def test_only_the_giver_and_administrators_take_it_back(cast: Cast, at: datetime) -> None:
    delegation = given(cast, at=at)

    with pytest.raises(NotAllowed):
        revoke_delegation(delegation_id=delegation.pk, by=cast.ed, at=at)
    revoke_delegation(delegation_id=delegation.pk, by=cast.ada, at=at)
    again = revoke_delegation(delegation_id=delegation.pk, by=cast.carl, at=at)

    assert again.revoked_by == cast.ada
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["delegation.given", "delegation.revoked"]


def test_the_application_changes_nothing_else_of_it(cast: Cast, at: datetime) -> None:
    given(cast, at=at)

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Delegation.objects.update(ends_at=at + timedelta(days=90))


def test_a_delegation_that_never_ends_is_refused_by_the_database(cast: Cast, at: datetime) -> None:
    with pytest.raises(IntegrityError, match="within_ninety_days"), transaction.atomic():
        Delegation.objects.create(
            giver=cast.carl,
            taker=cast.ed,
            starts_at=at,
            ends_at=at + timedelta(days=91),
            reason="x",
            given_at=at,
        )


def test_inbox_and_news_know_who_decides_meanwhile(cast: Cast, at: datetime) -> None:
    given(cast, at=at)
    approval = ask(cast, by=cast.grace, at=at)

    assert list(waiting_for(cast.ed, at=at)) == [approval]
    assert deciders_of(cast.support, at=at) == [cast.carl, cast.ed]
    assert deciders_of(cast.claims, at=at) == [cast.carl]
    assert not waiting_for(cast.ed, at=at + timedelta(days=7)).exists()
    assert not waiting_for(cast.fiona, at=at).exists()
    local = new_user(roles=[(Role.CFO, cast.claims)])
    assert not waiting_for(local, at=at).exists()
