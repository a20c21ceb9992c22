"""Exact amounts by the column: the pico-dollars of many texts at once.

Nearly every amount is short, and is worked out in whole numbers; the others are left to
`finops.money`, which says of each what it is.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from finops.money import PICO_DIGITS, PICO_PER_USD, pico_of_text, usd_text

# Short enough that its pico-dollars, and ten to its exponent, are whole numbers of eight bytes.
SHORT = r"^(?P<whole>[0-9]{1,6})(?:\.(?P<rest>[0-9]{1,12}))?(?:[eE]-0?(?P<down>[0-9]))?$"

Bools = npt.NDArray[np.bool_]


class Picos(NamedTuple):
    """Pico-dollars of every row, and where they are known.

    They are of eight bytes, or Python's own integers where one of them needs more.
    """

    pico: npt.NDArray[Any]
    known: Bools


def is_short(texts: pa.Array) -> Bools:
    """Test which texts are amounts that are surely sound: short, and not below zero."""
    return np.array(pc.match_substring_regex(texts, SHORT), dtype=np.bool_)


def picos_of(texts: pd.Series) -> Picos:
    """Return the amounts of a column, each different text read once; "" is not known.

    Raises BadAmount as pico_of_text does.
    """
    codes, distinct = pd.factorize(texts)
    each = np.asarray(distinct, dtype=object).tolist()
    picos = _each(each)
    known = np.array([text != "" for text in each], dtype=np.bool_)
    return Picos(picos[codes], known[codes])


def dollars_of(picos: Picos) -> npt.NDArray[np.object_]:
    """Return exact dollars as texts, None where they are not known."""
    codes, distinct = pd.factorize(picos.pico)
    texts = np.array([usd_text(int(pico)) for pico in distinct], dtype=object)[codes]
    texts[~picos.known] = None
    return texts


def _each(texts: Sequence[str]) -> npt.NDArray[Any]:
    column = pa.array(texts, type=pa.string())
    parts = pc.extract_regex(column, SHORT)
    whole, rest, down = (pc.struct_field(parts, name) for name in ("whole", "rest", "down"))
    pico = _numbers(whole) * PICO_PER_USD + _numbers(pc.utf8_rpad(rest, PICO_DIGITS, "0"))
    divisor = 10 ** _numbers(down)
    exact = pc.is_valid(parts).to_numpy(zero_copy_only=False) & (pico % divisor == 0)
    pico //= divisor
    return _with_others(pico, {at: texts[at] for at in np.flatnonzero(~exact).tolist()})


def _numbers(texts: Any) -> npt.NDArray[np.int64]:
    return np.array(pc.if_else(pc.equal(texts, ""), "0", texts).fill_null("0").cast(pa.int64()))


def _with_others(pico: npt.NDArray[np.int64], others: dict[int, str]) -> npt.NDArray[Any]:
    found = {at: pico_of_text(text) if text else 0 for at, text in others.items()}
    fits = all(abs(each) < 2**62 for each in found.values())
    values: npt.NDArray[Any] = pico if fits else pico.astype(object)
    for at, each in found.items():
        values[at] = each
    return values
