"""A demotion to the cent: 16 November 2026, of what graduated on 1 August at $412.50 a day."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from finops.demotion import Sources, allotment_usd, returned_to, within
from finops.graduation import Phased, core_addition, given_back, split_by_share
from finops.periods import Period

FIRSTS = [date(2026, month, 1) for month in range(1, 13)] + [date(2027, 1, 1)]
YEAR = [Period(start, end) for start, end in pairwise(FIRSTS)]
GRADUATED, DEMOTED = date(2026, 8, 1), date(2026, 11, 16)
HELD = core_addition(Decimal("412.50"), on=GRADUATED, periods=YEAR)
GAVE = Sources(Decimal("57292.50"), Decimal("5820.00"))

cents = st.decimals(min_value=0, max_value=10**7, places=2, allow_nan=False)


def back_usd(held: Sequence[Phased], on: date) -> Decimal:
    """Return all that core gives back from a day on."""
    return sum((each.usd for each in given_back([held], on=on)[0]), Decimal(0))


def test_46_days_are_given_back_by_period() -> None:
    [back] = given_back([HELD], on=DEMOTED)

    assert [(each.period.start, each.days, each.usd) for each in back] == [
        (DEMOTED, 15, Decimal("6187.50")),
        (date(2026, 12, 1), 31, Decimal("12787.50")),
    ]
    assert back_usd(HELD, DEMOTED) == Decimal("18975.00")


def test_it_goes_back_to_where_it_came_from() -> None:
    # 46/153 of 57,292.50 is 17,225.196…, of 5,820.00 it is 1,749.803…
    assert returned_to(Decimal("18975.00"), GAVE) == Sources(
        Decimal("17225.20"), Decimal("1749.80")
    )


def test_what_a_true_up_gave_counts_too_and_who_got_something_gave_nothing() -> None:
    assert returned_to(Decimal("10.00"), Sources(Decimal("-3.00"), Decimal("9.00"))) == Sources(
        Decimal("0.00"), Decimal("10.00")
    )
    assert returned_to(Decimal("10.00"), Sources(Decimal(0), Decimal(0))) == Sources(
        Decimal("10.00"), Decimal("0.00")
    )


def test_core_gives_no_more_than_it_has() -> None:
    [back] = given_back([HELD], on=DEMOTED)

    assert [each.usd for each in within(back, Decimal("7000.00"))] == [
        Decimal("6187.50"),
        Decimal("812.50"),
    ]
    assert within(back, Decimal("-1.00")) == []


def test_the_experiment_gets_its_run_rate_or_what_is_there() -> None:
    rate = Decimal("412.50")

    assert allotment_usd(rate, days=30, pool_usd=Decimal(20_000)) == Decimal("12375.00")
    assert allotment_usd(rate, days=30, pool_usd=Decimal("1749.80")) == Decimal("1749.80")
    assert allotment_usd(rate, days=30, pool_usd=Decimal("-5.00")) == 0


@given(
    cents,
    st.lists(st.integers(1, 100), min_size=1, max_size=3),
    st.dates(min_value=GRADUATED, max_value=date(2027, 1, 1)),
    cents,
    cents,
)
def test_no_demotion_gives_back_more_than_is_held_or_makes_a_cent(
    rate: Decimal, shares: list[int], on: date, contingency: Decimal, pool: Decimal
) -> None:
    whole = core_addition(rate, on=GRADUATED, periods=YEAR)
    parts = split_by_share(whole, [Decimal(share) for share in shares])

    back = given_back(parts, on=on)

    for held, gives in zip(parts, back, strict=True):
        by_end = {each.period.end: each.usd for each in held}
        assert all(0 <= each.usd <= by_end[each.period.end] for each in gives)
    total = sum((each.usd for gives in back for each in gives), Decimal(0))
    assert total == back_usd(whole, on)  # however many share it, not a cent more
    shared = returned_to(total, Sources(contingency, pool))
    assert shared.contingency_usd + shared.pool_usd == total
