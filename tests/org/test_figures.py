"""Money, tokens, shares and dates as every page writes them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org.templatetags import figures


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("42118.2", "$42,118.20"),
        ("0.005", "$0.01"),
        ("0.0049", "$0.00"),
        ("-0.004", "$0.00"),
        ("-1234.5", "−$1,234.50"),
        ("123456789012345678901234567890.125", "$123,456,789,012,345,678,901,234,567,890.13"),
    ],
)
def test_full_dollars_have_cents_and_a_true_minus(amount: str, text: str) -> None:
    assert figures.usd(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [("2.500000000000", "$2.50"), ("0.0028", "$0.0028"), ("0", "$0.00"), ("1200", "$1,200.00")],
)
def test_a_price_has_all_its_digits_and_at_least_cents(amount: str, text: str) -> None:
    assert figures.price(Decimal(amount)) == text


def test_what_is_unknown_is_a_dash_and_never_zero() -> None:
    dash = "\N{EN DASH}"

    assert figures.usd(None) == dash
    assert figures.price(None) == dash
    assert figures.usd(None, "compact") == dash
    assert figures.unit_usd(None) == dash
    assert figures.tokens_short(None) == dash
    assert figures.whole(None) == dash
    assert figures.percent(None) == dash
    assert figures.day(None) == dash
    assert figures.moment(None) == dash


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.42", "$0.42"),
        ("999.994", "$999.99"),
        ("999.995", "$1,000"),
        ("9876.50", "$9,877"),
        ("9999.49", "$9,999"),
        ("9999.50", "$10.0K"),
        ("12345", "$12.3K"),
        ("128402.118", "$128K"),
        ("999499", "$999K"),
        ("999500", "$1.00M"),
        ("1940000", "$1.94M"),
        ("-142300", "−$142K"),
        ("2500000000", "$2.50B"),
        ("1234567890123456", "$1,230T"),
    ],
)
def test_a_tile_has_room_for_three_digits_and_a_letter(amount: str, text: str) -> None:
    assert figures.usd(Decimal(amount), "compact") == text


def test_a_column_shares_its_decimals_and_loses_cents_from_ten_thousand_on() -> None:
    small = [Decimal("9999.99"), None, Decimal("-1.5")]
    large = [Decimal("9999.995"), Decimal("1.5")]

    assert figures.money_places(small) == 2
    assert figures.money_places(large) == 0
    assert [figures.usd(amount, 0) for amount in large] == ["$10,000", "$2"]


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("1.23456", "$1.235"),
        ("12.3456", "$12.35"),
        ("1234.567", "$1,234.57"),
        ("0.05", "$0.05000"),
        ("0.00042", "$0.42 per 1,000"),
        ("0.0000123456", "$0.01235 per 1,000"),
        ("0.00000125", "$1.25 per 1M"),
        ("-0.00042", "−$0.42 per 1,000"),
    ],
)
def test_a_unit_cost_keeps_four_digits_without_an_exponent(amount: str, text: str) -> None:
    assert figures.unit_usd(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00K"),
        (48_211, "48.2K"),
        (1_940_000, "1.94M"),
        (7 * 10**12, "7.00T"),
    ],
)
def test_tokens_are_counted_in_thousands_millions_and_billions(count: int, text: str) -> None:
    assert figures.tokens_short(count) == text


def test_a_whole_count_parts_its_thousands() -> None:
    assert figures.whole(48_211) == "48,211"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        ("0", "0.0%"),
        ("0.987", "98.7%"),
        ("1", "100.0%"),
        ("0.0009", "<0.1%"),
        ("0.001", "0.1%"),
        ("-0.0412", "−4.1%"),
        ("12.5", "1,250.0%"),
    ],
)
def test_a_share_has_one_decimal_and_does_not_vanish(share: str, text: str) -> None:
    assert figures.percent(Decimal(share)) == text


def test_a_change_is_a_share_of_its_base_unless_the_base_is_small() -> None:
    assert figures.change_of(Decimal("-14.20"), Decimal(100)) == "14.2%"
    assert figures.change_of(Decimal(10), Decimal("49.99")) == "n/m"
    assert figures.change_of(Decimal(10), None) == "n/m"


def test_a_day_and_a_moment_are_written_out_and_the_moment_names_its_zone() -> None:
    noon = datetime(2026, 11, 21, 12, 10, tzinfo=UTC)

    assert figures.day(date(2027, 3, 4)) == "4 Mar 2027"
    assert figures.moment(noon) == "21 Nov 2026, 12:10 UTC"
    assert figures.moment(noon, "Europe/Berlin") == "21 Nov 2026, 13:10 CET"


@given(st.decimals(min_value="-1e18", max_value="1e18", places=12))
def test_full_dollars_read_back_within_half_a_cent(amount: Decimal) -> None:
    text = figures.usd(amount)

    read = Decimal(text.replace("\N{MINUS SIGN}", "-").replace("$", "").replace(",", ""))

    assert abs(read - amount) <= Decimal("0.005")


@given(st.decimals(min_value="0", max_value="1e14", places=6))
def test_a_tile_never_needs_more_than_seven_characters(amount: Decimal) -> None:
    assert len(figures.usd(amount, "compact")) <= 7
