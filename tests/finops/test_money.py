"""Exact money: parsing, rounding, pico-dollars, splitting."""

import random
from decimal import Decimal, Inexact, localcontext
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.money import (
    BadAmount,
    dollars_of_cents,
    parse_usd,
    pico_of,
    pico_of_text,
    split_by_largest_remainder,
    to_cents,
    usd_of,
    usd_text,
)

WEIGHTS = st.dictionaries(
    st.integers(0, 10**6),
    st.one_of(
        st.integers(0, 10**15),
        st.decimals(0, 10**9, allow_nan=False, allow_infinity=False),
    ),
    max_size=40,
)
TOTALS = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("12.50", "12.50"),
        ("-0.05", "-0.05"),
        ("+3", "3"),
        ("1e-05", "0.00001"),
        ("4.5E2", "450"),
        ("007.5", "7.5"),
        ("999999999999999", "999999999999999"),
        ("0.13080438340307692307692307692307692", "0.13080438340307692307692307692307692"),
        ("0e-9", "0"),
        ("0e99", "0"),
    ],
)
def test_a_plain_amount_is_read_digit_for_digit(text: str, expected: str) -> None:
    assert parse_usd(text) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The amount is empty."),
        ("  ", "The amount is empty."),
        ("NaN", "'NaN' is not a finite amount."),
        ("-inf", "'-inf' is not a finite amount."),
        ("Infinity", "'Infinity' is not a finite amount."),
        ("sNaN123", "'sNaN123' is not a finite amount."),
        (
            "1,234.50",
            "'1,234.50' has a separator: write a dot for decimals and nothing for thousands.",
        ),
        ("12,5", "'12,5' has a separator: write a dot for decimals and nothing for thousands."),
        ("1 000", "'1 000' has a separator: write a dot for decimals and nothing for thousands."),
        (
            "1.234.567,00",
            "'1.234.567,00' has a separator: write a dot for decimals and nothing for thousands.",
        ),
        ("1_000", "'1_000' has a separator: write a dot for decimals and nothing for thousands."),
        ("$5", "'$5' is not a plain decimal number such as 12.50."),
        ("5.", "'5.' is not a plain decimal number such as 12.50."),
        (".5", "'.5' is not a plain decimal number such as 12.50."),
        ("0x10", "'0x10' is not a plain decimal number such as 12.50."),
        ("١٢", "'١٢' is not a plain decimal number such as 12.50."),
        ("5\n", "'5\\n' is not a plain decimal number such as 12.50."),
        ("1e400", "'1e400' is too large: at most 15 digits before the dot."),
        ("1000000000000000", "'1000000000000000' is too large: at most 15 digits before the dot."),
        ("1e-400", "'1e-400' is too fine: at most 60 digits after the dot."),
        ("1e99999", "'1e99999' is not a plain decimal number such as 12.50."),
        ("9" * 200, f"'{'9' * 40}…' is longer than an amount can be."),
        ("9" * 99 + "x", f"'{'9' * 40}…' is not a plain decimal number such as 12.50."),
    ],
)
def test_what_is_not_a_plain_amount_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BadAmount) as refusal:
        parse_usd(text)

    assert str(refusal.value) == sentence


def test_a_hostile_text_is_refused_without_being_spelt_out_or_searched_for_long() -> None:
    with pytest.raises(BadAmount):
        parse_usd("1" + ",1" * 500_000 + "x")


@given(st.decimals(-(10**14), 10**14, allow_nan=False, allow_infinity=False, places=20))
def test_a_parsed_amount_is_the_text_it_came_from(amount: Decimal) -> None:
    assert parse_usd(f"{amount:f}") == amount


@pytest.mark.parametrize(
    ("usd", "pico"),
    [
        ("0.06525", 65_250_000_000),
        ("1", 10**12),
        ("0.0000000000005", 0),
        ("0.0000000000015", 2),
        ("0.0000000000025", 2),
        ("0.00000000000250000000000000000000000000000001", 3),
        ("-0.0000000000015", -2),
    ],
)
def test_pico_dollars_round_once_and_halves_go_to_the_even_one(usd: str, pico: int) -> None:
    assert pico_of(Decimal(usd)) == pico


@pytest.mark.parametrize("usd", ["NaN", "Infinity"])
def test_only_finite_amounts_have_pico_dollars(usd: str) -> None:
    with pytest.raises(BadAmount):
        pico_of(Decimal(usd))


def test_a_number_too_long_to_be_exact_is_refused_rather_than_rounded() -> None:
    with pytest.raises(Inexact):
        usd_of(10**120 + 1)


@given(st.integers(-(10**30), 10**30))
def test_pico_dollars_survive_the_way_to_dollars_and_back(pico: int) -> None:
    assert pico_of(usd_of(pico)) == pico
    assert Fraction(usd_of(pico)) == Fraction(pico, 10**12)


@given(st.integers(-(10**30), 10**30))
def test_pico_dollars_are_written_out_whole(pico: int) -> None:
    assert usd_text(pico) == f"{usd_of(pico):.12f}"


# Texts about as long as the quick way takes, and those it must leave to the exact one.
AMOUNTS = st.from_regex(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,14})?(?:[eE][+-]?[0-9])?", fullmatch=True)


@given(AMOUNTS)
def test_a_text_has_the_pico_dollars_of_the_amount_it_states(text: str) -> None:
    try:
        expected = pico_of(parse_usd(text))
    except BadAmount:
        with pytest.raises(BadAmount):
            pico_of_text(text)
    else:
        assert pico_of_text(text) == expected


@pytest.mark.parametrize("text", ["", "1.", ".5", "1,5", "0x1", "١", "1 ", "1\n"])
def test_a_text_that_is_no_amount_has_no_pico_dollars(text: str) -> None:
    with pytest.raises(BadAmount):
        pico_of_text(text)


@pytest.mark.parametrize(
    ("usd", "minor_digits", "expected"),
    [
        ("2.344999", 2, "2.34"),
        ("2.345", 2, "2.35"),
        ("-2.345", 2, "-2.35"),
        ("-0.004", 2, "0.00"),
        ("1234.5", 0, "1235"),
        ("1.0005", 3, "1.001"),
    ],
)
def test_a_statement_line_rounds_halves_away_from_zero(
    usd: str, minor_digits: int, expected: str
) -> None:
    rounded = to_cents(Decimal(usd), minor_digits=minor_digits)

    assert str(rounded) == expected


def test_the_callers_own_decimal_context_changes_nothing() -> None:
    with localcontext() as coarse:
        coarse.prec = 3
        amounts = (pico_of(Decimal("1.234567890123")), usd_of(1_234_567), to_cents(Decimal(12345)))

    assert amounts == (1_234_567_890_123, Decimal("0.000001234567"), Decimal("12345.00"))


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10_000, {"a": 1, "b": 1, "c": 1}, {"a": 3334, "b": 3333, "c": 3333}),
        (
            100_001,
            {"a": 3_333_333, "b": 2_222_222, "c": 1_111_111, "d": 0},
            {"a": 50_000, "b": 33_334, "c": 16_667, "d": 0},
        ),
        (-5, {"a": 1, "b": 1, "c": 1}, {"a": -2, "b": -2, "c": -1}),
        (
            1_200_000,
            {"a": 620_000, "b": 310_000, "c": 70_000},
            {"a": 744_000, "b": 372_000, "c": 84_000},
        ),
        (1, {"b": Decimal("0.1"), "a": Decimal("0.1")}, {"a": 1, "b": 0}),
        (10, {"a": Decimal("1e-400"), "b": 0}, {"a": 10, "b": 0}),
        (0, {"a": 1}, {"a": 0}),
    ],
)
def test_a_split_gives_left_over_units_to_the_largest_remainders(
    total: int, weights: dict[str, int | Decimal], parts: dict[str, int]
) -> None:
    assert split_by_largest_remainder(total, weights) == parts


def test_remainders_are_ranked_exactly_where_floats_would_tie() -> None:
    weights = {"a": 7 * 10**15, "b": 7 * 10**15 + 1, "c": 7 * 10**15}

    assert split_by_largest_remainder(1, weights) == {"a": 0, "b": 1, "c": 0}


@pytest.mark.parametrize("weights", [{}, {"a": 0, "b": Decimal(0)}])
def test_nothing_can_be_split_where_no_weight_is_above_zero(
    weights: dict[str, int | Decimal],
) -> None:
    with pytest.raises(ValueError, match="no weight is above zero"):
        split_by_largest_remainder(100, weights)


@pytest.mark.parametrize("weight", [-1, Decimal("-0.1"), Decimal("NaN"), Decimal("Infinity")])
def test_a_weight_is_finite_and_not_negative(weight: int | Decimal) -> None:
    with pytest.raises(ValueError, match="The weight of 'a' is"):
        split_by_largest_remainder(100, {"a": weight, "b": 1})


def test_a_float_is_not_a_weight() -> None:
    weights = {"a": 0.5}

    with pytest.raises(TypeError, match="must be an int or a Decimal"):
        split_by_largest_remainder(100, weights)  # type: ignore[arg-type]  # what is tested


@given(TOTALS, WEIGHTS.filter(lambda weights: any(weights.values())))
def test_a_split_conserves_stays_near_the_ideal_and_never_favours_the_lighter(
    total: int, weights: dict[int, int | Decimal]
) -> None:
    parts = split_by_largest_remainder(total, weights)

    _check_split(total, weights, parts)


@given(TOTALS, WEIGHTS.filter(lambda weights: any(weights.values())), st.randoms())
def test_a_split_does_not_depend_on_the_order_of_its_recipients(
    total: int, weights: dict[int, int | Decimal], shuffler: random.Random
) -> None:
    shuffled = list(weights.items())
    shuffler.shuffle(shuffled)

    first = split_by_largest_remainder(total, weights)
    second = split_by_largest_remainder(total, dict(shuffled))

    assert list(first.items()) == list(second.items())


@given(TOTALS, WEIGHTS.filter(lambda weights: any(weights.values())))
def test_a_credit_is_split_as_the_charge_it_takes_back(
    total: int, weights: dict[int, int | Decimal]
) -> None:
    charge = split_by_largest_remainder(total, weights)
    credit = split_by_largest_remainder(-total, weights)

    assert credit == {key: -part for key, part in charge.items()}


def test_a_hundred_thousand_splits_conserve() -> None:
    dice = random.Random(20_261_120)
    for _ in range(100_000):
        weights = {key: dice.choice((0, 1, 3, 7, 10**6)) for key in range(dice.randint(1, 6))}
        weights[9] = 1
        total = dice.randint(-(10**6), 10**6)
        parts = split_by_largest_remainder(total, weights)
        whole = sum(weights.values())
        assert sum(parts.values()) == total
        assert all(abs(part * whole - total * weights[key]) < whole for key, part in parts.items())


def test_a_million_recipients_share_without_loss() -> None:
    weights = {key: key % 1000 for key in range(1_000_000)}

    parts = split_by_largest_remainder(10**15, weights)

    assert sum(parts.values()) == 10**15


def _check_split(total: int, weights: dict[int, int | Decimal], parts: dict[int, int]) -> None:
    assert sum(parts.values()) == total
    assert parts.keys() == weights.keys()
    whole = sum(Fraction(weight) for weight in weights.values())
    for key, part in parts.items():
        assert abs(part - total * Fraction(weights[key]) / whole) < 1
    for lighter, heavier in pairwise(sorted(parts, key=lambda key: weights[key])):
        if weights[lighter] < weights[heavier]:
            assert abs(parts[lighter]) <= abs(parts[heavier])


@pytest.mark.parametrize(
    ("cents", "dollars"),
    [
        ("123.78912", "1.2378912"),
        ("41280.000000", "412.80000000"),
        ("5", "0.05"),
        ("-2.5", "-0.025"),
        ("0", "0.00"),
        ("1e-7", "0.000000001"),
        (
            "999999999999999.123456789012345678901234567890",
            "9999999999999.99123456789012345678901234567890",
        ),
    ],
)
def test_cents_become_dollars_by_moving_the_point(cents: str, dollars: str) -> None:
    assert dollars_of_cents(cents) == dollars


def test_what_is_no_amount_of_cents_is_refused() -> None:
    with pytest.raises(BadAmount, match="has a separator"):
        dollars_of_cents("1,5")
