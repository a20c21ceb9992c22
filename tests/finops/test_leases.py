"""The size of a lease: a share of half of what remains, and what one call needs."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.leases import held_usd, lease_size

usd = st.decimals(min_value=0, max_value=10**9, places=6)


def size(
    remaining_usd: Decimal | str,
    asked_usd: Decimal | str,
    least_usd: Decimal | str = "0",
    routers: int = 1,
    largest_usd: Decimal | str = "25",
) -> Decimal:
    return lease_size(
        remaining_usd=Decimal(remaining_usd),
        asked_usd=Decimal(asked_usd),
        least_usd=Decimal(least_usd),
        routers=routers,
        largest_usd=Decimal(largest_usd),
    )


@pytest.mark.parametrize(
    ("remaining", "asked", "least", "routers", "granted"),
    [
        ("100", "10", "0", 1, "10"),  # what was asked
        ("100", "90", "0", 1, "25"),  # the largest there is
        ("40", "90", "0", 1, "20"),  # half of what remains
        ("40", "90", "0", 4, "5"),  # a fourth of half of it
        ("40", "90", "12", 4, "12"),  # what one call needs
        ("40", "90", "41", 4, "0"),  # more than there is
        ("0.000001", "1", "0", 1, "0"),  # less than can be cut in two
        ("0.000001", "1", "0.000001", 1, "0.000001"),
        ("0", "1", "0", 1, "0"),
        ("-5", "1", "0", 1, "0"),
        ("1", "1", "0", 3, "0.166666"),  # cut down to whole micro-dollars
    ],
)
def test_what_is_granted(
    remaining: str, asked: str, least: str, routers: int, granted: str
) -> None:
    assert size(remaining, asked, least, routers) == Decimal(granted)


@given(usd, usd, usd, st.integers(1, 500))
def test_nobody_gets_more_than_remains_nor_less_than_helps(
    remaining: Decimal, asked: Decimal, least: Decimal, routers: int
) -> None:
    granted = size(remaining, asked, min(least, asked), routers)

    assert 0 <= granted <= remaining
    assert granted == 0 or granted >= min(least, asked)


@given(usd, st.lists(usd, min_size=1, max_size=50))
def test_all_together_hold_half_of_what_remains_at_most(
    remaining: Decimal, asked: list[Decimal]
) -> None:
    left = remaining
    for each in asked:
        left -= size(left, each, routers=len(asked), largest_usd=Decimal(10**9))

    assert remaining - left <= remaining / 2


@given(usd, st.integers(1, 500))
def test_the_nearer_the_cap_the_less_is_stranded(remaining: Decimal, routers: int) -> None:
    assert size(remaining, remaining, routers=routers) <= remaining / (2 * routers)
    assert size(remaining / 2, remaining, routers=routers) <= size(
        remaining, remaining, routers=routers
    )


@pytest.mark.parametrize(
    ("granted", "used", "metered", "held"),
    [
        ("10", "0", "0", "10"),
        ("10", "4", "3", "7"),  # all that was granted, less what is spent
        ("10", "12", "3", "9"),  # more was used than granted
        ("10", "4", "11", "0"),
    ],
)
def test_a_lease_that_is_spent_still_holds_all_that_it_may_cost(
    granted: str, used: str, metered: str, held: str
) -> None:
    assert held_usd(
        granted_usd=Decimal(granted),
        used_usd=Decimal(used),
        metered_usd=Decimal(metered),
        written_off_usd=Decimal(0),
        is_closed=False,
    ) == Decimal(held)


@pytest.mark.parametrize(
    ("used", "metered", "written_off", "held"),
    [
        ("4", "3", "0", "1"),  # reported, and not seen yet
        ("4", "6", "0", "0"),  # usage says more than the report: usage wins
        ("4", "3", "1", "0"),
    ],
)
def test_a_closed_lease_holds_what_was_reported_and_not_seen(
    used: str, metered: str, written_off: str, held: str
) -> None:
    assert held_usd(
        granted_usd=Decimal(10),
        used_usd=Decimal(used),
        metered_usd=Decimal(metered),
        written_off_usd=Decimal(written_off),
        is_closed=True,
    ) == Decimal(held)
