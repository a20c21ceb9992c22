"""A run rate set right: each open period ends up with its days at the new rate."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from finops.graduation import Phased, core_addition, split_by_share
from finops.periods import Period
from finops.true_up import true_up_parts

FIRSTS = [date(2026, month, 1) for month in range(1, 13)] + [date(2027, 1, 1)]
YEAR = [Period(start, end) for start, end in pairwise(FIRSTS)]
GRADUATED = date(2026, 8, 1)
HELD = core_addition(Decimal("412.50"), on=GRADUATED, periods=YEAR)

rates = st.decimals(min_value=Decimal("0.01"), max_value=10**6, places=2, allow_nan=False)


def moved(rate: str, *, held: list[Phased] = HELD) -> list[tuple[int, Decimal]]:
    [part] = true_up_parts(
        Decimal(rate), on=GRADUATED, periods=YEAR, shares=[Decimal(1)], held=[held]
    )
    return [(each.period.start.month, each.usd) for each in part]


def test_twenty_dollars_more_a_day_are_twenty_dollars_for_each_day() -> None:
    assert moved("432.50") == [
        (8, Decimal(620)), (9, Decimal(600)), (10, Decimal(620)), (11, Decimal(600)),
        (12, Decimal(620)),
    ]  # fmt: skip


def test_less_is_given_back_and_closed_periods_stay() -> None:
    assert moved("382.50", held=HELD[2:]) == [
        (10, Decimal(-930)), (11, Decimal(-900)), (12, Decimal(-930)),
    ]  # fmt: skip


def test_the_same_rate_moves_nothing() -> None:
    assert moved("412.50") == []


@given(
    st.lists(rates, min_size=1, max_size=4), st.lists(st.integers(1, 50), min_size=1, max_size=3)
)
def test_no_department_ever_holds_less_than_nothing(steps: list[Decimal], parts: list[int]) -> None:
    shares = [Decimal(part) / sum(parts) for part in parts]
    held = split_by_share(core_addition(steps[0], on=GRADUATED, periods=YEAR), shares)

    for rate in steps[1:]:
        differences = true_up_parts(rate, on=GRADUATED, periods=YEAR, shares=shares, held=held)
        held = [_after(*each) for each in zip(held, differences, strict=True)]

        assert all(each.usd >= 0 for part in held for each in part)
        total = sum(each.usd for part in held for each in part)
        assert total == rate * (date(2027, 1, 1) - GRADUATED).days


def _after(held: list[Phased], differences: list[Phased]) -> list[Phased]:
    by_end = {each.period.end: each.usd for each in differences}
    return [
        Phased(each.period, each.days, each.usd + by_end.get(each.period.end, Decimal(0)))
        for each in held
    ]
