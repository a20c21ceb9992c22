"""Trip tests: a synthetic loop is stopped by the real breaker, and what passed is measured."""

import json
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from ingestion.models import Event, UnitDay
from org.models import AuditEntry
from org.refusals import Invalid, NotAllowed, Refusal
from policy.models import PolicyRevision, Scope, ScopeStep, TripCall, TripTest
from policy.operations import trip_runs
from policy.operations.publish import publish
from policy.operations.trip_runs import run_trip_test
from policy.operations.trip_tests import ask_trip_test, end_lost_tests, waiting_tests
from policy.queries.board import board
from policy.queries.trip_tests import last_trip_test
from tests.factories.policy import cap, drafter_scope, org_scope, unit_scope
from tests.factories.trip_tests import Clock, ran, router, trip_tested
from tests.org_cast import Cast, gather
from tests.races import race


@pytest.fixture
def drafter(cast: Cast, at: datetime) -> Scope:
    """Cap the experiment at $45 a day, its unit and the company hardly."""
    scope = drafter_scope(cast.support)
    cap(scope, "45.00", by=cast.carl)
    cap(unit_scope(cast.support), "5.00")
    cap(org_scope(), "5.00")
    publish(cause="", by=None, at=at)
    return scope


def test_a_loop_against_45_dollars_is_stopped_at_45_60(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    test = trip_tested(drafter, by=cast.ed, at=at)

    # Calls of $0.60: the 75th reaches $45.00, one more began before the block was out.
    assert (test.state, test.calls, test.late_calls) == ("done", 75, 1)
    assert test.stopped_usd == Decimal("45.60")
    assert test.overshoot_share is not None
    assert round(test.overshoot_share, 3) == Decimal("0.013")
    assert (test.published_after_s, test.killed_after_s) == (Decimal("0.001"), Decimal("0.001"))
    assert (test.routers, test.seen_after_s) == (0, None)
    assert last_trip_test(drafter.slug) == test


def test_nothing_real_is_spent_or_stopped(cast: Cast, at: datetime, drafter: Scope) -> None:
    test = trip_tested(drafter, by=cast.ed, at=at)

    assert not Event.objects.exists()
    assert not UnitDay.objects.exists()
    assert TripCall.objects.aggregate(usd=Sum("usd"))["usd"] == Decimal("45.60")
    # Its unit and the company, at $5 a day, would have tripped nine times over.
    assert set(Scope.objects.exclude(state="closed")) == {test.trial}
    assert {step.scope_id for step in ScopeStep.objects.all()} == {test.trial_id}
    assert {each.scope.slug for each in board(cast.carl, at=at)} == {
        "org",
        "unit:support",
        "initiative:support-drafter",
    }


def test_the_steps_are_those_of_the_real_breaker_on_a_scope_of_its_own(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    test = trip_tested(drafter, by=cast.ed, at=at)

    steps = ScopeStep.objects.filter(scope=test.trial).order_by("pk")
    assert [(step.code, step.to_state) for step in steps] == [
        ("trip_test_kill_switch", "open"),
        ("unblocked", "closed"),
        ("cap_day", "throttled"),
        ("cap_day", "downgraded"),
        ("cap_day", "open"),
    ]
    assert test.trial is not None
    assert test.trial.slug == f"test:{test.pk}"
    assert test.trial.trial_of == drafter


def test_routers_are_given_the_trial_while_it_runs_and_only_then(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    test = trip_tested(drafter, by=cast.ed, at=at)

    body = json.loads(bytes(PolicyRevision.objects.get(number=test.revision or 0).body))
    entry = next(each for each in body["scopes"] if each["id"] == f"test:{test.pk}")
    assert (entry["state"], entry["parent"]) == ("open", "initiative:support-drafter")
    assert [cap["limit_usd"] for cap in entry["caps"]] == ["45.00"]
    first = {"scope": f"test:{test.pk}", "when": {"workflow": f"tokenops-trip-test-{test.pk}"}}
    assert body["assign"][0] == first
    newest = PolicyRevision.objects.latest("pk")
    assert f"test:{test.pk}".encode() not in bytes(newest.body)


def test_the_slowest_of_the_connected_routers_counts(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    for name in ("gateway-eu", "gateway-us"):
        router(name, at=at)
    router("gateway-old", at=at - timedelta(minutes=10))
    test = ask_trip_test(scope=drafter, by=cast.ed, at=at)
    clock = Clock(at)
    late = iter(["gateway-eu", "", "gateway-us"])

    def report() -> None:
        if name := next(late, ""):
            router(name, at=clock.at)

    clock.on_wait = report
    done = ran(test, clock)

    seen = dict(done.sightings.values_list("sidecar", "after_s"))
    # It looks every tenth of a second; one more millisecond passes with each look at the clock.
    assert (done.routers, set(seen)) == (2, {"gateway-eu", "gateway-us"})
    assert Decimal("0.1") < seen["gateway-eu"] < Decimal("0.12")
    assert Decimal("0.3") < seen["gateway-us"] < Decimal("0.32")
    assert done.seen_after_s == seen["gateway-us"]
    assert done.late_calls == 4  # 12 calls a second for a little more than 0.3 seconds


def test_a_router_that_never_reports_lets_the_loop_run_for_thirty_seconds(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    router("gateway-eu", at=at)

    done = trip_tested(drafter, by=cast.ed, at=at)

    assert (done.routers, done.seen_after_s, done.late_calls) == (1, None, 360)
    assert done.stopped_usd == Decimal("0.60") * 435


def test_it_is_asked_for_by_those_who_may_stop_where_there_is_something_to_trip(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    for person in (cast.greta, cast.fiona, cast.aud, cast.stan):
        with pytest.raises(NotAllowed):
            ask_trip_test(scope=drafter, by=person, at=at)
    with pytest.raises(Refusal, match="no hard daily cap"):
        ask_trip_test(scope=unit_scope(cast.claims), by=cast.ed, at=at)
    for wrong in ("0", "45.01", "-1"):
        with pytest.raises(Invalid, match="costs more than nothing"):
            ask_trip_test(scope=drafter, by=cast.ed, at=at, call_usd=Decimal(wrong))
    first = ask_trip_test(scope=drafter, by=cast.grace, at=at)
    with pytest.raises(Refusal, match="runs already"):
        ask_trip_test(scope=drafter, by=cast.ed, at=at)
    assert waiting_tests() == [first.pk]


def test_a_breaker_that_does_not_stop_the_loop_fails_the_test(
    cast: Cast, at: datetime, drafter: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trip_runs, "judge_scopes", lambda *_, **__: [])

    done = trip_tested(drafter, by=cast.ed, at=at)

    assert done.state == "failed"
    assert done.failure == (
        "The loop spent 2 times its cap and was not stopped: this cap protects nobody."
    )
    assert done.trial is not None
    assert done.trial.retired_at is not None
    assert last_trip_test(drafter.slug) is None


def test_a_test_whose_worker_died_is_failed_and_its_trial_leaves(
    cast: Cast, at: datetime, drafter: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(trip_runs, "_use_kill_switch", killed)
    test = ask_trip_test(scope=drafter, by=cast.ed, at=at)
    with pytest.raises(Killed):
        ran(test, Clock(at))

    assert end_lost_tests(at=at + timedelta(minutes=4)) == 0
    assert end_lost_tests(at=at + timedelta(minutes=6)) == 1

    test.refresh_from_db()
    assert (test.state, test.failure) == ("failed", "Its worker was lost.")
    assert f"test:{test.pk}".encode() not in bytes(PolicyRevision.objects.latest("pk").body)
    assert ask_trip_test(scope=drafter, by=cast.ed, at=at).state == "queued"


def test_the_audit_log_keeps_who_asked_and_what_came_of_it(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    trip_tested(drafter, by=cast.ed, at=at)

    told = AuditEntry.objects.filter(subject=drafter.slug).order_by("pk")
    assert [(entry.actor, entry.action) for entry in told][-2:] == [
        (cast.ed, "policy.trip_test_asked"),
        (cast.ed, "policy.trip_tested"),
    ]
    last = told.latest("pk").detail
    assert (last["stopped_usd"], last["routers"]) == ("45.600000000000", 0)


def test_a_trial_never_counts_a_unit(cast: Cast, at: datetime, drafter: Scope) -> None:
    with pytest.raises(IntegrityError, match="trial_counts_nothing_real"), transaction.atomic():
        Scope.objects.create(
            slug="test:x", name="X", trial_of=drafter, parent=drafter, unit=cast.claims
        )
    test = ask_trip_test(scope=drafter, by=cast.ed, at=at)
    with pytest.raises(IntegrityError, match="has_measured"), transaction.atomic():
        TripTest.objects.filter(pk=test.pk).update(state="done", finished_at=at)


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_runs_it(at: datetime) -> None:
    cast = gather()
    scope = drafter_scope(cast.support)
    cap(scope, "0.40", by=cast.carl)
    test = ask_trip_test(scope=scope, by=cast.ed, at=at)

    def work() -> TripTest | None:
        clock = Clock(at)
        return run_trip_test(test_id=test.pk, clock=clock.now, wait=clock.wait)

    results = race(work, work)

    assert sorted(type(each).__name__ for each in results) == ["NoneType", "TripTest"]
    assert TripTest.objects.get().state == "done"
