"""Raises of quotas: asked for by one person, decided by another, told to routers, and over."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from dashboard.queries.attention import waiting_for_me
from dashboard.shell import waiting_count
from org.models import Approval, Delivered, Membership, Role, User
from org.operations.approvals import AlreadyDecided, SelfApproval
from org.queries.deciders import takes_part
from org.refusals import Invalid, NotAllowed, NotThere, Refusal
from policy.models import PolicyRevision, Quota, QuotaRaise
from policy.operations.quota_leases import take
from policy.operations.quota_raises import RaiseDraft, ask_raise, decide_raise, withdraw_raise
from policy.operations.quotas import retire_quota
from policy.operations.upkeep import keep_up
from policy.quota_wording import due_in_words
from tests.factories.org import new_user
from tests.factories.quotas import quota
from tests.org_cast import Cast

ANA = "ana@x"


@pytest.fixture
def made(cast: Cast, at: datetime) -> Quota:
    return quota("10", by=cast.ed, at=at)


def asked(made: Quota, *, by: User, at: datetime, limit: str = "20", **values: Any) -> QuotaRaise:
    plain: dict[str, Any] = {"who": ANA, "ends_at": at + timedelta(days=2)}
    draft = RaiseDraft(limit=Decimal(limit), **(plain | values))
    return ask_raise(quota_id=made.pk, draft=draft, reason="A release.", by=by, at=at)


def decided(row: QuotaRaise, *, by: User, at: datetime, approve: bool = True) -> Approval:
    return decide_raise(raise_id=row.pk, approve=approve, by=by, reason="So be it.", at=at)


def published() -> dict[str, Any]:
    document = json.loads(bytes(PolicyRevision.objects.latest("number").body))
    [scope] = [each for each in document["scopes"] if each["id"] == "unit:support"]
    entry: dict[str, Any] = scope["quotas"][0]
    return entry


def count(user: User, *, at: datetime) -> int:
    """Return the badge of the shell."""
    memberships = list(
        Membership.objects.filter(user=user)
        .select_related("unit")
        .annotate(**takes_part(user, at=at))
    )
    return waiting_count(user, memberships=memberships, at=at)


def test_a_raise_counts_once_the_general_manager_agrees_and_ends_by_itself(
    cast: Cast, made: Quota, at: datetime
) -> None:
    row = asked(made, by=cast.ed, at=at)
    assert "raises" not in published()

    decided(row, by=cast.grace, at=at)

    assert published()["raises"] == [{"who": ANA, "limit": "20", "until": "2026-11-22T12:00:00Z"}]
    grant = take(quota_id=made.pk, subject=ANA, amount=Decimal(4), sidecar="eu", at=at)
    assert grant.remaining == 16
    keep_up(at=at + timedelta(days=2))
    assert "raises" not in published()


def test_it_waits_in_the_inbox_and_the_badge_of_whoever_owns_the_budget(
    cast: Cast, made: Quota, at: datetime
) -> None:
    asked(made, by=cast.ed, at=at)

    [waiting] = waiting_for_me(cast.grace, at=at)
    assert waiting.title == "ana@x: 20 calls a day until 22 Nov"
    assert waiting.url.startswith(f"/quotas/{made.pk}/#raise-")
    assert count(cast.grace, at=at) == 1
    for other in (cast.ed, cast.greta, cast.fiona, cast.aud):
        assert not waiting_for_me(other, at=at)
        assert count(other, at=at) == 0
    told = Delivered.objects.filter(notice__kind="request").values_list("user__username", flat=True)
    assert list(told) == ["grace"]


def test_where_the_manager_asks_herself_a_cfo_decides(
    cast: Cast, made: Quota, at: datetime
) -> None:
    row = asked(made, by=cast.grace, at=at)

    with pytest.raises(SelfApproval):
        decided(row, by=cast.grace, at=at)
    assert decided(row, by=cast.carl, at=at).state == "approved"


def test_nobody_decides_who_has_no_right_or_is_the_one_it_is_for(
    cast: Cast, made: Quota, at: datetime
) -> None:
    row = asked(made, by=cast.ed, at=at)
    ana = new_user(username="ana", person__email=ANA, roles=[(Role.GM, cast.support)])

    for other in (cast.greta, cast.fiona, cast.carl):
        with pytest.raises(NotAllowed, match="Only General manager for Support"):
            decided(row, by=other, at=at)
    with pytest.raises(NotAllowed, match="This raise is for you"):
        decided(row, by=ana, at=at)
    second = new_user(username="ed-2", person=cast.ed.person, roles=[(Role.GM, cast.support)])
    with pytest.raises(SelfApproval):
        decided(row, by=second, at=at)


def test_nor_does_the_database_let_who_asked_decide(cast: Cast, made: Quota, at: datetime) -> None:
    asked(made, by=cast.ed, at=at)
    values = {"state": "approved", "decided_by": cast.ed, "decided_at": at}

    with pytest.raises(DatabaseError), transaction.atomic():
        Approval.objects.update(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        QuotaRaise.objects.create(
            quota=made, limit=1, reason="", ends_at=at, asked_by=cast.ed, asked_at=at, due_at=at
        )


def test_a_refused_or_withdrawn_raise_never_counts(cast: Cast, made: Quota, at: datetime) -> None:
    refused = asked(made, by=cast.ed, at=at)
    decided(refused, by=cast.grace, at=at, approve=False)
    taken_back = asked(made, by=cast.ed, at=at)
    with pytest.raises(NotAllowed, match="Only Ed takes this back"):
        withdraw_raise(raise_id=taken_back.pk, by=cast.fiona, at=at)
    withdraw_raise(raise_id=taken_back.pk, by=cast.ed, at=at)

    assert "raises" not in published()
    for row in (refused, taken_back):
        with pytest.raises(AlreadyDecided):
            decided(row, by=cast.grace, at=at)


def test_a_raise_of_what_all_share_raises_its_limit(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at, per="")
    decided(asked(made, by=cast.ed, at=at, who=""), by=cast.grace, at=at)

    assert published()["limit"] == "20"
    assert "raises" not in published()


def test_a_raise_never_lowers_what_all_have(cast: Cast, made: Quota, at: datetime) -> None:
    decided(asked(made, by=cast.ed, at=at), by=cast.grace, at=at)

    quota("30", by=cast.ed, at=at)

    assert published()["raises"][0]["limit"] == "30"


def test_a_raise_of_the_companys_quota_is_decided_at_its_top(cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at, scope="org")

    row = asked(made, by=cast.ed, at=at)

    assert Approval.objects.get().unit == cast.acme
    assert decided(row, by=cast.carl, at=at).state == "approved"


def test_what_comes_too_late_is_told(cast: Cast, made: Quota, at: datetime) -> None:
    row = asked(made, by=cast.ed, at=at)
    with pytest.raises(Refusal, match="is over"):
        decided(row, by=cast.grace, at=at + timedelta(days=2))
    retire_quota(quota_id=made.pk, reason="A trial.", by=cast.ed, at=at)
    with pytest.raises(Refusal, match="was lifted meanwhile"):
        decided(row, by=cast.grace, at=at)
    with pytest.raises(NotThere):
        asked(made, by=cast.ed, at=at)
    with pytest.raises(NotThere, match="Nobody asked"):
        decide_raise(raise_id=0, approve=True, by=cast.grace, reason="", at=at)


def test_what_cannot_be_is_refused_by_field(cast: Cast, made: Quota, at: datetime) -> None:
    def refused(**values: Any) -> dict[str, str]:
        with pytest.raises(Invalid) as refusal:
            asked(made, by=cast.ed, at=at, **values)
        return {error.pointer: error.detail for error in refusal.value.errors}

    assert refused(limit="10") == {"/limit": "It is 10 calls now: ask for more than that."}
    assert refused(limit="NaN") == {"/limit": "It is 10 calls now: ask for more than that."}
    assert refused(limit="10.5") == {"/limit": "Ask for whole calls, not 10.5."}
    assert refused(who="") == {"/who": "Name the person it is for."}
    assert refused(ends_at=at + timedelta(days=32)) == {
        "/ends_at": "A raise ends within 31 days: for longer, change the quota."
    }
    with pytest.raises(NotAllowed, match="people with a role for Support"):
        asked(made, by=cast.greta, at=at)


def test_how_long_somebody_waits_is_told(at: datetime) -> None:
    due = at + timedelta(hours=4)

    def words(hours: float) -> str:
        return due_in_words(at, due, at=at + timedelta(hours=hours))

    assert words(0) == "asked 0 min ago, due in 4 h"
    assert words(3) == "asked 3 h ago, due in 1 h"
    assert words(3.75) == "asked 3 h ago, due in 15 min"
    assert words(30) == "asked 1 day ago, overdue by 1 day"
