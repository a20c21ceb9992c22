"""Guards: who sets one, what holds, what routers are told, and that the earlier one stays."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from ingestion.models import MinuteWatch
from org.models import AuditEntry
from org.refusals import Invalid, NotAllowed
from policy.models import Guard, PolicyRevision
from policy.operations.guards import GuardTerms, put_guard
from policy.operations.scopes import retire_scope
from policy.operations.watching import tidy_minutes
from tests.factories.policy import cap, guard, unit_scope
from tests.org_cast import Cast


def published(slug: str) -> dict[str, Any]:
    document = json.loads(bytes(PolicyRevision.objects.latest("number").body))
    return next(dict(each) for each in document["scopes"] if each["id"] == slug)


def test_a_guard_is_told_to_routers_and_to_the_audit_log(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)

    guard(
        scope,
        by=cast.ed,
        requests_per_minute=600,
        tokens_per_minute=200_000,
        usd_per_minute="2.50",
        concurrency=40,
        task_steps=50,
        task_usd="2.00",
        loop_calls=20,
        loop_window_s=600,
    )

    entry = published("unit:support")
    assert entry["rates"] == {
        "requests_per_minute": 600,
        "tokens_per_minute": 200000,
        "usd_per_minute": "2.50",
        "concurrency": 40,
    }
    assert entry["task_limits"] == {"steps": 50, "usd": "2.00"}
    assert entry["loop"] == {"calls": 20, "window_s": 600}
    [told] = AuditEntry.objects.filter(action="policy.guard_set", actor=cast.ed)
    assert told.detail["usd_per_minute"] == "2.50"


def test_a_guard_without_limits_says_nothing_of_them(cast: Cast, at: datetime) -> None:
    guard(unit_scope(cast.support), by=cast.ed)

    entry = published("unit:support")
    assert (entry["rates"], entry["task_limits"], "loop" in entry) == (None, None, False)


def test_another_guard_retires_the_one_that_stood(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    first = guard(scope, by=cast.ed, concurrency=5)

    second = guard(scope, by=cast.carl, concurrency=6, at=at)
    same = guard(scope, by=cast.ed, concurrency=6, at=at)

    first.refresh_from_db()
    assert (first.retired_at, second.retired_at, same) == (at, None, second)
    assert AuditEntry.objects.filter(action="policy.guard_set").count() == 2


@pytest.mark.parametrize("name", ["grace", "greta", "fiona", "aud", "ada", "stan"])
def test_a_guard_is_set_by_engineers_and_the_cfo(cast: Cast, at: datetime, name: str) -> None:
    with pytest.raises(NotAllowed, match="set by its engineers and the CFO"):
        guard(unit_scope(cast.support), by=getattr(cast, name), concurrency=5)


@pytest.mark.parametrize(
    ("terms", "field", "words"),
    [
        ({"concurrency": 0}, "concurrency", "Calls at a time: from 1"),
        ({"requests_per_minute": -1}, "requests_per_minute", "Requests a minute: from 1"),
        ({"usd_per_minute": "0"}, "usd_per_minute", "more than nothing"),
        ({"usd_per_minute": "0.001"}, "usd_per_minute", "whole cents"),
        ({"task_usd": "NaN"}, "task_usd", "more than nothing"),
        ({"loop_calls": 20}, "loop_window_s", "so many calls in so many seconds"),
        ({"loop_window_s": 600}, "loop_calls", "so many calls in so many seconds"),
        ({"margin_floor": "1"}, "margin_floor", "between 0 and 1"),
        ({"slow_at": "0.79"}, "slow_at", "from 0.80 to 1"),
        ({"slow_at": "0.96"}, "downgrade_at", "after slowing"),
        ({"keep_fraction": "1"}, "keep_fraction", "between 0 and 1"),
        ({"probe_calls": 1001}, "probe_calls", "from 1 to 1,000"),
    ],
)
def test_terms_that_do_not_hold_are_refused_in_words(
    cast: Cast, at: datetime, terms: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        guard(unit_scope(cast.support), by=cast.ed, **terms)

    assert [error.pointer for error in refused.value.errors] == [f"/{field}"]
    assert words in refused.value.errors[0].detail


@pytest.mark.parametrize(
    "values",
    [
        {"concurrency": 0},
        {"loop_calls": 20},
        {"margin_floor": Decimal(1)},
        {"slow_at": Decimal("0.5")},
        {"keep_fraction": Decimal(0)},
    ],
)
def test_the_database_refuses_them_by_itself(
    cast: Cast, at: datetime, values: dict[str, Any]
) -> None:
    scope = unit_scope(cast.support)

    with pytest.raises(IntegrityError), transaction.atomic():
        Guard.objects.create(scope=scope, set_at=at, **values)


def test_minutes_are_counted_while_something_is_judged_by_them(cast: Cast, at: datetime) -> None:
    support, claims = unit_scope(cast.support), unit_scope(cast.claims)
    cap(support, "100.00")
    assert not MinuteWatch.objects.exists()

    cap(support, "5.00", window="minute")
    guard(claims, by=cast.ed, concurrency=5)
    watched = set(MinuteWatch.objects.values_list("unit_id", "cost_object_id"))
    retire_scope(scope=claims, by=None, at=at)
    tidy_minutes(at=at)

    units = {unit for unit, cost_object in watched if cost_object is None}
    assert units == {cast.support.pk, cast.claims.pk}
    assert set(MinuteWatch.objects.values_list("unit_id", flat=True)) == {cast.support.pk}


def test_a_guard_on_a_retired_scope_is_refused(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    retire_scope(scope=scope, by=None, at=at)

    with pytest.raises(Exception, match="no longer a scope"):
        put_guard(scope=scope, terms=GuardTerms(), by=cast.ed, at=at)
