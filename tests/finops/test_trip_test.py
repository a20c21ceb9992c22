"""The loop of a trip test: its cost, its speed, and what comes late."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.trip_test import CALLS_TO_CAP, call_usd_for, late_calls, speed_of


def test_seventy_five_calls_reach_the_cap() -> None:
    assert call_usd_for(Decimal("45.00")) == Decimal("0.600000")
    assert call_usd_for(Decimal("10.00")) == Decimal("0.133334")


@given(cents=st.integers(min_value=1, max_value=10**12))
def test_any_cap_is_reached_by_about_as_many(cents: int) -> None:
    cap_usd = Decimal(cents) / 100

    each = call_usd_for(cap_usd)

    assert each * CALLS_TO_CAP >= cap_usd > each * (CALLS_TO_CAP - 1) - Decimal("0.0001")


@pytest.mark.parametrize(
    ("requests", "usd", "routers", "per_second"),
    [
        (None, None, 0, "12"),
        (60, None, 0, "1"),
        (60, None, 3, "3"),
        (600, "1.80", 1, "0.05"),  # $1.80 a minute are three calls of $0.60 a minute
        (6000, None, 2, "12"),
    ],
)
def test_published_limits_slow_the_loop_down(
    requests: int | None, usd: str | None, routers: int, per_second: str
) -> None:
    speed = speed_of(
        call_usd=Decimal("0.60"),
        requests_per_minute=requests,
        usd_per_minute=None if usd is None else Decimal(usd),
        routers=routers,
    )

    assert speed.per_second == Decimal(per_second)
    assert speed.is_limited is (per_second != "12")


@pytest.mark.parametrize(
    ("seconds", "calls"), [("0", 1), ("0.083", 1), ("0.084", 2), ("1", 12), ("30", 360)]
)
def test_calls_begun_before_the_block_arrived_come_late(seconds: str, calls: int) -> None:
    assert late_calls(per_second=Decimal(12), seconds=Decimal(seconds)) == calls
