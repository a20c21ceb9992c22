"""The margin of a stretch of time, and the numbers that a thin one is judged by."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.rolling_margin import (
    Accrued,
    Span,
    accrued,
    gross_margin,
    is_enough,
    is_test_fine,
    per_call,
)

AT = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def span(start: int, end: int, revenue_usd: str, other_usd: str = "0") -> Span:
    return Span(AT + start * HOUR, AT + end * HOUR, Decimal(revenue_usd), Decimal(other_usd))


@pytest.mark.parametrize(
    ("other_usd", "ai_usd", "expected"),
    [
        ("0.72", "0.08", "0.20"),
        ("0.72", "0.29", "-0.01"),  # 3.625 times the AI cost
        ("0.72", "0.28", "0.00"),  # the loss starts beyond 3.5 times
        ("0.72", "0.13", "0.15"),
        ("0.12", "0.08", "0.80"),
        ("0.12", "0.88", "0.00"),  # beyond 11 times
    ],
)
def test_the_margin_of_a_price_of_one(other_usd: str, ai_usd: str, expected: str) -> None:
    brought_in = Accrued(Decimal("1.00"), Decimal(other_usd))

    assert gross_margin(ai_usd=Decimal(ai_usd), accrued=brought_in) == Decimal(expected)


def test_revenue_accrues_evenly_over_its_span() -> None:
    day = span(0, 24, "240.00", "48.00")

    assert accrued([day], AT + 6 * HOUR, AT + 7 * HOUR) == Accrued(Decimal(10), Decimal(2))


def test_spans_that_meet_in_a_window_add_up_each_for_its_part() -> None:
    spans = [span(0, 2, "20.00"), span(2, 4, "40.00"), span(1, 3, "2.00")]

    found = accrued(spans, AT + HOUR, AT + 3 * HOUR)

    assert found == Accrued(Decimal(10) + Decimal(20) + Decimal(2), Decimal(0))


@pytest.mark.parametrize(
    "spans", [[], [span(0, 2, "1")], [span(1, 4, "1")], [span(0, 1, "1"), span(2, 4, "1")]]
)
def test_a_window_that_is_not_told_of_whole_is_unknown(spans: list[Span]) -> None:
    assert accrued(spans, AT, AT + 4 * HOUR) is None
    assert gross_margin(ai_usd=Decimal(1), accrued=None) is None


def test_without_revenue_there_is_no_margin() -> None:
    assert gross_margin(ai_usd=Decimal(1), accrued=Accrued(Decimal(0), Decimal(0))) is None


@pytest.mark.parametrize(
    ("calls", "usd", "expected"),
    [(199, "49.99", False), (200, "0.00", True), (1, "50.00", True)],
)
def test_a_window_says_something_from_two_hundred_calls_or_fifty_dollars(
    *, calls: int, usd: str, expected: bool
) -> None:
    assert is_enough(calls=calls, ai_usd=Decimal(usd)) is expected


def test_what_one_call_brings_in() -> None:
    found = per_call(Accrued(Decimal(300), Decimal(216)), calls=300)

    assert found == Accrued(Decimal(1), Decimal("0.72"))
    assert per_call(found, calls=0) is None
    assert per_call(None, calls=5) is None


@pytest.mark.parametrize(
    ("call_usd", "usual", "margin", "expected"),
    [
        ("0.15", "0.10", None, True),
        ("0.1501", "0.10", None, False),
        ("0.10", "0.10", "0.1499", False),
        ("0.10", None, "0.15", True),
        ("0.10", None, None, None),
    ],
)
def test_a_test_is_fine_where_its_calls_cost_and_earn_what_calls_do(
    *, call_usd: str, usual: str | None, margin: str | None, expected: bool | None
) -> None:
    found = is_test_fine(
        call_usd=Decimal(call_usd),
        usual_call_usd=Decimal(usual) if usual else None,
        margin=Decimal(margin) if margin else None,
        floor=Decimal("0.15"),
    )

    assert found is expected


@given(st.integers(1, 100), st.integers(0, 99), st.integers(0, 10**9))
def test_the_parts_of_a_span_are_the_whole(hours: int, cut: int, cents: int) -> None:
    usd = Decimal(cents) / 100
    whole = Span(AT, AT + hours * HOUR, usd, usd)
    at = AT + (cut % hours) * HOUR

    parts = [
        accrued([whole], start, end) for start, end in ((AT, at), (at, whole.end)) if start < end
    ]

    total = sum((part.revenue_usd for part in parts if part), Decimal(0))
    assert abs(total - usd) < Decimal("1e-12")
