"""The line of readings against its limit, worked out by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from policy.readings_line import Reading, line_of
from policy.timeline import Window

START = datetime(2026, 11, 20, tzinfo=UTC)
DAY = Window(START, START + timedelta(days=1))


def hour(number: int, usd: str) -> Reading:
    return Reading(START + timedelta(hours=number), Decimal(usd))


def test_sums_rise_from_the_floor_and_the_limit_has_room_above_it() -> None:
    found = [hour(0, "0"), hour(6, "28"), hour(12, "56")]

    line = line_of(found, window=DAY, limit_usd=Decimal(50), tripped_at=START + timedelta(hours=12))

    # The highest is 56, and with an eighth of room above it the drawing ends at 62.72.
    assert line.top_usd == Decimal("62.72")
    assert line.path == "M0 100L25 55.36L50 10.71"
    assert line.area == "M0 100L25 55.36L50 10.71L50 100L0 100Z"
    assert (line.limit_y, line.trip_x) == (20.28, 50.0)


def test_a_limit_that_is_far_lies_high() -> None:
    line = line_of(
        [hour(0, "0"), hour(24, "1")], window=DAY, limit_usd=Decimal(100), tripped_at=None
    )

    assert (line.limit_y, line.trip_x) == (10.71, None)


def test_without_readings_there_is_no_line_and_nothing_is_divided_by_nought() -> None:
    line = line_of([], window=DAY, limit_usd=Decimal(0), tripped_at=None)

    assert (line.path, line.area, line.limit_y) == ("", "", 100.0)


def test_without_a_limit_only_the_line_is_drawn() -> None:
    line = line_of([hour(0, "0"), hour(24, "9")], window=DAY, limit_usd=None, tripped_at=None)

    assert line.limit_y is None
    assert line.path == "M0 100L100 10.71"


USD = st.decimals(min_value=0, max_value=10**9, places=2)


@given(st.lists(USD, max_size=20), st.none() | USD)
def test_nothing_is_drawn_outside(amounts: list[Decimal], limit_usd: Decimal | None) -> None:
    found = [hour(n, str(usd)) for n, usd in enumerate(sorted(amounts))]

    line = line_of(found, window=DAY, limit_usd=limit_usd, tripped_at=START)

    heights = [float(point.split()[1]) for point in line.path.removeprefix("M").split("L") if point]
    assert all(0 <= height <= 100 for height in heights)
    assert heights == sorted(heights, reverse=True)
    assert line.limit_y is None or 0 <= line.limit_y <= 100
