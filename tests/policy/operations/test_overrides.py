"""Overrides: a number for some hours, another person where it is much, and a cap that re-arms."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q

from finops.profiles import Deciders
from org.models import Approval, AuditEntry, Notice, ProfileOverride, User
from org.operations.approvals import SelfApproval
from org.refusals import Invalid, NotAllowed, Refusal
from policy.models import Cap, Override, Scope
from policy.operations.breaker import judge_scopes
from policy.operations.overrides import (
    decide_override,
    end_overrides,
    revoke_override,
    withdraw_override,
)
from policy.operations.publish import publish
from policy.operations.scopes import put_cap
from policy.permissions import unit_of
from policy.queries.content import gather as gather_content
from policy.queries.overrides import limit_in_force, overrides_of
from tests.factories.org import new_user
from tests.factories.overrides import overridden, some_terms
from tests.factories.policy import TODAY, cap, drafter_scope, spend, unit_scope
from tests.org_cast import Cast, gather
from tests.races import race

HOUR = timedelta(hours=1)


@pytest.fixture
def daily(cast: Cast) -> Cap:
    """Cap the experiment at $45 a day and $900 in total, as approving it does."""
    scope = drafter_scope(cast.support)
    cap(scope, "900.00", window="total")
    return cap(scope, "45.00", by=cast.carl)


def blocked_at(usd: str, daily: Cap, at: datetime) -> Scope:
    """Spend so much today, and let the cap judge."""
    scope = daily.scope
    spend(usd, unit=unit_of(scope), cost_object=scope.cost_object)
    judge_scopes(Q(pk=scope.pk), at=at)
    scope.refresh_from_db()
    return scope


def decided_by(setting: Deciders) -> None:
    ProfileOverride.objects.create(
        setting="override_deciders",
        value=setting.value,
        reason="Acme wants more people to look.",
        starts_on=datetime(2025, 1, 2, tzinfo=UTC).date(),
        recorded_by=User.objects.get(username="carl"),
        recorded_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def test_a_founder_lets_a_little_more_pass_at_once_and_the_block_falls(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    scope = blocked_at("46.10", daily, at)
    assert scope.state == "open"

    made = overridden(daily, by=cast.carl, at=at)

    scope.refresh_from_db()
    daily.refresh_from_db()
    assert (made.state, made.started_at, made.approval) == ("in_force", at, None)
    assert (made.beyond_usd, made.budget_usd) == (Decimal("15.00"), Decimal("900.00"))
    assert scope.state == "closed"
    assert limit_in_force(daily, at=at) == Decimal("60.00")
    assert list(overrides_of(scope)) == [made]


def test_routers_are_given_the_number_of_the_override(cast: Cast, at: datetime, daily: Cap) -> None:
    overridden(daily, by=cast.carl, at=at)

    entry = next(each for each in gather_content(at=at).scopes if each.id == daily.scope.slug)
    limits = {each.id: each.limit_usd for each in entry.caps}

    assert limits[daily.public_id] == Decimal("60.00")


def test_it_ends_by_itself_and_the_cap_blocks_again(cast: Cast, at: datetime, daily: Cap) -> None:
    scope = blocked_at("46.10", daily, at)
    made = overridden(daily, by=cast.carl, at=at)

    assert end_overrides(at=at + 6 * HOUR - timedelta(seconds=1)) == []
    assert end_overrides(at=at + 6 * HOUR) == [made.pk]
    assert end_overrides(at=at + 7 * HOUR) == []

    made.refresh_from_db()
    scope.refresh_from_db()
    assert (made.state, made.ended_by, made.ended_at) == ("ended", "expired", at + 6 * HOUR)
    assert (scope.state, scope.reason_code) == ("open", "cap_day")
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")][-3:] == [
        "policy.cap_set",
        "policy.override_granted",
        "policy.override_ended",
    ]


def test_from_its_end_on_the_old_limit_counts_though_nobody_swept(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    overridden(daily, by=cast.carl, at=at)
    daily.refresh_from_db()

    assert limit_in_force(daily, at=at + 6 * HOUR) == Decimal("45.00")


def test_the_number_is_a_limit_too(cast: Cast, at: datetime, daily: Cap) -> None:
    overridden(daily, by=cast.carl, at=at)

    scope = blocked_at("60.00", daily, at)

    assert scope.state == "open"
    assert scope.reason_text == (
        "Spend of $60.00 on 20 November 2026 reached $60.00, to which the daily cap of $45.00 is"
        " overridden until 20 November 2026, 18:00 UTC."
    )


def test_what_it_does_not_free_stays_blocked(cast: Cast, at: datetime, daily: Cap) -> None:
    scope = blocked_at("75.00", daily, at)

    overridden(daily, by=cast.carl, at=at)

    scope.refresh_from_db()
    assert scope.state == "open"


def test_who_asks_without_being_a_cfo_waits_for_one(cast: Cast, at: datetime, daily: Cap) -> None:
    scope = blocked_at("46.10", daily, at)

    made = overridden(daily, by=cast.ed, at=at)
    asked = Approval.objects.get(kind="override", subject_id=made.pk)

    scope.refresh_from_db()
    assert (made.state, scope.state) == ("waiting", "open")
    assert asked.title == ("Override of Support drafter: daily cap of $45.00 to $60.00")
    assert [each.user for each in _delivered("waits for a signature")] == [cast.carl]

    decided = decide_override(override_id=made.pk, approve=True, by=cast.carl, reason="", at=at)

    scope.refresh_from_db()
    assert (decided.state, scope.state) == ("in_force", "closed")
    assert decided.approval is not None
    assert decided.approval.decided_by == cast.carl


def _delivered(title: str) -> list[Any]:
    return list(Notice.objects.get(title__contains=title).delivered.all())


def test_more_than_a_quarter_of_the_budget_needs_a_second_person(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    # $225 is a quarter of $900: $270.00 lets exactly that pass, a cent more is too much for one.
    little = overridden(daily, by=cast.carl, at=at, limit_usd=Decimal("270.00"))
    revoke_override(override_id=little.pk, by=cast.carl, reason="Enough.", at=at)

    much = overridden(daily, by=cast.carl, at=at, limit_usd=Decimal("270.01"))

    assert (little.needs_signature, much.needs_signature) == (False, True)
    assert much.state == "waiting"
    with pytest.raises(SelfApproval):
        decide_override(override_id=much.pk, approve=True, by=cast.carl, reason="", at=at)
    assert (
        decide_override(override_id=much.pk, approve=True, by=cast.fiona, reason="", at=at).state
        == "in_force"
    )


def test_past_midnight_the_difference_counts_twice(cast: Cast, at: datetime, daily: Cap) -> None:
    made = overridden(daily, by=cast.carl, at=at, expires_at=at + 24 * HOUR)

    assert made.beyond_usd == Decimal("30.00")


def test_where_no_cap_tells_the_budget_nothing_is_little(cast: Cast, at: datetime) -> None:
    alone = cap(unit_scope(cast.support), "45.00")

    made = overridden(alone, by=cast.carl, at=at, limit_usd=Decimal("45.01"))

    assert (made.budget_usd, made.state) == (None, "waiting")


def test_two_people_and_finance_are_three(cast: Cast, at: datetime, daily: Cap) -> None:
    decided_by(Deciders.TWO_AND_FINANCE)
    made = overridden(daily, by=cast.ed, at=at)

    first = decide_override(override_id=made.pk, approve=True, by=cast.fiona, reason="", at=at)
    assert first.state == "waiting"
    second = decide_override(override_id=made.pk, approve=True, by=cast.carl, reason="", at=at)

    assert second.state == "in_force"


def test_where_nobody_else_could_sign_it_says_so_at_once(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    decided_by(Deciders.TWO_PEOPLE)
    User.objects.filter(pk=cast.fiona.pk).update(is_active=False)

    with pytest.raises(Refusal, match="Nobody but you could sign this as FinOps"):
        overridden(daily, by=cast.carl, at=at)


def test_a_rejection_needs_a_reason_and_ends_it(cast: Cast, at: datetime, daily: Cap) -> None:
    made = overridden(daily, by=cast.ed, at=at)

    with pytest.raises(Invalid):
        decide_override(override_id=made.pk, approve=False, by=cast.carl, reason="", at=at)
    rejected = decide_override(
        override_id=made.pk, approve=False, by=cast.carl, reason="Tomorrow.", at=at
    )

    daily.refresh_from_db()
    assert rejected.state == "rejected"
    assert limit_in_force(daily, at=at) == Decimal("45.00")


def test_what_is_not_signed_in_time_lapses(cast: Cast, at: datetime, daily: Cap) -> None:
    made = overridden(daily, by=cast.ed, at=at)
    late = at + 6 * HOUR

    with pytest.raises(Refusal, match="Its time is up"):
        decide_override(override_id=made.pk, approve=True, by=cast.carl, reason="", at=late)
    end_overrides(at=late)

    made.refresh_from_db()
    assert made.state == "lapsed"
    assert Approval.objects.get(kind="override").state == "void"


def test_it_is_revoked_and_withdrawn_by_those_who_may_stop(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    scope = blocked_at("46.10", daily, at)
    waits = overridden(daily, by=cast.ed, at=at)
    assert withdraw_override(override_id=waits.pk, by=cast.ed, at=at).state == "withdrawn"
    made = overridden(daily, by=cast.carl, at=at)

    with pytest.raises(NotAllowed):
        revoke_override(override_id=made.pk, by=cast.greta, reason="Why not.", at=at)
    with pytest.raises(Invalid):
        revoke_override(override_id=made.pk, by=cast.grace, reason=" ", at=at)
    revoke_override(override_id=made.pk, by=cast.grace, reason="It is calm again.", at=at)

    made.refresh_from_db()
    scope.refresh_from_db()
    assert (made.ended_by, made.ended_by_user, scope.state) == ("revoked", cast.grace, "open")


def test_another_cap_in_its_place_ends_the_override(cast: Cast, at: datetime, daily: Cap) -> None:
    made = overridden(daily, by=cast.carl, at=at)

    put_cap(
        scope=daily.scope, window="day", limit_usd=Decimal("50.00"), mode="hard", starts_on=TODAY,
        ends_on=None, by=cast.carl, at=at,
    )  # fmt: skip
    end_overrides(at=at)

    made.refresh_from_db()
    assert made.ended_by == "cap_changed"


def test_owner_and_cfo_are_told_when_it_begins_and_when_it_ends(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    overridden(daily, by=cast.carl, at=at)
    end_overrides(at=at + 6 * HOUR)

    assert {each.user for each in _delivered("is overridden to $60.00")} == {cast.grace}
    ended = Notice.objects.get(title="The override of Support drafter has ended")
    assert {each.user for each in ended.delivered.all()} == {cast.grace, cast.carl}
    assert ended.text == "Its time was up: the daily cap is $45.00 again."


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"limit_usd": Decimal("45.00")}, "/limit_usd", r"more than the present one of \$45.00"),
        ({"limit_usd": Decimal("450.00")}, "/limit_usd", "ten times the cap"),
        ({"limit_usd": Decimal("Infinity")}, "/limit_usd", "never unlimited"),
        ({"limit_usd": Decimal("60.001")}, "/limit_usd", "whole cents"),
        ({"reason": "x" * 19}, "/reason", "20 characters or more"),
        ({"ticket": " "}, "/ticket", "Name the ticket"),
        ({"expires_at": datetime(2026, 11, 20, 12, 0, tzinfo=UTC)}, "/expires_at", "end after"),
        (
            {"expires_at": datetime(2026, 11, 21, 12, 0, 1, tzinfo=UTC)},
            "/expires_at",
            "lasts 24 hours at most",
        ),
    ],
)
def test_terms_that_do_not_hold_are_refused_by_field(
    cast: Cast, at: datetime, daily: Cap, *, changes: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        overridden(daily, by=cast.carl, at=at, **changes)

    assert [error.pointer for error in refused.value.errors] == [field]


def test_a_startup_overrides_for_four_hours_at_most(cast: Cast, at: datetime, daily: Cap) -> None:
    ProfileOverride.objects.create(
        setting="override_hours", value="4", reason="A startup acts within four hours.",
        starts_on=datetime(2025, 1, 2, tzinfo=UTC).date(), recorded_by=cast.carl,
        recorded_at=datetime(2026, 1, 2, tzinfo=UTC),
    )  # fmt: skip

    with pytest.raises(Invalid, match="lasts 4 hours at most"):
        overridden(daily, by=cast.carl, at=at)
    assert overridden(daily, by=cast.carl, at=at, expires_at=at + 4 * HOUR).state == "in_force"


def test_only_hard_caps_of_the_scope_and_one_at_a_time(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    soft = cap(daily.scope, "30.00", mode="soft")
    with pytest.raises(Invalid, match="only a hard cap"):
        overridden(soft, by=cast.carl, at=at)
    with pytest.raises(Invalid, match="has no cap"):
        overridden(daily, by=cast.carl, at=at, scope=unit_scope(cast.support))
    overridden(daily, by=cast.carl, at=at)
    with pytest.raises(Invalid, match=r"overridden to \$60.00 already"):
        overridden(daily, by=cast.carl, at=at)


def test_who_may_not_stop_the_scope_may_not_override_it(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    for person in (cast.greta, cast.fiona, cast.aud, cast.stan):
        with pytest.raises(NotAllowed):
            overridden(daily, by=person, at=at)


def test_the_database_keeps_what_must_never_be_false(cast: Cast, at: datetime, daily: Cap) -> None:
    made = overridden(daily, by=cast.ed, at=at)
    fields = {
        name: getattr(made, name)
        for name in ("scope", "cap", "cap_usd", "limit_usd", "beyond_usd", "reason", "ticket",
                     "requested_by", "requested_at", "expires_at", "needs_signature")
    }  # fmt: skip
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("cap_is_overridden_once_at_a_time", {}),
        ("override_is_above_its_cap", {"limit_usd": made.cap_usd}),
        ("override_ends_within_a_day", {"expires_at": at + timedelta(hours=24, seconds=1)}),
        ("override_says_why_and_names_its_ticket", {"reason": "x" * 19}),
        ("override_says_why_and_names_its_ticket", {"ticket": ""}),
        ("override_that_held_says_since_when", {"started_at": at}),
        ("override_holds_only_with_its_signature", {"state": "in_force", "started_at": at}),
    ]
    for name, change in wrong:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Override.objects.create(**{**fields, **change})
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Override.objects.filter(pk=made.pk).update(limit_usd=Decimal("99.00"))
    with pytest.raises(IntegrityError, match="cap_is_raised_until"), transaction.atomic():
        Cap.objects.filter(pk=daily.pk).update(raised_to_usd=Decimal("44.00"), raised_until=at)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_override_a_cap_at_once_one_does(at: datetime) -> None:
    cast = gather()
    scope = drafter_scope(cast.support)
    cap(scope, "900.00", window="total")
    daily = cap(scope, "45.00")
    publish(cause="", by=None, at=at)
    second = new_user(username="cleo", roles=["cfo"])

    def asked(by: User) -> str:
        try:
            return overridden(daily, by=by, at=at).state
        except Refusal as refusal:
            return type(refusal).__name__

    outcomes = race(lambda: asked(cast.carl), lambda: asked(second))

    assert "in_force" in outcomes
    assert Override.objects.filter(state="in_force").count() == 1


def test_the_terms_of_a_test_hold(daily: Cap, at: datetime) -> None:
    assert some_terms(daily, at=at).expires_at == at + 6 * HOUR
