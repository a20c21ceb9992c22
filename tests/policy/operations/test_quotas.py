"""Quotas: one line of policy for everybody, that changes at once and keeps what was used."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from org.models import AuditEntry, Role, User
from org.refusals import Invalid, NotAllowed, NotThere
from policy.models import PolicyRevision, Quota, QuotaTerms, Scope
from policy.operations.quotas import QuotaDraft, put_quota, retire_quota
from policy.operations.upkeep import keep_up
from tests.factories.org import new_user
from tests.factories.quotas import drafted_quota, quota
from tests.org_cast import Cast, gather
from tests.races import race


def published(slug: str = "unit:support") -> list[dict[str, Any]]:
    document = json.loads(bytes(PolicyRevision.objects.latest("number").body))
    [scope] = [each for each in document["scopes"] if each["id"] == slug]
    found: list[dict[str, Any]] = scope.get("quotas", [])
    return found


def refused(by: User, *, at: datetime, **values: Any) -> dict[str, str]:
    limit = values.pop("limit", "10")
    with pytest.raises(Invalid) as refusal:
        quota(limit, by=by, at=at, **values)
    return {error.pointer: error.detail for error in refusal.value.errors}


def test_a_template_for_thousands_is_one_line_of_the_document(cast: Cast, at: datetime) -> None:
    made = quota("50", by=cast.ed, at=at)

    assert published() == [
        {
            "id": f"quota:{made.pk}",
            "metric": "calls",
            "window": "day",
            "limit": "50",
            "mode": "hard",
            "per": "person",
            "resets_at": "2026-11-21T00:00:00Z",
        }
    ]
    cause = PolicyRevision.objects.latest("number").cause
    assert cause == "Support: 50 calls a day for each person."


def test_a_unit_without_guardrails_gets_a_scope_with_all_above_it(cast: Cast, at: datetime) -> None:
    quota(by=cast.ed, at=at)

    parents = dict(Scope.objects.values_list("slug", "parent__slug"))
    assert parents == {
        "org": None,
        "unit:acme": "org",
        "unit:operations": "unit:acme",
        "unit:support": "unit:operations",
    }


def test_other_terms_hold_at_once_under_the_same_id(cast: Cast, at: datetime) -> None:
    first = quota("50", by=cast.ed, at=at)

    second = quota("80", by=cast.fiona, at=at, mode="soft", exempt=["bot@x"])

    assert second == first
    [entry] = published()
    assert (entry["id"], entry["limit"], entry["mode"]) == (f"quota:{first.pk}", "80", "soft")
    assert entry["exempt"] == ["bot@x"]
    assert [str(terms.limit) for terms in QuotaTerms.objects.order_by("pk")] == [
        "50.000000000000",
        "80.000000000000",
    ]


def test_a_burst_is_the_most_that_routers_let_pass(cast: Cast, at: datetime) -> None:
    quota("100", by=cast.ed, at=at, metric="usd", window="month", burst=Decimal(20))

    [entry] = published()
    assert (entry["limit"], entry["resets_at"]) == ("120", "2026-12-01T00:00:00Z")


def test_a_window_that_rolls_never_starts_anew(cast: Cast, at: datetime) -> None:
    quota("600", by=cast.ed, at=at, window="1m", per="")

    [entry] = published()
    assert (entry["window"], entry["per"], entry["resets_at"]) == ("1m", None, None)


def test_the_next_day_is_published_by_the_sweep(cast: Cast, at: datetime) -> None:
    quota(by=cast.ed, at=at)

    revision = keep_up(at=at + timedelta(days=1))

    assert revision is not None
    assert revision.cause == "A new day began."
    assert published()[0]["resets_at"] == "2026-11-22T00:00:00Z"


def test_a_lifted_quota_leaves_the_policy_and_may_be_set_again(cast: Cast, at: datetime) -> None:
    first = quota(by=cast.ed, at=at)

    retire_quota(quota_id=first.pk, reason="A trial.", by=cast.ed, at=at)

    assert published() == []
    with pytest.raises(NotThere, match="lifted already"):
        retire_quota(quota_id=first.pk, reason="Again.", by=cast.ed, at=at)
    assert quota(by=cast.ed, at=at) != first


def test_it_is_written_into_the_audit_log(cast: Cast, at: datetime) -> None:
    made = quota(by=cast.ed, at=at)
    retire_quota(quota_id=made.pk, reason="A trial.", by=cast.ed, at=at)

    told = AuditEntry.objects.filter(action__startswith="policy.quota")
    assert list(told.values_list("action", "subject", "actor__username")) == [
        ("policy.quota_set", "unit:support", "ed"),
        ("policy.quota_lifted", "unit:support", "ed"),
    ]


def test_who_is_new_has_a_share_of_the_first_window(cast: Cast, at: datetime) -> None:
    new_user(username="old", person__email="old@x", date_joined=at - timedelta(hours=1))
    quota("100", by=cast.ed, at=at, window="month", is_prorated=True)
    new_user(username="new", person__email="new@x", date_joined=at + timedelta(minutes=1))

    keep_up(at=at + timedelta(hours=1))

    [entry] = published()
    # The 20th to the 30th are 11 of 30 days.
    assert entry["raises"] == [{"who": "new@x", "limit": "36", "until": "2026-12-01T00:00:00Z"}]
    keep_up(at=at + timedelta(days=11))
    assert "raises" not in published()[0]


def test_a_managers_quotas_are_those_of_her_own_units(cast: Cast, at: datetime) -> None:
    assert quota(by=cast.grace, at=at).scope.slug == "unit:support"
    for stranger in (cast.greta, cast.aud, cast.stan):
        with pytest.raises(NotAllowed, match="Quotas of Support are set by its general manager"):
            quota("5", by=stranger, at=at)
    with pytest.raises(NotAllowed):
        quota("5", by=cast.grace, at=at, scope="org")


def test_an_engineer_of_one_unit_lifts_none_of_another(cast: Cast, at: datetime) -> None:
    made = quota(by=cast.ed, at=at)
    elsewhere = new_user(roles=[(Role.ENGINEER, cast.claims)])

    with pytest.raises(NotAllowed, match="You may not lift"):
        retire_quota(quota_id=made.pk, reason="Mine.", by=elsewhere, at=at)
    with pytest.raises(Invalid, match="Say why"):
        retire_quota(quota_id=made.pk, reason=" ", by=cast.ed, at=at)


def test_what_cannot_be_is_refused_by_field(cast: Cast, at: datetime) -> None:
    assert refused(cast.ed, at=at, metric="words") == {
        "/metric": "'words' is not one of calls, tokens, usd, steps."
    }
    assert refused(cast.ed, at=at, limit="0") == {"/limit": "The limit is more than zero, not 0."}
    assert refused(cast.ed, at=at, limit="NaN") == {
        "/limit": "The limit is more than zero, not NaN."
    }
    assert refused(cast.ed, at=at, limit="1.5") == {
        "/limit": "A limit of calls is a whole number, not 1.5."
    }
    assert refused(cast.ed, at=at, limit="1.005", metric="usd") == {
        "/limit": "Dollars are given in whole cents, not 1.005."
    }
    assert refused(cast.ed, at=at, thresholds=[50, 50]) == {
        "/thresholds": "Thresholds are different per cents from 1 to 100, such as 50, 80 and 100."
    }
    assert refused(cast.ed, at=at, per="", exempt=["ana@x"]) == {
        "/exempt": "Nobody is exempt from what all share: say for each what it is."
    }
    assert refused(cast.ed, at=at, per="key", is_prorated=True) == {
        "/is_prorated": "Only a quota of each person is prorated."
    }
    assert refused(cast.ed, at=at, scope="unit:nowhere") == {
        "/scope": "There is no scope unit:nowhere: name org, a unit or an experiment."
    }


def test_a_window_that_rolls_carries_and_borrows_nothing(cast: Cast, at: datetime) -> None:
    told = refused(
        cast.ed, at=at, window="5h", carry_over_pct=50, burst=Decimal(5), is_prorated=True
    )

    assert told == {
        "/carry_over_pct": "A window that rolls has no next one: nothing is carried into it.",
        "/burst": "A window that rolls has no next one: nothing is borrowed from it.",
        "/is_prorated": "Only a day, a week or a month can be prorated.",
    }


def test_a_quota_without_a_reason_is_not_set(cast: Cast, at: datetime) -> None:
    with pytest.raises(Invalid, match="whom it stops will ask"):
        put_quota(draft=drafted_quota(), reason=" ", by=cast.ed, at=at)


def test_the_database_keeps_it(cast: Cast, at: datetime) -> None:
    made = quota(by=cast.ed, at=at)
    terms = made.terms.get()

    for action in (
        lambda: Quota.objects.create(
            scope=made.scope, metric="calls", window="day", per="person", set_at=at
        ),
        lambda: Quota.objects.create(scope=made.scope, metric="x", window="day", set_at=at),
        lambda: QuotaTerms.objects.create(
            quota=made, limit=0, mode="hard", thresholds=[], recorded_at=at
        ),
        lambda: QuotaTerms.objects.create(
            quota=made, limit=1, carry_over_pct=101, mode="hard", thresholds=[], recorded_at=at
        ),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            action()
    terms.limit = Decimal(999)
    with pytest.raises(DatabaseError), transaction.atomic():
        terms.save()


def test_two_who_set_the_same_at_once_set_one_quota(transactional_db: None, at: datetime) -> None:
    cast = gather()

    def set_to(limit: str, by: User) -> Quota:
        return put_quota(draft=drafted_quota(limit), reason="Fair use.", by=by, at=at)

    made = race(lambda: set_to("10", cast.ed), lambda: set_to("20", cast.fiona))

    assert made[0] == made[1]
    assert Quota.objects.count() == 1
    assert QuotaTerms.objects.count() == 2


def test_a_draft_says_itself_in_words() -> None:
    draft = QuotaDraft(scope="org", metric="usd", window="month", limit=Decimal("9.6"), per="key")

    assert draft.words == "$9.60 a month for each key"
