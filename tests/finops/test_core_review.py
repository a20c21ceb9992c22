"""Months in core: judged by what a result costs, charted by what a day does."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from finops.core_review import (
    Limits,
    Month,
    Reason,
    Verdict,
    bad_in_row,
    control_limits,
    judge_month,
    level_of,
)

GOOD, BAD, UNKNOWN = Verdict.GOOD, Verdict.BAD, Verdict.UNKNOWN


def month(**changes: Any) -> Month:
    """Return a month whose tickets cost $4.12, as over the baseline, unless it is changed."""
    values: dict[str, Any] = {
        "cost_usd": Decimal("1236.00"),
        "outcomes": 300,
        "coverage": Decimal(1),
        "unpriced_calls": 0,
        "baseline_usd": Decimal("4.12"),
    }
    return Month(**(values | changes))


@pytest.mark.parametrize(
    ("cost", "verdict", "dearer"),
    [
        ("1236.00", GOOD, "0"),
        ("1170.00", GOOD, "-0.0534"),
        ("1545.00", GOOD, "0.25"),  # a quarter dearer is still within the limit
        ("1545.01", BAD, "0.2500"),
        ("1619.16", BAD, "0.31"),
    ],
)
def test_a_result_may_cost_a_quarter_more_than_over_the_baseline(
    cost: str, verdict: Verdict, dearer: str
) -> None:
    judged = judge_month(month(cost_usd=Decimal(cost)))

    assert judged.verdict == verdict
    assert judged.dearer is not None
    assert abs(judged.dearer - Decimal(dearer)) < Decimal("0.0001")
    assert judged.reasons == ((Reason.DEARER,) if verdict == BAD else ())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"outcomes": 0}, Reason.NO_RESULTS),
        ({"unpriced_calls": 1}, Reason.UNPRICED),
        ({"coverage": Decimal("0.97")}, Reason.RESULTS_MISSING),
        ({"baseline_usd": None}, Reason.NO_BASELINE),
    ],
)
def test_what_is_not_known_is_neither_good_nor_bad(changes: dict[str, Any], reason: Reason) -> None:
    judged = judge_month(month(**changes))

    assert (judged.verdict, judged.reasons) == (UNKNOWN, (reason,))


@pytest.mark.parametrize(
    ("margin", "verdict", "reasons"),
    [
        ("0.62", GOOD, ()),
        ("0.55", GOOD, ()),
        ("0.5499", BAD, (Reason.THIN_MARGIN,)),
        (None, UNKNOWN, (Reason.MARGIN_UNKNOWN,)),
    ],
)
def test_a_product_keeps_its_floor(
    margin: str | None, verdict: Verdict, reasons: tuple[Reason, ...]
) -> None:
    known = None if margin is None else Decimal(margin)

    judged = judge_month(month(is_sold=True, margin=known, floor=Decimal("0.55")))

    assert (judged.verdict, judged.reasons) == (verdict, reasons)


def test_sold_work_without_a_baseline_is_judged_by_its_margin_and_says_so() -> None:
    sold = month(baseline_usd=None, is_sold=True, margin=Decimal("0.60"), floor=Decimal("0.55"))

    judged = judge_month(sold)

    assert (judged.verdict, judged.reasons) == (GOOD, (Reason.NO_BASELINE,))


def test_a_dear_result_is_bad_whatever_the_margin_is_not_known_to_be() -> None:
    judged = judge_month(month(cost_usd=Decimal(2000), is_sold=True, floor=Decimal("0.55")))

    assert judged.verdict == BAD
    assert judged.reasons == (Reason.DEARER, Reason.MARGIN_UNKNOWN)


@pytest.mark.parametrize(
    ("verdicts", "row"),
    [
        ([], 0),
        ([BAD], 1),
        ([BAD, BAD], 2),
        ([BAD, GOOD], 0),
        ([BAD, GOOD, BAD], 1),
        ([BAD, UNKNOWN, BAD], 2),
        ([BAD, UNKNOWN], 1),
        ([UNKNOWN, UNKNOWN], 0),
    ],
)
def test_an_unknown_month_neither_counts_nor_breaks_a_row_of_bad_ones(
    verdicts: list[Verdict], row: int
) -> None:
    assert bad_in_row(verdicts) == row


def test_the_limits_are_three_deviations_of_the_mean_of_the_days() -> None:
    # 0.2 × 400 = 80 a day; over 25 days 16; three of them 48.
    limits = control_limits(Decimal("412.50"), level_usd=Decimal(400), cv=Decimal("0.2"), days=25)

    assert limits == Limits(Decimal("412.50"), Decimal("364.50"), Decimal("460.50"))
    assert limits.hold(Decimal("460.50"))
    assert not limits.hold(Decimal("460.51"))


def test_steady_work_has_five_percent_to_each_side() -> None:
    limits = control_limits(Decimal(400), level_usd=Decimal(400), cv=Decimal(0), days=31)

    assert limits == Limits(Decimal(400), Decimal(380), Decimal(420))


def test_no_level_lies_below_nothing() -> None:
    limits = control_limits(Decimal(10), level_usd=Decimal(10), cv=Decimal("0.7"), days=1)

    assert limits == Limits(Decimal(10), Decimal(0), Decimal(31))


def test_without_a_known_spread_there_are_no_limits() -> None:
    assert control_limits(Decimal(10), level_usd=Decimal(10), cv=None, days=30) is None


def test_the_level_of_a_month_does_not_hang_on_how_many_sundays_it_has() -> None:
    first = date(2026, 8, 1)  # a Saturday; August has five Saturdays and five Sundays
    days = [first + timedelta(days=number) for number in range(31)]

    level = level_of([(day, Decimal(100 if day.weekday() < 5 else 30)) for day in days])

    assert level == Decimal(80)  # (5 × 100 + 2 × 30) / 7
