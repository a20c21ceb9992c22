"""How large a pool may be beside the rest of its budget."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.pools import largest_pool_usd

D = Decimal
cents = st.decimals(0, 10**9, places=2)
shares = st.decimals("0", "0.99", places=4)


@pytest.mark.parametrize(
    ("rest", "share", "most"),
    [
        ("850.00", "0.15", "150.00"),  # 150 of 1,000
        ("1000.00", "0.15", "176.47"),  # 176.470…
        ("900.00", "0.10", "100.00"),
        ("1000.00", "0", "0.00"),
        ("0.00", "0.5", "0.00"),
        ("1000.00", "1", None),
    ],
)
def test_a_pool_is_a_share_of_rest_and_pool(rest: str, share: str, most: str | None) -> None:
    found = largest_pool_usd(rest_usd=D(rest), share=D(share))

    assert found == (None if most is None else D(most))


@given(rest_usd=cents, share=shares)
def test_the_largest_pool_keeps_its_share_and_a_cent_more_does_not(
    rest_usd: Decimal, share: Decimal
) -> None:
    most = largest_pool_usd(rest_usd=rest_usd, share=share)

    assert most is not None
    assert most <= share * (rest_usd + most)
    assert most + D("0.01") > share * (rest_usd + most + D("0.01"))
