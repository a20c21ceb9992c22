"""Amounts read by the column are those that are read one by one."""

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.money import BadAmount, parse_usd, pico_of_text, usd_text
from ingestion.amounts import dollars_of, is_short, picos_of

WHOLE = st.integers(0, 10**7).map(str) | st.sampled_from(["0", "007", "999999", "999999999999999"])
REST = st.from_regex(r"(\.[0-9]{1,14})?", fullmatch=True)
EXPONENT = st.sampled_from(
    ["", "", "e-6", "E-05", "e-9", "e-10", "e-12", "e+2", "e2", "e-0", "e-00"]
)
AMOUNTS = st.builds("{}{}{}{}".format, st.sampled_from(["", "", "-", "+"]), WHOLE, REST, EXPONENT)
TEXTS = (
    AMOUNTS | st.just("") | st.sampled_from(["1,5", "$1", "NaN", "1e400", "٣", "1_0", ".5", "1."])
)


def one_by_one(text: str) -> int | None:
    return pico_of_text(text) if text else None


def is_amount(text: str) -> bool:
    try:
        pico_of_text(text or "0")
    except BadAmount:
        return False
    return True


@settings(max_examples=200)
@given(st.lists(TEXTS.filter(is_amount), max_size=30))
def test_a_column_has_the_picos_and_the_dollars_of_each_text(texts: list[str]) -> None:
    picos = picos_of(pd.Series(texts, dtype="str"))

    expected = [one_by_one(text) for text in texts]
    found = zip(picos.pico.tolist(), picos.known.tolist(), strict=True)
    assert [pico if known else None for pico, known in found] == expected
    told = [None if pico is None else usd_text(pico) for pico in expected]
    assert dollars_of(picos).tolist() == told


@settings(max_examples=200)
@given(st.lists(TEXTS, min_size=1, max_size=30))
def test_what_is_short_is_an_amount_that_a_call_may_cost(texts: list[str]) -> None:
    short = is_short(pa.array(texts, type=pa.string()))

    assert all(
        0 <= parse_usd(text) < 10**6 for text, is_it in zip(texts, short, strict=True) if is_it
    )


def test_common_amounts_are_short_and_others_are_still_exact() -> None:
    texts = [
        "0.08525",
        "12",
        "9.6e-05",
        "24e-6",
        "-0.5",
        "123456789.25",
        "1e-13",
        "0.5e-12",
        "1.5e-12",
    ]
    picos = picos_of(pd.Series(texts, dtype="str"))

    assert is_short(pa.array(texts)).tolist() == [True] * 4 + [False] * 5
    assert picos.pico.tolist() == [
        85_250_000_000,
        12 * 10**12,
        96_000_000,
        24_000_000,
        -5 * 10**11,
        123_456_789_250_000_000_000,
        0,
        0,  # half of a pico-dollar goes to the even one
        2,
    ]


def test_what_is_no_amount_is_refused() -> None:
    with pytest.raises(BadAmount, match="separator"):
        picos_of(pd.Series(["1,5"], dtype="str"))
