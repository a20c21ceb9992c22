"""Gate 3: each control on its own, and the walk-through of the support drafter."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from finops.gates.breaker import Protection, TripTest, judge_breaker, overshoot, p95_day
from finops.gates.criteria import Outcome, Verdict

SERVER_ONLY = " Measured at the server only: no router was connected."
TESTED = TripTest(cap_usd=Decimal("45.00"), stopped_usd=Decimal("45.60"), days_ago=3)
# A daily cap of $45 where a busy day costs about $24.
DRAFTER = Protection(
    revision=42,
    daily_cap_usd=Decimal("45.00"),
    expected_usd=Decimal("24.00"),
    left_usd=Decimal("5000.00"),
    rates=["requests", "tokens", "dollars"],
    blocks_when_stale=True,
    routers=4,
    acknowledging=4,
    owner="Grace",
    on_call="Ed",
    trip_test=TESTED,
)
NO_TEST = (
    "No live trip test of the last 30 days is on record: what is only documented does not pass."
    " Let a synthetic loop run against the cap."
)


def unmet(known: Protection) -> dict[str, str]:
    found = judge_breaker(known)
    return {each.code: each.says for each in found.criteria if each.verdict != Verdict.MET}


def test_a_loop_stopped_at_45_60_of_45_passes() -> None:
    found = judge_breaker(DRAFTER)

    assert (found.outcome, found.reasons) == (Outcome.PASSED, ())
    assert f"{overshoot(TESTED):.1%}" == "1.3%"


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (
            {"trip_test": None},
            "trip_test",
            NO_TEST,
        ),
        (
            {"trip_test": replace(TESTED, days_ago=31)},
            "trip_test",
            NO_TEST,
        ),
        (
            {"trip_test": replace(TESTED, stopped_usd=Decimal("47.26"))},
            "trip_test",
            "The loop was stopped at $47.26, 5.0% beyond the cap of $45.00, where 5% is the most."
            + SERVER_ONLY,
        ),
        (
            {
                "trip_test": replace(
                    TESTED,
                    stopped_usd=Decimal("48.15"),
                    routers=3,
                    seen=3,
                    seconds=Decimal("0.8"),
                )
            },
            "trip_test",
            (
                "The loop was stopped at $48.15, 7.0% beyond the cap of $45.00, where 5% is the"
                " most. 3 of 3 routers had the block after 0.8 s."
            ),
        ),
        (
            {"trip_test": replace(TESTED, kill_switch=False)},
            "trip_test",
            "The last trip test did not use the kill switch: run another one.",
        ),
        (
            {"expected_usd": Decimal("22.49")},
            "cap_to_day",
            "Lower the daily cap to $44.98, twice the busy day, or below.",
        ),
        (
            {"expected_usd": None},
            "cap_to_day",
            "Fewer than 14 full days of spend are known: say what a busy day is expected to cost.",
        ),
        (
            {"left_usd": Decimal("224.95")},
            "cap_to_rest",
            "Lower the daily cap to $44.99, a fifth of what is left, or below.",
        ),
        (
            {"left_usd": None},
            "cap_to_rest",
            "What is left is not known while calls have no price.",
        ),
        (
            {"rates": ["requests"]},
            "rates",
            "The published policy sets no limit a minute of tokens and dollars.",
        ),
        (
            {"blocks_when_stale": False},
            "action",
            "A router that has lost the policy goes on without a limit: let it block.",
        ),
        (
            {"acknowledging": 3},
            "acknowledged",
            "1 of 4 routers do not run revision 42: see the fleet on the page of the policy.",
        ),
        (
            {"routers": 0, "acknowledging": 0},
            "acknowledged",
            "No router has reported yet, so nobody obeys the cap.",
        ),
        (
            {"on_call": None},
            "people",
            "Name somebody on call with an active account.",
        ),
    ],
)
def test_a_control_that_is_missing_defers_and_says_what_would_do(
    change: dict[str, Any], code: str, says: str
) -> None:
    known = replace(DRAFTER, **change)

    assert unmet(known) == {code: says}
    assert judge_breaker(known).outcome == Outcome.DEFERRED


@pytest.mark.parametrize(
    "change",
    [
        {"expected_usd": Decimal("22.50")},
        {"left_usd": Decimal("225.00")},
        {"trip_test": replace(TESTED, stopped_usd=Decimal("47.25"))},
        {"trip_test": replace(TESTED, days_ago=30)},
    ],
)
def test_a_limit_itself_still_holds(change: dict[str, Any]) -> None:
    assert unmet(replace(DRAFTER, **change)) == {}


def test_without_a_published_policy_nothing_is_taken_for_granted() -> None:
    known = replace(
        DRAFTER, revision=None, daily_cap_usd=None, rates=[], blocks_when_stale=None, routers=0
    )

    assert set(unmet(known)) == {
        "daily_cap",
        "cap_to_day",
        "cap_to_rest",
        "rates",
        "action",
        "acknowledged",
    }


def test_the_busy_day_is_the_nineteenth_of_twenty() -> None:
    days = [Decimal(number) for number in range(20, 0, -1)]

    assert p95_day(days) == Decimal(19)
    assert p95_day(days[:14]) == Decimal(20)  # of 14 days the 14th: 13.3 rounded up
    assert p95_day(days[:13]) is None
