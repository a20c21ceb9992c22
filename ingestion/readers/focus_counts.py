"""The tokens and counters of FOCUS rows, each in the column of its own meter."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.readers.convert import Column, Texts
from ingestion.readers.distinct import decided
from ingestion.readers.focus_columns import first_of, is_virtual
from ingestion.readers.focus_meters import (
    METER_COLUMNS,
    TOKENS,
    UNKNOWN_METER,
    Named,
    Says,
    block_of,
    counted_as,
    meter_of,
    model_in,
    pieces_of,
    unit_of,
)

USAGE = "usage"
# A quantity so short, of a block no larger, is a whole number of eight bytes.
SHORT, MOST_BLOCK = r"^[0-9]{1,9}$", 10**9
# Far more than a report's line may count, so that it is refused as too many.
MOST_PIECES = 2**62

Rows = npt.NDArray[np.int64]


class _Told(NamedTuple):
    """Which meter a quantity in some unit counts, and how many pieces one of it is.

    No meter where it counts none of ours; `doubt` then says what is odd about that.
    """

    meter: str = ""
    block: int = 1
    doubt: str = ""


class _Words(NamedTuple):
    """What the words of a row say: its model and tier, and what its two quantities count."""

    model: str
    service_tier: str
    consumed: _Told
    priced: _Told


@dataclass(frozen=True, slots=True)
class Counted:
    """Columns of a report that tell what was counted, and a code per row of what is odd."""

    columns: dict[str, Column]
    doubts: npt.NDArray[np.object_]


def count_rows(texts: Texts, provider: Column) -> Counted:
    """Count what usage rows used; what cannot be told stays money without a count.

    Words repeat from row to row and are read once; quantities differ.
    """
    cells = texts.columns
    words, at = _words(texts, provider)
    counts, doubts = _counts(texts, words, at)
    codes = pa.array(at)
    models = pa.array([each.model for each in words], type=pa.string()).take(codes)
    tiers = pa.array([each.service_tier for each in words], type=pa.string()).take(codes)
    columns: dict[str, Column] = {
        **counts,
        "model": pc.if_else(pc.equal(cells["x_Model"], ""), models, cells["x_Model"]),
        "service_tier": tiers,
    }
    return Counted(columns, doubts)


def _words(texts: Texts, provider: Column) -> tuple[list[_Words], Rows]:
    """Return what each different combination of words says, and which row has which."""
    cells = texts.columns
    columns = [
        provider,
        cells["x_TokenClass"],
        cells["SkuMeter"],
        first_of(cells, *METER_COLUMNS),
        cells["ServiceName"],
        cells["ChargeDescription"],
        cells["SkuPriceDetails"],
        cells["ConsumedUnit"],
        cells["PricingUnit"],
        pc.equal(pc.utf8_lower(cells["ChargeCategory"]), USAGE),
        is_virtual(texts),
    ]
    return decided(columns, _made_out)


def _made_out(*cells: Any) -> _Words:
    """Read a row's words.

    Credits are not counted as tokens, though vendors call them so, unless the row names a
    token class.
    """
    *says, details, consumed_unit, pricing_unit, is_usage, in_credits = cells
    named = meter_of(Says(*says))
    model = named.model or _model_of(details)
    if not is_usage or (in_credits and not named.is_sure):
        return _Words(model, named.service_tier, _Told(), _Told())
    consumed, priced = _told(named, consumed_unit), _told(named, pricing_unit)
    return _Words(model, named.service_tier, consumed, priced)


def _told(named: Named, words: str) -> _Told:
    unit = unit_of(words)
    if unit is None:
        return _Told()
    meter = counted_as(named, unit)
    if meter:
        return _Told(meter, block_of(named, unit))
    return _Told(doubt=UNKNOWN_METER if unit.noun in TOKENS else "")


def _counts(
    texts: Texts, words: Sequence[_Words], at: Rows
) -> tuple[dict[str, Column], npt.NDArray[np.object_]]:
    """Count by what was consumed, else by what was priced; a column for each meter."""
    told = [*(each.consumed for each in words), *(each.priced for each in words), _Told()]
    nothing = np.full(len(at), len(told) - 1)
    consumed, priced = (texts.columns[name] for name in ("ConsumedQuantity", "PricingQuantity"))
    # A quantity that is not given counts nothing, and raises no doubt.
    first = np.where(_is_given(consumed), at, nothing)
    second = np.where(_is_given(priced), at + len(words), nothing)
    meters, blocks, doubts = (np.array(column, dtype=object) for column in zip(*told, strict=True))
    by_first, by_second = meters[first] != "", meters[second] != ""
    chosen = np.where(by_first, first, np.where(by_second, second, nothing))
    quantities = pc.if_else(pa.array(by_first), consumed, priced)
    pieces, odd = _pieces(quantities, blocks[chosen], by_first | by_second)
    unknown = np.where(doubts[first] != "", doubts[first], doubts[second])
    return _by_meter(pieces, meters[chosen]), np.where(by_first | by_second, odd, unknown)


def _is_given(quantities: Column) -> npt.NDArray[np.bool_]:
    given: npt.NDArray[np.bool_] = pc.not_equal(quantities, "").to_numpy(zero_copy_only=False)
    return given


def _pieces(
    quantities: Column, blocks: npt.NDArray[np.object_], counts: npt.NDArray[np.bool_]
) -> tuple[Rows, npt.NDArray[np.object_]]:
    """Return the pieces that quantities of blocks are, and what is odd about them."""
    is_short = np.array(pc.match_substring_regex(quantities, SHORT), dtype=np.bool_)
    is_short &= counts & (blocks <= MOST_BLOCK).astype(np.bool_)
    numbers = np.array(pc.if_else(pa.array(is_short), quantities, "0").cast(pa.int64()))
    pieces = numbers * np.where(is_short, blocks, 0).astype(np.int64)
    doubts = np.full(len(blocks), "", dtype=object)
    for row in np.flatnonzero(counts & ~is_short).tolist():
        count = pieces_of(quantities[row].as_py(), blocks[row])
        pieces[row], doubts[row] = min(count.pieces, MOST_PIECES), count.doubt
    return pieces, doubts


def _by_meter(pieces: Rows, meters: npt.NDArray[np.object_]) -> dict[str, Column]:
    counted = sorted(set(meters[pieces > 0]))
    return {meter: pa.array(np.where(meters == meter, pieces, 0)) for meter in counted}


@lru_cache(maxsize=10_000)
def _model_of(details: str) -> str:
    """Return the model that a text of SkuPriceDetails names; it is there to help, no more."""
    try:
        found = json.loads(details) if details else {}
    except ValueError:
        return ""
    return model_in(found) if isinstance(found, dict) else ""
