"""What routers do without the server: who says it, what it needs, what they are told."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from org.refusals import Invalid, NotAllowed
from policy.models import PolicyRevision, Scope
from policy.operations.fleet import record_status
from policy.operations.staleness import set_when_stale
from policy.queries.bounds import bound_of
from tests.factories.policy import cap, unit_scope
from tests.org_cast import Cast

FIVE = Decimal("5.00")


@pytest.fixture
def scope(cast: Cast) -> Scope:
    return unit_scope(cast.support)


def told(scope: Scope) -> dict[str, Any]:
    document = json.loads(bytes(PolicyRevision.objects.latest("number").body))
    [entry] = [each for each in document["scopes"] if each["id"] == scope.slug]
    return dict(entry["when_stale"])


def changed(scope: Scope, mode: str, usd: Decimal = Decimal(0), **given: Any) -> Scope:
    return set_when_stale(scope=scope, mode=mode, usd=usd, reason="A drill.", **given)


def test_an_allowance_is_published_and_bounds_what_routers_may_overspend(
    cast: Cast, at: datetime, scope: Scope
) -> None:
    cap(scope, "100.00", by=cast.carl)

    changed(scope, "bucket", FIVE, by=cast.ed, at=at)
    for name in ("eu", "us"):
        record_status(sidecar=name, version="1", revision=1, applied_at=at, errors=(), at=at)

    assert told(scope) == {"mode": "bucket", "usd": "5.00"}
    bound = bound_of(scope.slug, at=at)
    assert bound is not None
    assert bound.cut_off_usd == 2 * FIVE


def test_it_goes_back_to_refusing(cast: Cast, at: datetime, scope: Scope) -> None:
    changed(scope, "bucket", FIVE, by=cast.ed, at=at)

    changed(scope, "closed", by=cast.ed, at=at)

    assert told(scope) == {"mode": "closed"}
    assert Scope.objects.get(pk=scope.pk).stale_usd == 0


def test_going_on_without_a_bound_takes_a_cfo(cast: Cast, at: datetime, scope: Scope) -> None:
    with pytest.raises(NotAllowed, match="without any bound"):
        changed(scope, "open", by=cast.ed, at=at)

    changed(scope, "open", by=cast.carl, at=at)

    assert told(scope) == {"mode": "open"}


def test_a_general_manager_does_not_set_it(cast: Cast, at: datetime, scope: Scope) -> None:
    with pytest.raises(NotAllowed, match="CFO's or engineer's"):
        changed(scope, "bucket", FIVE, by=cast.grace, at=at)


@pytest.mark.parametrize(
    ("mode", "usd", "says"),
    [
        ("bucket", Decimal(0), "Say how much each router may spend"),
        ("closed", FIVE, "Only a bucket has an allowance"),
        ("bucket", Decimal("0.001"), "in whole cents"),
        ("bucket", Decimal(-1), "zero or more dollars"),
        ("perhaps", Decimal(0), "It is one of closed, bucket, open"),
    ],
)
def test_what_makes_no_sense_is_refused(
    cast: Cast, at: datetime, scope: Scope, *, mode: str, usd: Decimal, says: str
) -> None:
    with pytest.raises(Invalid) as refused:
        changed(scope, mode, usd, by=cast.ed, at=at)

    assert says in refused.value.errors[0].detail


def test_the_database_keeps_no_bucket_without_an_allowance(scope: Scope) -> None:
    with (
        pytest.raises(IntegrityError, match="scope_has_an_allowance_only_in_a_bucket"),
        transaction.atomic(),
    ):
        Scope.objects.filter(pk=scope.pk).update(when_stale="bucket")
