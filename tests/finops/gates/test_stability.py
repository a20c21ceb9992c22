"""Gate 4: thirty days, final, used enough and steady; under a cap alone is not stable."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from finops.gates.criteria import Outcome, Verdict
from finops.gates.stability import Baseline, judge_stability
from finops.stability.figures import Figures, figures_of
from tests.finops.stability.test_figures import a_month, series

STEADY = Figures(
    days=30,
    mean_usd=Decimal("363.20"),
    level_usd=Decimal("358.90"),
    trimmed_usd=Decimal("359.47"),
    run_rate_usd=Decimal("359.47"),
    p95_usd=Decimal("452.40"),
    peak=Decimal("1.26"),
    cv=Decimal("0.026"),
    growth=Decimal("0.045"),
    cusum_sigma=Decimal("3.2"),
)
KNOWN = Baseline(
    length=30,
    paused_days=0,
    final_days=30,
    is_frozen=False,
    earliest_pass=date(2026, 7, 31),
    active_days=22,
    tasks=21_000,
    cap_usd=Decimal(600),
    cv_limit=Decimal("0.35"),
    figures=STEADY,
)


def verdict_of(known: Baseline, code: str) -> Verdict:
    return next(each.verdict for each in judge_stability(known).criteria if each.code == code)


def test_a_steady_month_passes() -> None:
    judged = judge_stability(KNOWN)

    assert (judged.outcome, list(judged.reasons)) == (Outcome.PASSED, [])


@pytest.mark.parametrize(
    ("code", "changes", "says"),
    [
        (
            "days",
            {"length": 23, "earliest_pass": date(2026, 12, 1)},
            "23 valid days in a row, 7 to go; the earliest pass is on 1 December 2026.",
        ),
        (
            "final",
            {"final_days": 28},
            "28 of 30 days have had their late data; the last of them has on 31 July 2026.",
        ),
        (
            "frozen",
            {"is_frozen": True},
            "It broke a limit twice: its owner has to say what is done before days count again.",
        ),
        (
            "use",
            {"active_days": 19},
            (
                "It was used on 19 days, and 21,000 tasks: 20 days and 200 tasks are needed to say"
                " anything."
            ),
        ),
        (
            "use",
            {"tasks": 199},
            (
                "It was used on 22 days, and 199 tasks: 20 days and 200 tasks are needed to say"
                " anything."
            ),
        ),
        (
            "cv",
            {"figures": replace(STEADY, cv=Decimal("0.36"))},
            "Days vary by 36.0% around their mean, where 35.0% is the most.",
        ),
        (
            "peak",
            {"figures": replace(STEADY, peak=Decimal("1.57"))},
            "A busy day costs 1.57 of a usual one, where 1.5 is the most.",
        ),
        (
            "growth",
            {"figures": replace(STEADY, growth=Decimal("1.10"))},
            "It moves by +110.0% in thirty days, where +15.0% is the most.",
        ),
        (
            "growth",
            {"figures": replace(STEADY, growth=Decimal("-0.31"))},
            "It moves by -31.0% in thirty days, where -30.0% is the most.",
        ),
        (
            "headroom",
            {"figures": replace(STEADY, p95_usd=Decimal("540.01"))},
            "A busy day costs $540.01, where nine tenths of the daily cap are $540.00.",
        ),
        (
            "drift",
            {"figures": replace(STEADY, cusum_sigma=Decimal(5))},
            "It drifted by 5.00 deviations in sum; below 5 is steady.",
        ),
    ],
)
def test_each_line_defers_by_itself(code: str, changes: dict[str, Any], says: str) -> None:
    judged = judge_stability(replace(KNOWN, **changes))

    assert judged.outcome == Outcome.DEFERRED
    assert list(judged.reasons) == [says]
    assert verdict_of(replace(KNOWN, **changes), code) == Verdict.MISSED


@pytest.mark.parametrize(
    ("code", "figures"),
    [
        ("cv", replace(STEADY, cv=Decimal("0.35"))),
        ("peak", replace(STEADY, peak=Decimal("1.5"))),
        ("growth", replace(STEADY, growth=Decimal("0.15"))),
        ("growth", replace(STEADY, growth=Decimal("-0.30"))),
        ("headroom", replace(STEADY, p95_usd=Decimal(540))),
        ("drift", replace(STEADY, cusum_sigma=Decimal("4.99"))),
    ],
)
def test_a_limit_itself_is_kept(code: str, figures: Figures) -> None:
    assert verdict_of(replace(KNOWN, figures=figures), code) == Verdict.MET


def test_no_profile_allows_more_than_what_is_erratic() -> None:
    wild = replace(KNOWN, cv_limit=Decimal("0.90"), figures=replace(STEADY, cv=Decimal("0.71")))

    assert verdict_of(wild, "cv") == Verdict.MISSED


def test_tasks_that_nobody_counted_are_unknown_and_days_too_few_are_missed() -> None:
    assert verdict_of(replace(KNOWN, tasks=None), "use") == Verdict.UNKNOWN
    assert verdict_of(replace(KNOWN, tasks=None, active_days=3), "use") == Verdict.MISSED


def test_before_its_first_day_nothing_is_known_of_its_steadiness() -> None:
    judged = judge_stability(replace(KNOWN, length=0, final_days=0, figures=None))

    unknown = [each.code for each in judged.criteria if each.verdict == Verdict.UNKNOWN]
    assert unknown == ["cv", "peak", "growth", "headroom", "drift"]


def test_a_grower_that_never_meets_its_cap_does_not_pass() -> None:
    amounts = [usd * Decimal("1.035") ** place for place, usd in enumerate(a_month())]
    known = replace(KNOWN, cap_usd=Decimal(1500), figures=figures_of(series(amounts)))

    judged = judge_stability(known)

    missed = {each.code for each in judged.criteria if each.verdict == Verdict.MISSED}
    assert judged.outcome == Outcome.DEFERRED
    assert {"peak", "growth", "drift"} <= missed
    assert "headroom" not in missed
