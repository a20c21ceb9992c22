"""Double entry."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.ledger import Line, Unbalanced, check_balanced, reverse
from finops.money import split_by_largest_remainder

GRANT = (Line("pool", Decimal("-6000.00")), Line("initiative", Decimal("6000.00")))


def test_lines_that_move_money_are_balanced() -> None:
    check_balanced(GRANT)


def test_a_graduation_moves_money_between_three_accounts() -> None:
    check_balanced(
        [
            Line("pool", Decimal("-5820.00")),
            Line("contingency", Decimal("-57292.50")),
            Line("core", Decimal("63112.50")),
        ]
    )


def test_lines_that_make_money_are_refused_with_the_sum() -> None:
    made = [Line("pool", Decimal("-10.00")), Line("initiative", Decimal("10.01"))]

    with pytest.raises(Unbalanced, match=r"must sum to zero, not to 0\.01\.$"):
        check_balanced(made)


@pytest.mark.parametrize("lines", [[], [Line("pool", Decimal(0))]])
def test_one_account_alone_is_no_journal(lines: list[Line[str]]) -> None:
    with pytest.raises(Unbalanced, match="an account that gives and one that gains"):
        check_balanced(lines)


def test_an_amount_that_is_not_finite_is_refused_by_its_account() -> None:
    lines = [Line("pool", Decimal("-Infinity")), Line("initiative", Decimal("Infinity"))]

    with pytest.raises(Unbalanced, match="The line of pool has no finite amount"):
        check_balanced(lines)


def test_a_reversal_gives_back_what_every_account_gained() -> None:
    assert reverse(GRANT) == (
        Line("pool", Decimal("6000.00")),
        Line("initiative", Decimal("-6000.00")),
    )


def test_a_reversal_of_nothing_is_not_minus_zero() -> None:
    assert str(reverse([Line("pool", Decimal("0.00"))])[0].amount) == "0.00"


@given(
    st.integers(1, 10**12),
    st.dictionaries(st.text(max_size=3), st.integers(1, 10**6), min_size=1),
)
def test_a_journal_and_its_reversal_leave_everything_as_it_was(
    cents: int, weights: dict[str, int]
) -> None:
    parts = split_by_largest_remainder(cents, weights)
    lines = [
        Line("company", Decimal(-cents) / 100),
        *(Line(f"unit:{name}", Decimal(part) / 100) for name, part in parts.items()),
    ]

    check_balanced(lines)
    check_balanced(reverse(lines))
    assert reverse(reverse(lines)) == tuple(lines)
