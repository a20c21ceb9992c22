"""Publishing: a revision exactly when a router must act otherwise, signed and numbered."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import override_settings

from ingestion.models import PriceRow
from ingestion.operations.rules import RuleDraft, publish_rules
from policy.keys import is_signed
from policy.models import PolicyRevision, SigningKey
from policy.operations.breaker import block
from policy.operations.hierarchy import Ranking, rank_models
from policy.operations.keys import LIFETIME, OVERLAP, rotate_key
from policy.operations.publish import publish
from policy.operations.scopes import retire_scope
from policy.operations.upkeep import keep_up
from tests.factories.policy import cap, drafter_scope, org_scope, spend, unit_scope
from tests.org_cast import Cast, gather
from tests.races import race


def published(at: datetime) -> dict[str, Any]:
    revision = publish(cause="Test.", by=None, at=at)
    assert revision is not None
    document: dict[str, Any] = json.loads(bytes(revision.body))
    return document


def scope_of(document: dict[str, Any], slug: str) -> dict[str, Any]:
    found: dict[str, Any] = next(scope for scope in document["scopes"] if scope["id"] == slug)
    return found


def test_the_same_content_is_published_once(cast: Cast, at: datetime) -> None:
    first = publish(cause="First.", by=cast.ed, at=at)

    second = publish(cause="Again.", by=cast.ed, at=at + timedelta(minutes=1))

    assert (first and first.number, second) == (1, None)
    assert PolicyRevision.objects.get().author == cast.ed


def test_spend_alone_never_makes_a_revision(cast: Cast, at: datetime) -> None:
    cap(unit_scope(cast.support), "45.00")
    publish(cause="First.", by=None, at=at)

    spend("44.00", unit=cast.support)

    assert publish(cause="Again.", by=None, at=at) is None


def test_the_signature_is_the_keys_over_the_exact_bytes(cast: Cast, at: datetime) -> None:
    publish(cause="First.", by=None, at=at)

    revision, key = PolicyRevision.objects.get(), SigningKey.objects.get()
    body, public = bytes(revision.body), bytes(key.public_key)
    assert is_signed(body, signature=bytes(revision.signature), public=public)
    assert (key.not_before, key.not_after) == (at, at + LIFETIME)


def test_numbers_rise_by_one_also_when_many_publish_at_once(
    transactional_db: None, at: datetime
) -> None:
    cast = gather()
    units = [cast.acme, cast.operations, cast.support, cast.claims]
    scopes = [unit_scope(unit) for unit in units]

    def stop(number: int) -> None:
        block(scope=scopes[number], code="stopped", text="Loops.", by=cast.ed, at=at)

    results = race(*[lambda n=n: stop(n) for n in range(4)])

    assert results == [None] * 4
    revisions = PolicyRevision.objects.order_by("number")
    assert [revision.number for revision in revisions] == [1, 2, 3, 4]
    last = json.loads(bytes(revisions[3].body))
    assert sum(scope["state"] == "open" for scope in last["scopes"]) == 4


def test_a_revision_never_changes(cast: Cast, at: datetime) -> None:
    publish(cause="First.", by=None, at=at)

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        PolicyRevision.objects.update(cause="Otherwise.")


def test_the_parents_follow_the_tree_of_units(cast: Cast, at: datetime) -> None:
    drafter_scope(cast.support)

    document = published(at)

    parents = {scope["id"]: scope["parent"] for scope in document["scopes"]}
    assert parents == {
        "initiative:support-drafter": "unit:support",
        "unit:support": "unit:operations",
        "unit:claims": "unit:operations",
        "unit:operations": "unit:acme",
        "unit:acme": "org",
        "org": None,
    }


def test_caps_name_their_reset_and_only_those_in_force_stand_there(
    cast_in_berlin: Cast, at: datetime
) -> None:
    scope = org_scope()
    daily = cap(scope, "45.00")
    monthly = cap(scope, "900.00", window="period", mode="alert")
    whole = cap(scope, "5000.00", window="total")
    cap(scope, "1.00", window="day", mode="soft", starts_on=date(2026, 12, 1))

    caps = scope_of(published(at), "org")["caps"]

    assert [(one["id"], one["limit_usd"], one["resets_at"], one["mode"]) for one in caps] == [
        (daily.public_id, "45.00", "2026-11-20T23:00:00Z", "hard"),
        (monthly.public_id, "900.00", "2026-11-30T23:00:00Z", "alert"),
        (whole.public_id, "5000.00", None, "hard"),
    ]


def test_the_turn_of_the_day_is_published(cast: Cast, at: datetime) -> None:
    cap(unit_scope(cast.support), "45.00")
    publish(cause="First.", by=None, at=at)

    assert keep_up(at=at + timedelta(hours=11)) is None
    revision = keep_up(at=at + timedelta(hours=12))

    assert revision is not None
    assert revision.cause == "A new day began."


def test_rules_lead_to_the_experiment_its_unit_or_the_company(cast: Cast, at: datetime) -> None:
    drafter = drafter_scope(cast.support)
    plain: dict[str, Any] = {"unit_id": cast.support.pk}
    publish_rules(
        drafts=[
            RuleDraft("a", {"workflow": "d"}, cost_object_id=drafter.cost_object_id, **plain),
            RuleDraft("b", {"key": ["k", "l"]}, **plain),
            RuleDraft("over", {"key": "m"}, ends_on=date(2026, 11, 20), **plain),
            RuleDraft("later", {"key": "n"}, starts_on=date(2026, 11, 21), **plain),
        ],
        reason="Test.",
        by=cast.fiona,
        at=at,
    )

    assert published(at)["assign"] == [
        {"when": {"workflow": "d"}, "scope": "initiative:support-drafter"},
        {"when": {"key": ["k", "l"]}, "scope": "unit:support"},
        {"when": {}, "scope": "org"},
    ]
    retire_scope(scope=drafter, by=cast.fiona, at=at)
    assert published(at)["assign"][0] == {"when": {"workflow": "d"}, "scope": "unit:support"}


def test_models_carry_the_list_price_of_the_day(cast: Cast, at: datetime) -> None:
    ranking = Ranking(provider="acme", model="own-1", tier="frontier", batch=True)
    rank_models(rankings=[ranking], reason="Our own.", by=cast.ed, at=at)
    plain: dict[str, Any] = {
        "provider": "acme",
        "model": "own-1",
        "meter": "in_text",
        "source": "list",
        "recorded_at": at,
    }
    PriceRow.objects.create(**plain, usd=Decimal("2.5"), ends_at=at)
    PriceRow.objects.create(**plain, usd=Decimal("1.25"), starts_at=at)
    PriceRow.objects.create(**plain, usd=Decimal("0.01"), account="own")
    PriceRow.objects.create(**plain, usd=Decimal("0.6"), service_tier="batch")
    PriceRow.objects.create(**plain, usd=Decimal("2.4"), bracket_min_tokens=200_000)

    own = [entry for entry in published(at)["models"] if entry["provider"] == "acme"]
    assert own == [
        {
            "provider": "acme",
            "model": "own-1",
            "tier": "frontier",
            "batch": True,
            "usd_per_mtok": {"in_text": "1.25"},
        }
    ]


def test_a_rotated_key_signs_the_standing_document_anew(cast: Cast, at: datetime) -> None:
    publish(cause="First.", by=None, at=at)
    later = at + timedelta(days=1)

    fresh = rotate_key(by=cast.ada, at=later)
    again = publish(cause="", by=None, at=later)

    assert again is not None
    assert (again.number, again.key, again.cause) == (2, fresh, "Signed anew with another key.")
    former = SigningKey.objects.exclude(pk=fresh.pk).get()
    assert former.not_after == later + OVERLAP


def test_a_key_about_to_end_is_followed_by_the_next(cast: Cast, at: datetime) -> None:
    publish(cause="First.", by=None, at=at)

    assert keep_up(at=at + LIFETIME - OVERLAP) is None
    late = keep_up(at=at + LIFETIME - OVERLAP + timedelta(seconds=1))

    assert late is not None
    assert SigningKey.objects.count() == 2
    assert late.key == SigningKey.objects.latest("not_before")


def test_a_key_that_the_secret_no_longer_opens_is_replaced(cast: Cast, at: datetime) -> None:
    publish(cause="First.", by=None, at=at)
    cap(unit_scope(cast.support), "45.00")

    with override_settings(SECRET_KEY="another secret, long enough to be one"):
        revision = publish(cause="Cap set.", by=None, at=at + timedelta(hours=1))

    assert revision is not None
    public = bytes(revision.key.public_key)
    assert is_signed(bytes(revision.body), signature=bytes(revision.signature), public=public)
    assert SigningKey.objects.count() == 2


def test_a_long_cause_is_shortened(cast: Cast, at: datetime) -> None:
    revision = publish(cause="x" * 400, by=None, at=at)

    assert revision is not None
    assert revision.cause == "x" * 299 + "…"
