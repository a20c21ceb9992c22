"""Bets, a pool linked to output, an open pool: worked by hand over three months."""

from datetime import date
from decimal import Decimal

import pytest

from finops.periods import Period
from finops.pool_policies import Bet, Spent, compared, usd_per_result

JAN = Period(date(2026, 1, 1), date(2026, 2, 1))
FEB = Period(date(2026, 2, 1), date(2026, 3, 1))
MAR = Period(date(2026, 3, 1), date(2026, 4, 1))
SPENT = [
    Spent(JAN, Decimal(400), None),
    Spent(FEB, Decimal(300), 100),
    Spent(MAR, Decimal(250), 900),
]
BETS = [
    Bet(Period(date(2026, 1, 10), date(2026, 2, 10)), Decimal(20)),
    Bet(Period(date(2026, 2, 10), date(2026, 3, 20)), Decimal(15)),
    Bet(Period(date(2026, 2, 5), date(2026, 2, 12)), Decimal(8)),
]


def test_each_period_says_what_each_policy_would_have_allowed() -> None:
    lines = compared(pool_usd=Decimal(1000), spent=SPENT, bets=BETS, usd_a_result=Decimal("0.50"))

    # 5 to 9 February: 20 + 8; from the 10th on the first is over: 15 + 8.
    assert [line.bets_day_usd for line in lines] == [20, 28, 15]
    assert [line.linked_usd for line in lines] == [None, 50, 450]
    assert [line.unfunded_usd for line in lines] == [None, 250, 0]
    assert [line.open_day_usd for line in lines] == [1000, 600, 300]


def test_without_a_rate_output_allows_nothing_that_anybody_could_say() -> None:
    lines = compared(pool_usd=Decimal(1000), spent=SPENT, bets=[], usd_a_result=None)

    assert {line.linked_usd for line in lines} == {line.unfunded_usd for line in lines} == {None}
    assert {line.bets_day_usd for line in lines} == {Decimal(0)}


def test_an_open_pool_that_is_used_up_can_lose_no_more() -> None:
    lines = compared(pool_usd=Decimal(500), spent=SPENT, bets=[], usd_a_result=None)

    assert [line.open_day_usd for line in lines] == [500, 100, 0]


@pytest.mark.parametrize(
    ("results", "known", "rate"),
    [(2000, 73, "1.00"), (2000, 365, "5.00"), (0, 73, None), (0, 0, None)],
)
def test_a_result_is_worth_what_hands_out_the_pool_over_the_year(
    results: int, known: int, rate: str | None
) -> None:
    found = usd_per_result(pool_usd=Decimal(10000), results=results, known=known, days=365)

    assert found == (None if rate is None else Decimal(rate))
