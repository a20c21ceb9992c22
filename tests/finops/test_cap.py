"""Spending caps."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from finops.cap import CapVerdict, ClockWindow, Mode, clock_window, judge_cap, resets_at, window_of
from finops.periods import Period

NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
TODAY = date(2026, 11, 20)
NEW_YORK = ZoneInfo("America/New_York")


def judged(spent_usd: str, limit_usd: str, mode: Mode) -> tuple[str, str, bool]:
    verdict = judge_cap(Decimal(spent_usd), Decimal(limit_usd), mode)
    return verdict.state, verdict.code, verdict.alert


@pytest.mark.parametrize("mode", ["hard", "soft", "alert"])
def test_below_its_limit_every_cap_lets_calls_pass(mode: Mode) -> None:
    assert judged("44.999999999999", "45.00", mode) == ("closed", "within_cap", False)


@pytest.mark.parametrize("spent_usd", ["45", "45.000000000001", "1000"])
def test_a_hard_cap_refuses_once_the_whole_limit_is_spent(spent_usd: str) -> None:
    assert judged(spent_usd, "45.00", "hard") == ("open", "hard_cap_reached", True)


def test_soft_caps_and_alerts_tell_somebody_and_let_calls_pass() -> None:
    assert judged("45", "45", "soft") == ("closed", "soft_cap_reached", True)
    assert judged("45", "45", "alert") == ("closed", "alert_reached", True)


def test_a_verdict_says_how_much_is_left_and_how_far_over() -> None:
    assert judge_cap(Decimal("30.10"), Decimal(45), "hard") == CapVerdict(
        state="closed",
        code="within_cap",
        alert=False,
        spent_usd=Decimal("30.10"),
        limit_usd=Decimal(45),
        remaining_usd=Decimal("14.90"),
    )
    assert judge_cap(Decimal("45.60"), Decimal(45), "hard").remaining_usd == Decimal("-0.60")


def test_a_cap_of_zero_is_reached_before_the_first_call() -> None:
    assert judged("0", "0", "hard") == ("open", "hard_cap_reached", True)


def test_refunds_beyond_what_was_spent_keep_a_cap_closed() -> None:
    assert judged("-3", "45", "hard") == ("closed", "within_cap", False)


def test_a_cap_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="A cap cannot be below zero: -1"):
        judge_cap(Decimal(0), Decimal(-1), "hard")


def test_windows_are_the_day_the_fiscal_period_or_all_time() -> None:
    assert window_of("day", TODAY) == Period(TODAY, date(2026, 11, 21))
    assert window_of("period", TODAY, NOVEMBER) == NOVEMBER
    assert window_of("total", TODAY, NOVEMBER) is None


@pytest.mark.parametrize("period", [None, Period(date(2026, 12, 1), date(2027, 1, 1))])
def test_a_cap_per_period_needs_the_period_of_its_day(period: Period | None) -> None:
    with pytest.raises(ValueError, match="needs the fiscal period that holds 2026-11-20"):
        window_of("period", TODAY, period)


def test_a_daily_cap_starts_anew_at_the_companys_midnight() -> None:
    assert resets_at("day", TODAY, NEW_YORK) == datetime(2026, 11, 21, 5, tzinfo=UTC)


def test_a_daily_cap_follows_the_clocks_when_they_change() -> None:
    before, after = date(2026, 10, 31), date(2026, 11, 1)

    assert resets_at("day", before, NEW_YORK) == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert resets_at("day", after, NEW_YORK) == datetime(2026, 11, 2, 5, tzinfo=UTC)


def test_a_cap_per_period_starts_anew_with_the_next_period() -> None:
    found = resets_at("period", TODAY, NEW_YORK, NOVEMBER)

    assert found == datetime(2026, 12, 1, 5, tzinfo=UTC)


def test_a_cap_for_all_time_never_starts_anew() -> None:
    assert resets_at("total", TODAY, NEW_YORK, NOVEMBER) is None


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [("minute", (14, 59), (15, 0)), ("hour", (14, 0), (15, 0))],
)
def test_minutes_and_hours_are_those_of_utc(
    window: ClockWindow, start: tuple[int, int], end: tuple[int, int]
) -> None:
    in_kathmandu = datetime(2026, 11, 20, 20, 44, 59, 999_999, tzinfo=ZoneInfo("Asia/Kathmandu"))

    assert clock_window(window, in_kathmandu) == (
        datetime(2026, 11, 20, *start, tzinfo=UTC),
        datetime(2026, 11, 20, *end, tzinfo=UTC),
    )
