"""Levels of a granted sum: reached to the cent, armed again only where more was granted."""

from decimal import Decimal

import pytest

from finops.thresholds import Reached, is_reached, levels_reached


@pytest.mark.parametrize(
    ("spent", "expected"),
    [
        ("0", ()),
        ("49.99", ()),
        ("50", (50,)),
        ("79.999999999999", (50, 75)),
        ("99.99", (50, 75, 90)),
        ("100", (50, 75, 90, 100)),
        ("250", (50, 75, 90, 100)),
    ],
)
def test_levels_are_reached_to_the_cent(spent: str, expected: tuple[int, ...]) -> None:
    assert levels_reached(Decimal(spent), Decimal(100), (100, 50, 90, 75)) == expected


def test_of_nothing_granted_no_level_is_reached() -> None:
    assert not is_reached(Decimal(5), Decimal(0), 50)


@pytest.mark.parametrize(
    ("granted", "spent", "expected"),
    [
        ("1000", "950", False),  # spend alone changes nothing
        ("1000", "899.99", False),  # a credit took it beneath: it would come and go
        ("1050", "950", False),  # 90% of 1,050 is 945: still reached
        ("1055.56", "950", True),  # 90% of 1,055.56 is 950.004
        ("2000", "950", True),
        ("2000", "1800", False),
        ("900", "100", False),  # less was granted
    ],
)
def test_a_level_is_armed_again_where_more_was_granted_and_spend_lies_beneath_it(
    granted: str, spent: str, *, expected: bool
) -> None:
    assert Reached(90, Decimal(1000), Decimal(granted), Decimal(spent)).is_armed_again is expected
