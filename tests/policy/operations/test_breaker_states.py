"""The breaker between running and blocked: slowed, downgraded, tested; what routers are told."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Q

from finops.profiles import FirstAction
from org.models import Notice
from org.queries.profile import profile_on
from policy.lifecycle import NotPossible
from policy.models import PolicyRevision, Probe, Scope, ScopeStep
from policy.operations.breaker import (
    block,
    judge,
    judge_scopes,
    report_signal,
    sweep_scopes,
    unblock,
)
from policy.operations.probes import take_calls
from policy.operations.publish import publish
from tests.factories.policy import (
    cap,
    drafter_scope,
    earned,
    guard,
    minute,
    org_scope,
    spend,
    unit_scope,
)
from tests.factories.profile import by_hand
from tests.org_cast import Cast

MINUTE = timedelta(minutes=1)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


def judged(scope: Scope, at: datetime) -> list[str]:
    """Judge a scope, and return each step as `event code`."""
    steps = judge_scopes(Q(pk=scope.pk), at=at)
    scope.refresh_from_db()
    return [f"{step.to_state} {step.code}" for step in steps]


def published(scope: Scope, at: datetime) -> dict[str, Any]:
    """Return what the document says of a scope."""
    publish(cause="", by=None, at=at)
    document = json.loads(bytes(PolicyRevision.objects.latest("number").body))
    [entry] = [each for each in document["scopes"] if each["id"] == scope.slug]
    return dict(entry)


def test_a_day_almost_spent_slows_then_downgrades_then_blocks(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "100.00", by=cast.carl)

    spend("84.99", unit=cast.support)
    assert judged(scope, at) == []
    spend("0.01", unit=cast.support)
    assert judged(scope, at) == ["throttled cap_day"]
    assert scope.reason_text == (
        "Spend of $85.00 on 20 November 2026 is 85.0% of the daily cap of $100.00."
    )
    spend("10.00", unit=cast.support)
    assert judged(scope, at) == ["downgraded cap_day"]
    spend("5.00", unit=cast.support)
    assert judged(scope, at) == ["open cap_day"]

    assert (scope.epoch, scope.until) == (3, MIDNIGHT)


def test_what_routers_are_told_of_a_slowed_and_of_a_downgraded_scope(
    cast: Cast, at: datetime
) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "100.00")
    guard(scope, by=cast.ed, keep_fraction="0.25")
    spend("90.00", unit=cast.support)
    judged(scope, at)

    slowed = published(scope, at)
    spend("5.00", unit=cast.support)
    judged(scope, at)
    downgraded = published(scope, at)

    assert (slowed["state"], slowed["keep_fraction"], slowed["max_tier"]) == (
        "throttled",
        "0.25",
        None,
    )
    assert slowed["reason"]["code"] == "cap_day"
    assert (downgraded["state"], downgraded["keep_fraction"], downgraded["max_tier"]) == (
        "downgraded",
        "0.25",
        "mid",
    )


@pytest.mark.parametrize(
    ("own", "published_tier"), [("", "mid"), ("mid", "economy"), ("local", "local")]
)
def test_a_downgraded_scope_has_one_tier_less(
    cast: Cast, at: datetime, own: str, published_tier: str
) -> None:
    scope = unit_scope(cast.support)
    Scope.objects.filter(pk=scope.pk).update(max_tier=own)
    cap(scope, "100.00")
    spend("95.00", unit=cast.support)
    judged(scope, at)

    assert published(scope, at)["max_tier"] == published_tier


def test_a_new_day_eases_after_ten_calm_minutes(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "100.00")
    spend("90.00", unit=cast.support)
    judged(scope, at)

    assert sweep_scopes(at=MIDNIGHT) == []
    assert sweep_scopes(at=MIDNIGHT + 9 * MINUTE) == []
    [step] = sweep_scopes(at=MIDNIGHT + 10 * MINUTE)

    assert (step.to_state, step.code, step.epoch) == ("closed", "eased", 2)


def test_calm_that_is_broken_begins_anew(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "100.00")
    spend("90.00", unit=cast.support)
    judged(scope, at)
    cap(scope, "120.00", at=at)  # 75 % are spent
    spend("8.00", unit=cast.support)  # and now 81.7 %
    judged(scope, at + 5 * MINUTE)
    cap(scope, "130.00", at=at + 6 * MINUTE)  # 75 % again

    assert sweep_scopes(at=at + 15 * MINUTE) == []
    [step] = sweep_scopes(at=at + 16 * MINUTE)

    assert step.code == "eased"


def test_a_guard_may_move_the_thresholds(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "100.00")
    guard(scope, by=cast.ed, slow_at="0.99", downgrade_at="1")
    spend("98.99", unit=cast.support)

    assert judged(scope, at) == []


def test_more_dollars_a_minute_than_the_guard_allows_slow(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    guard(scope, by=cast.ed, usd_per_minute="2.00")
    minute("2.00", at, unit=cast.support)
    assert judged(scope, at) == []

    minute("0.50", at, unit=cast.support)
    assert judged(scope, at) == ["throttled rate_usd_minute"]

    assert scope.reason_text == "$2.50 a minute is more than the limit of $2.00."
    # The next minute still reads the one before it; two later it is calm, and ten after that.
    assert sweep_scopes(at=at + 2 * MINUTE) == []
    assert sweep_scopes(at=at + 11 * MINUTE) == []
    assert [step.code for step in sweep_scopes(at=at + 12 * MINUTE)] == ["eased"]


def test_a_cap_of_the_minute_blocks_until_the_next_one(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "5.00", window="minute", by=cast.carl)
    minute("5.00", at, unit=cast.support)

    assert judged(scope, at) == ["open cap_minute"]

    assert scope.until == at + MINUTE
    assert scope.reason_text == (
        "Spend of $5.00 in the minute of 12:00 UTC on 20 November 2026 reached the cap of the"
        " minute of $5.00, set by Carl, in force since 20 November 2026."
    )
    [step] = sweep_scopes(at=at + MINUTE)
    assert (step.to_state, step.code) == ("closed", "time_up")


def test_a_minute_that_ends_is_no_other_revision(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "5.00", window="minute")
    cap(scope, "50.00", window="hour")
    caps = published(scope, at)["caps"]

    publish(cause="", by=None, at=at + timedelta(hours=1, minutes=1))

    assert [(each["window"], each["resets_at"]) for each in caps] == [
        ("minute", None),
        ("hour", None),
    ]
    assert PolicyRevision.objects.count() == 1


def test_an_hourly_cap_counts_the_minutes_of_the_hour(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "10.00", window="hour")
    minute("6.00", at - MINUTE, unit=cast.support)
    minute("6.00", at, unit=cast.support)
    assert judged(scope, at + 30 * MINUTE) == []

    minute("4.00", at + 30 * MINUTE, unit=cast.support)

    assert judged(scope, at + 30 * MINUTE) == ["open cap_hour"]
    assert scope.until == at + 60 * MINUTE


@pytest.fixture
def looped(cast: Cast, at: datetime) -> Scope:
    """Return a scope that a router's word has just blocked."""
    scope = drafter_scope(cast.support)
    guard(scope, by=cast.ed, loop_calls=20, loop_window_s=600, probe_calls=4)
    detail = {"calls": 20, "window_s": 600}
    [step] = report_signal(scope=scope, code="loop", detail=detail, sidecar="eu-1", at=at)
    assert step.to_state == "open"
    scope.refresh_from_db()
    return scope


def test_a_loop_blocks_cools_down_and_is_tested(cast: Cast, looped: Scope, at: datetime) -> None:
    assert (looped.reason_code, looped.until) == ("loop", at + 30 * MINUTE)
    assert looped.reason_text == "Router eu-1 saw calls repeat themselves (calls 20, window_s 600)."

    assert sweep_scopes(at=at + 29 * MINUTE) == []
    [cooled] = sweep_scopes(at=at + 30 * MINUTE)

    looped.refresh_from_db()
    entry = published(looped, at + 30 * MINUTE)
    probe = Probe.objects.get()
    assert (cooled.to_state, looped.until) == ("half_open", at + 40 * MINUTE)
    assert entry["probe"] == {
        "id": f"probe:{probe.pk}:{looped.epoch}",
        "calls": 4,
        "until": "2026-11-20T12:40:00Z",
    }
    assert entry["reason"]["text"] == (
        "The block has cooled down: 4 calls are tested before all may pass."
    )


def after_its_test(scope: Scope, at: datetime, *, calls: int, usd: str) -> list[str]:
    """Let a looped scope cool down, make calls of its test, and judge them."""
    sweep_scopes(at=at + 30 * MINUTE)
    minute(usd, at + 31 * MINUTE, unit=None, cost_object=scope.cost_object, calls=calls)
    return judged(scope, at + 32 * MINUTE)


def test_a_test_whose_calls_cost_what_calls_do_lets_all_pass(
    cast: Cast, looped: Scope, at: datetime
) -> None:
    week_before = (at - timedelta(days=1)).date()
    spend("0.10", unit=cast.support, cost_object=looped.cost_object, on=week_before)

    assert after_its_test(looped, at, calls=4, usd="0.60") == ["closed probe_fine"]
    assert (looped.cool_down_s, looped.cooling_code) == (None, "")


def test_a_test_whose_calls_cost_too_much_blocks_for_twice_as_long(
    cast: Cast, looped: Scope, at: datetime
) -> None:
    day_before = (at - timedelta(days=1)).date()
    spend("0.10", unit=cast.support, cost_object=looped.cost_object, on=day_before)

    assert after_its_test(looped, at, calls=4, usd="0.61") == ["open loop"]
    assert looped.until == at + 92 * MINUTE
    assert looped.reason_text.startswith("The calls of the test cost too much")


def test_a_test_goes_on_until_its_calls_are_seen(looped: Scope, at: datetime) -> None:
    assert after_its_test(looped, at, calls=3, usd="0.30") == []


def test_a_test_that_nobody_used_blocks_as_long_as_before(looped: Scope, at: datetime) -> None:
    sweep_scopes(at=at + 30 * MINUTE)

    assert sweep_scopes(at=at + 39 * MINUTE) == []
    [step] = sweep_scopes(at=at + 40 * MINUTE)

    looped.refresh_from_db()
    assert (step.to_state, step.code, looped.until) == ("open", "loop", at + 70 * MINUTE)


def test_a_loop_in_a_test_blocks_again(looped: Scope, at: datetime) -> None:
    sweep_scopes(at=at + 30 * MINUTE)
    looped.refresh_from_db()

    report_signal(scope=looped, code="loop", detail={}, sidecar="eu-1", at=at + 31 * MINUTE)

    looped.refresh_from_db()
    assert (looped.state, looped.until) == ("open", at + 91 * MINUTE)
    assert take_calls(probe_id=Probe.objects.get().public_id, calls=1, at=at + 31 * MINUTE) == 0


def test_a_person_lifts_the_block_of_a_loop_before_it_has_cooled_down(
    cast: Cast, looped: Scope, at: datetime
) -> None:
    unblock(scope=looped, by=cast.ed, at=at + MINUTE, reason="The agent was stopped.")

    looped.refresh_from_db()
    assert (looped.state, looped.cool_down_s) == ("closed", None)


def test_a_person_takes_a_block_over_and_it_stays(cast: Cast, looped: Scope, at: datetime) -> None:
    block(scope=looped, code="kill_switch", text="Stop it.", by=cast.ed, at=at + MINUTE)

    assert sweep_scopes(at=at + timedelta(days=30)) == []
    looped.refresh_from_db()
    assert (looped.state, looped.held_by) == ("open", cast.ed)


def test_nobody_lifts_what_only_slows(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "100.00")
    spend("90.00", unit=cast.support)
    judged(scope, at)

    with pytest.raises(NotPossible, match="slowed"):
        unblock(scope=scope, by=cast.ed, at=at)


def test_those_who_look_after_a_scope_are_told_of_a_loop(cast: Cast, looped: Scope) -> None:
    [notice] = Notice.objects.all()

    assert notice.title == "Support drafter is blocked"
    told = {delivered.user.username for delivered in notice.delivered.all()}
    assert told == {"carl", "ed", "grace"}


def test_a_protected_scope_is_told_of_once_a_day_and_never_blocked(
    cast: Cast, at: datetime
) -> None:
    scope = unit_scope(cast.support)
    Scope.objects.filter(pk=scope.pk).update(protected=True)
    cap(scope, "10.00")
    spend("20.00", unit=cast.support)

    for minutes in range(3):
        judge(unit_ids=[cast.support.pk], cost_object_ids=[], at=at + minutes * MINUTE)

    [notice] = Notice.objects.all()
    scope.refresh_from_db()
    assert (scope.state, ScopeStep.objects.count()) == ("closed", 0)
    assert notice.title == "Support runs on, and somebody should look"
    assert notice.text.startswith("Spend of $20.00 on 20 November 2026 passed the daily cap")


def thin(cast: Cast, at: datetime, *, ai_usd: str, floor: str = "0.15") -> Scope:
    """Return the product of a thin margin: a price of 1.00, other costs of 0.72, 300 calls."""
    scope = unit_scope(cast.support)
    guard(scope, by=cast.ed, margin_floor=floor)
    earned(scope, at - timedelta(days=1), at + timedelta(hours=2), "1560.00", "1123.20", by=cast.ed)
    for ago in range(1, 61):  # a dollar a minute comes in
        minute(ai_usd, at - ago * MINUTE, unit=cast.support, calls=20)
    return scope


def acts(cast: Cast, action: FirstAction, at: datetime) -> None:
    """Let the company judge margins by a quarter of an hour and an hour, and act so first."""
    for name, value in (("first_action", action), ("margin_windows", "15_and_60_minutes")):
        if profile_on(at.date()).held[name].value != value:
            by_hand(cast.carl, name, value, at=at)


def test_a_margin_at_its_floor_holds_and_below_it_downgrades(cast: Cast, at: datetime) -> None:
    acts(cast, FirstAction.DOWNGRADE, at)
    scope = thin(cast, at, ai_usd="0.13")
    assert judged(scope, at) == []

    minute("0.02", at - MINUTE, unit=cast.support)

    assert judged(scope, at) == ["downgraded margin"]
    assert scope.reason_text == (
        "The gross margin of 14.8%, and 14.9% over the longer window, is below 15.0%."
    )


def test_a_feed_that_does_not_cover_the_window_trips_nothing(cast: Cast, at: datetime) -> None:
    acts(cast, FirstAction.DOWNGRADE, at)
    scope = unit_scope(cast.support)
    guard(scope, by=cast.ed, margin_floor="0.15")
    earned(scope, at - 30 * MINUTE, at, "1.00", "0.99", by=cast.ed)
    for ago in range(1, 61):
        minute("9.00", at - ago * MINUTE, unit=cast.support, calls=20)

    assert judged(scope, at) == []


def test_a_loss_of_a_quarter_of_an_hour_blocks(cast: Cast, at: datetime) -> None:
    acts(cast, FirstAction.ALERT_AND_TICKET, at)
    scope = thin(cast, at, ai_usd="0.29")  # 3.625 times what was planned: -1 %
    for later in range(16):
        minute("0.29", at + later * MINUTE, unit=cast.support, calls=20)

    assert judged(scope, at) == []
    assert sweep_scopes(at=at + 14 * MINUTE) == []
    [step] = sweep_scopes(at=at + 15 * MINUTE)

    scope.refresh_from_db()
    assert (step.code, scope.until) == ("margin_negative", at + 45 * MINUTE)
    assert step.text == "Money was lost for a quarter of an hour: the gross margin is -1.0%."


def test_a_profile_that_looks_first_tells_people_and_moves_nothing(
    cast: Cast, at: datetime
) -> None:
    acts(cast, FirstAction.ALERT_AND_TICKET, at)
    scope = thin(cast, at, ai_usd="0.14")

    assert judged(scope, at) == []

    [notice] = Notice.objects.all()
    assert notice.text == (
        "The gross margin of 14.0%, and 14.0% over the longer window, is below 15.0%."
    )


def test_a_router_trips_nothing_that_has_no_loop_in_its_guard(cast: Cast, at: datetime) -> None:
    plain = org_scope()
    guard(plain, by=cast.carl, concurrency=5)

    assert report_signal(scope=plain, code="loop", detail={}, sidecar="eu-1", at=at) == []
    assert ScopeStep.objects.count() == 0


def test_a_cap_of_the_minute_is_reached_to_the_pico_dollar(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "0.01", window="minute")
    minute("0.000000000001", at, unit=cast.support)
    assert judged(scope, at) == []

    minute("0.009999999999", at, unit=cast.support)

    assert judged(scope, at) == ["open cap_minute"]
    assert scope.steps.get().spent_usd == Decimal("0.01")
