"""Months in core, reviewed on a real ledger: eight tickets a day at $412.50, $51.5625 a ticket."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from budgets.models import CoreReview, Graduation
from budgets.operations.core_reviews import review_core
from tests.factories.core import (
    AUGUST,
    OCTOBER,
    SEPTEMBER,
    final,
    in_core,
    lived,
    midnight,
)
from tests.factories.graduations import Proven, days, graduation_gates, proven, tell, use
from tests.org_cast import Cast


@pytest.fixture(autouse=True)
def ledger() -> Iterator[None]:
    with graduation_gates():
        yield


@pytest.fixture
def found(cast: Cast) -> Proven:
    return proven(cast)


@pytest.fixture
def graduation(cast: Cast, found: Proven) -> Graduation:
    return in_core(cast, found)


def reviews() -> list[CoreReview]:
    return list(CoreReview.objects.order_by("starts_on", "number"))


def newest() -> tuple[str, list[str]]:
    last = reviews()[-1]
    return last.verdict, last.reasons


def test_a_month_is_judged_by_what_a_result_cost_over_the_baseline(
    cast: Cast, graduation: Graduation
) -> None:
    lived(cast, AUGUST, SEPTEMBER)
    review_core(at=midnight(date(2026, 9, 5)))
    assert reviews() == []  # its last day is not final yet

    review_core(at=final(SEPTEMBER))
    review_core(at=final(SEPTEMBER))

    [review] = reviews()
    assert (review.label, review.number, review.verdict) == ("FY2026 P8", 1, "good")
    assert review.cost_usd == review.known_usd == Decimal("12787.50")
    assert review.outcomes == 248
    assert review.unit_usd == graduation.unit_usd == Decimal("51.5625")
    assert (review.dearer, review.run_rate_usd) == (Decimal(0), Decimal("412.50"))
    assert (review.lower_usd, review.upper_usd) == (Decimal("391.875"), Decimal("433.125"))
    assert not review.is_out


def test_bad_months_unknown_ones_and_late_data(cast: Cast, graduation: Graduation) -> None:
    lived(cast, AUGUST, SEPTEMBER, usd=Decimal("540.375"))  # 1.31 × 412.50
    review_core(at=final(SEPTEMBER))

    assert newest() == ("bad", ["dearer"])
    assert reviews()[-1].dearer == Decimal("0.31")
    assert reviews()[-1].is_out

    lived(cast, SEPTEMBER, OCTOBER, told=False)
    review_core(at=final(OCTOBER))

    assert newest() == ("unknown", ["no_results"])

    use(cast, {date(2026, 9, 5): Decimal(8)}, cost_usd=None, model="nobody-prices-this")
    tell(cast, days(SEPTEMBER, OCTOBER))
    review_core(at=midnight(date(2026, 10, 10)))

    assert newest() == ("unknown", ["unpriced"])
    assert [each.number for each in reviews()] == [1, 1, 2]
    assert reviews()[-1].unpriced_calls == 8
    assert reviews()[1].verdict == "unknown"  # the first one stays what it was
