"""The geometry of the small drawings."""

from decimal import Decimal

from dashboard.templatetags.drawings import indent, out_of, share_of, spark_area, spark_line


def test_a_sparkline_stands_on_zero_and_reaches_the_top() -> None:
    assert spark_line([Decimal(0), Decimal(5), Decimal(10)]) == "M0.0 22.0L48.0 12.0L96.0 2.0"


def test_an_unknown_value_leaves_a_gap() -> None:
    assert spark_line([10, None, 10]) == "M0.0 2.0M96.0 2.0"
    assert spark_area([10, None, 10]) == ""


def test_equal_values_of_nothing_lie_on_the_floor() -> None:
    assert spark_line([0, 0]) == "M0.0 22.0L96.0 22.0"


def test_the_area_closes_under_the_line() -> None:
    assert spark_area([0, 10]) == "M0.0 22.0L96.0 2.0L96 24L0 24Z"


def test_a_bar_is_never_wider_than_its_track_and_never_negative() -> None:
    assert out_of(Decimal("61904.77"), Decimal(55000)) == "100.00"
    assert out_of(Decimal(-5), Decimal(100)) == "0.00"
    assert out_of(Decimal(71), Decimal(100)) == "71.00"


def test_a_bar_without_a_value_or_a_limit_is_empty() -> None:
    assert out_of(None, Decimal(100)) == "0"
    assert out_of(Decimal(5), None) == "0"
    assert out_of(Decimal(5), Decimal(0)) == "0"


def test_a_share_is_told_as_it_is_even_where_its_bar_is_full() -> None:
    assert share_of(Decimal("38.16"), Decimal(36)) == Decimal("1.06")
    assert share_of(None, Decimal(36)) is None
    assert share_of(Decimal(1), Decimal(0)) is None


def test_a_row_is_set_in_by_its_level_as_far_as_the_stylesheet_goes() -> None:
    assert [indent(level) for level in (0, 1, 6, 9)] == ["", "level-1", "level-6", "level-6"]
