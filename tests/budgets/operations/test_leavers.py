"""Owners and on-calls who leave: warned of in time, replaced on the day, with its history."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from budgets.models import Initiative
from budgets.operations.leavers import replace_leavers, successor, warn_of_leavers
from org.models import Approval, AuditEntry, Membership, Notice, Person, Role, User
from org.operations.people import set_leaving
from org.refusals import NotAllowed
from policy.models import Scope
from tests.factories.budgets import drafted, granted_budget, requested, running, stepped
from tests.factories.org import new_user
from tests.org_cast import Cast

DAY = timedelta(days=1)


def leaves(user: User, day: date) -> None:
    assert user.person is not None
    Person.objects.filter(pk=user.person.pk).update(leaves_on=day)


def told() -> set[str]:
    return {each.user.username for each in Notice.objects.latest("pk").delivered.all()}


def test_an_owner_who_leaves_is_replaced_by_the_units_general_manager(
    cast: Cast, at: datetime
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at, owner=cast.ed, on_call=cast.ed)
    leaves(cast.ed, at.date())

    assert replace_leavers(at=at - DAY) == []
    assert replace_leavers(at=at) == [made.slug]
    assert replace_leavers(at=at) == []

    after = Initiative.objects.get()
    assert (after.owner, after.on_call, after.version) == (cast.grace, cast.grace, made.version + 1)
    step = after.steps.latest("pk")
    assert (step.action, step.by, step.terms["owner"]) == ("hand_over", None, "grace")
    assert step.reason == "Ed is not there any more: Grace takes over."
    scope = Scope.objects.get(slug=f"initiative:{made.slug}")
    assert (scope.owner, scope.contact) == ("Grace", cast.grace.email)
    assert AuditEntry.objects.filter(action="initiative.hand_over").count() == 1
    assert told() == {"grace"}


def test_an_account_that_is_shut_leaves_as_well(cast: Cast, at: datetime) -> None:
    made = drafted(cast, at=at, on_call=cast.ed)
    User.objects.filter(pk=cast.ed.pk).update(is_active=False)

    replace_leavers(at=at)

    made.refresh_from_db()
    assert (made.owner, made.on_call, made.state) == (cast.grace, cast.grace, "draft")


def test_a_request_that_waits_is_void_and_goes_back_to_a_draft(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at, owner=cast.ed)
    leaves(cast.ed, at.date())

    replace_leavers(at=at)

    asked.refresh_from_db()
    assert (asked.state, asked.owner) == ("draft", cast.grace)
    assert Approval.objects.get(kind="initiative").state == "void"
    assert "It has to be asked for again." in Notice.objects.latest("pk").text
    assert stepped(asked, "submit", by=cast.grace, at=at).state == "requested"


def test_what_has_ended_stays_as_it_was(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at, owner=cast.ed)
    stepped(made, "stop", by=cast.grace, at=at, reason="It is of no use.")
    leaves(cast.ed, at.date())

    assert replace_leavers(at=at) == []


@pytest.mark.parametrize(
    ("roles", "heir"),
    [
        ([], "carl"),
        ([("far", Role.GM, "acme")], "far"),
        ([("far", Role.GM, "acme"), ("near", Role.GM, "operations")], "near"),
        ([("all", Role.GM, None)], "all"),
        ([("other", Role.GM, "claims")], "carl"),
    ],
)
def test_the_nearest_general_manager_above_takes_over_else_a_cfo(
    cast: Cast, at: datetime, roles: list[Any], heir: str
) -> None:
    made = drafted(cast, at=at)
    Membership.objects.filter(user=cast.grace).delete()
    for username, role, unit in roles:
        new_user(username=username, roles=[(role, getattr(cast, unit) if unit else None)])

    found = successor(made, on=at.date())

    assert found is not None
    assert found.username == heir


def test_nobody_who_leaves_as_well_takes_over(cast: Cast, at: datetime) -> None:
    made = drafted(cast, at=at, owner=cast.ed)
    leaves(cast.ed, at.date())
    leaves(cast.grace, at.date())

    replace_leavers(at=at)

    made.refresh_from_db()
    assert made.owner == cast.carl


def test_without_anybody_to_take_over_it_stays_and_is_tried_again(cast: Cast, at: datetime) -> None:
    made = drafted(cast, at=at, owner=cast.ed)
    leaves(cast.ed, at.date())
    Membership.objects.exclude(user=cast.ed).delete()
    assert replace_leavers(at=at) == []

    Membership.objects.create(user=cast.fiona, role=Role.CFO)

    assert replace_leavers(at=at) == [made.slug]


@pytest.mark.parametrize(("days", "count"), [(15, 0), (14, 1), (1, 1), (0, 0)])
def test_two_weeks_before_both_are_warned_once(
    cast: Cast, at: datetime, days: int, count: int
) -> None:
    made = drafted(cast, at=at, owner=cast.ed)
    leaves(cast.ed, at.date() + days * DAY)

    warn_of_leavers(at=at)
    warn_of_leavers(at=at)

    assert Notice.objects.count() == count
    if count:
        assert Notice.objects.get().title.startswith(f"Ed answers for {made.name} and leaves on")
        assert Notice.objects.get().text == "Unless somebody else is named, Grace takes over."
        assert told() == {"ed", "grace"}


def test_only_an_administrator_says_who_leaves(cast: Cast, at: datetime) -> None:
    person = cast.ed.person
    assert person is not None
    with pytest.raises(NotAllowed):
        set_leaving(person_id=person.pk, leaves_on=at.date(), by=cast.carl, at=at)

    changed = set_leaving(person_id=person.pk, leaves_on=at.date(), by=cast.ada, at=at)

    assert changed.leaves_on == at.date()
    assert AuditEntry.objects.get().action == "person.leaving"
