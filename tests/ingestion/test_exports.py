"""Exports: a spreadsheet opens them and runs nothing."""

from decimal import Decimal

import pytest

from ingestion.exports import csv_lines, harmless


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 1", "'+49 30 1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("-2+3", "'-2+3"),
        ("-0.25", "-0.25"),
        ("plain", "plain"),
        (Decimal("-0.25"), Decimal("-0.25")),
        (7, 7),
        (None, ""),
    ],
)
def test_a_text_that_would_be_a_formula_is_told_apart_from_a_number(
    cell: object, written: object
) -> None:
    assert harmless(cell) == written


def test_the_mark_stands_before_the_header_alone() -> None:
    assert list(csv_lines(["a", "b"], [["1", 'x "y"'], [None, "z,\n"]])) == [
        "\ufeffa,b\r\n",
        '1,"x ""y"""\r\n',
        ',"z,\n"\r\n',
    ]
